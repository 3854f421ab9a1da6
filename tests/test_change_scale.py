"""The colour scale of maps of changes: from the data, from what can be trusted, and said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_studies import EUROPEAN, SIGNATURE, made_up_series, write_study
from page_cases import figures, opened_page, shown_cache

from dashboard.figures.frame import ChartText
from dashboard.figures.panel_frame import PanelRows
from dashboard.figures.panels import Panel, change_limit, goes_beyond, square_panels
from dashboard.words.changes import change_scale_words

SECOND = "feedfeedfeedfeed"
BEYOND = "(reliable languages; end colours beyond)"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder that the dashboard shows."""
    yield from shown_cache(tmp_path, monkeypatch)


def table(first: float, *others: float) -> np.ndarray:
    """A symmetric table whose pairs (0, 1), (0, 2) … change so; the others by 0.01."""
    n = len(others) + 2
    found = np.full((n, n), 0.01)
    for at, value in enumerate((first, *others), 1):
        found[0, at] = found[at, 0] = value
    np.fill_diagonal(found, 9.0)
    return found


@pytest.mark.parametrize(("largest", "limit"), [
    (0.001, 0.05), (0.05, 0.05), (0.051, 0.1), (-0.2, 0.2), (0.21, 0.25), (-1.31, 1.35), (1.99, 2),
    (2.7, 2)])
def test_the_limit_is_the_largest_change_rounded_up(largest: float, limit: float) -> None:
    assert change_limit(table(largest, 0.0)) == pytest.approx(limit)


def test_languages_that_are_not_trusted_do_not_stretch_the_scale() -> None:
    change = table(1.4, -0.9)
    change[1, 2] = change[2, 1] = -0.18
    assert change_limit(change) == pytest.approx(1.4)
    assert change_limit(change, (0,)) == pytest.approx(0.2)
    assert change_limit(change, (0, 1)) == pytest.approx(1.4), "nothing else is defined"
    change[1, 2] = change[2, 1] = np.nan
    assert change_limit(change, (0,)) == pytest.approx(1.4)
    assert change_limit(np.full((2, 2), np.nan)) == 0.05


def test_what_lies_beyond_is_known_and_said() -> None:
    change = table(0.3, np.nan)
    assert not goes_beyond([change], 0.3)
    assert goes_beyond([np.zeros((2, 2)), change], 0.25)
    assert not goes_beyond([np.full((2, 2), np.nan)], 0.05)
    assert change_scale_words(0.3, beyond=False).endswith("zero in the middle, to ±0.30")
    assert BEYOND in change_scale_words(0.3, beyond=True)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("limit", "ticks"), [
    (0.4, ["−0.40", "0", "+0.40"]), (0.2, ["≤ −0.20", "0", "≥ +0.20"])])
def test_the_legend_bears_the_limits(limit: float, ticks: list[str], dark: bool) -> None:
    names = ("a", "b", "c")
    figure = square_panels([Panel("", table(0.4, 0.1)), Panel("", table(0.1, 0.1))],
                           PanelRows(names, names, names), ChartText("T", "change", ("m",)),
                           limit=limit, word="change", dark=dark)
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-limit, limit), "one scale for both"
    assert {one.coloraxis for one in figure.data if one.type == "heatmap"} == {"coloraxis"}
    assert list(axis.colorbar.ticktext) == ticks
    assert list(axis.colorbar.tickvals) == [-limit, 0, limit]


def layers() -> None:
    from dashboard.views.layers.page import layers_page

    layers_page()


def study() -> None:
    from dashboard.views.study.page import study_page

    study_page()


def change_chart(app: Any) -> dict[str, Any]:
    (found,) = [one for one in figures(app) if '"Change from' in json.dumps(one)]
    return found


def notes(chart: dict[str, Any]) -> str:
    return " ".join(one["text"] for one in chart["layout"]["annotations"])


@pytest.mark.parametrize(("noise", "beyond"), [({}, False), ({2: 20.0}, True)])
def test_the_layers_page_scales_changes_by_what_it_trusts(cache: Path, noise: dict[int, float],
                                                          beyond: bool) -> None:
    write_study(cache, series=made_up_series([0, 1] * 4, noise=noise, codes=EUROPEAN))
    chart = change_chart(opened_page(layers, correction="noise_corrected"))
    limit = chart["layout"]["coloraxis"]["cmax"]
    assert limit < 0.5
    assert f"to ±{limit:.2f}" in notes(chart)
    assert (BEYOND in notes(chart)) == beyond
    assert chart["layout"]["coloraxis"]["colorbar"]["ticktext"][2] == (
        f"{'≥ ' * beyond}+{limit:.2f}")


def test_two_studies_are_scaled_the_same_way(cache: Path) -> None:
    write_study(cache, series=made_up_series([0, 1] * 4, codes=EUROPEAN))
    write_study(cache, signature=SECOND, name="Second", series=made_up_series(
        [0, 1] * 4, noise={2: 20.0}, codes=EUROPEAN, seed=1))
    chart = change_chart(opened_page(study, study=SIGNATURE, studying="beside", beside=SECOND[:8],
                                     correction="noise_corrected"))
    limit = chart["layout"]["coloraxis"]["cmax"]
    assert f"zero in the middle, to ±{limit:.2f} {BEYOND}" in notes(chart)
    assert "Similarity in the second minus" in notes(chart)
