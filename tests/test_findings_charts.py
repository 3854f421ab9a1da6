"""Charts of reports: the numbers in their places, the same bytes, and texts that stay texts."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from made_up_studies import HOSTILE

from gradsim_core.findings.charts import bands, dots, heatmap, scatter

SVG = "{http://www.w3.org/2000/svg}"
WORDS = {"title": "A title", "unit": "points", "method": "How it was made."}
NAMES = (*HOSTILE, "_hidden", "a & b --> ]]>", "x\x0b\x00y", "half \ud800 pair", "አማርኛ")
VALUES = tuple(0.5 - 0.1 * at for at in range(len(NAMES)))

CHARTS: dict[str, Callable[[tuple[str, ...]], str]] = {
    "dots": lambda names: dots(names, VALUES[:len(names)], [(0.0, 1.0)] * len(names), **WORDS),
    "bands": lambda names: bands(names, {name: (VALUES[:len(names)], [(-1.0, 1.0)] * len(names))
                                         for name in names}, **WORDS),
    "heatmap": lambda names: heatmap(np.outer(range(len(names)), VALUES[:len(names)]), names, names,
                                     across=(names[0], names[-1]), **WORDS),
    "scatter": lambda names: scatter(VALUES[:len(names)], VALUES[:len(names)], names,
                                     title="A title", units=(names[0], names[-1]),
                                     method="How it was made.", labels={0: names[0]})}


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", CHARTS)
def test_title_unit_and_method_are_text(kind: str) -> None:
    shown = " ".join(texts(CHARTS[kind](("one", "two", "three"))))
    assert "A title" in shown
    assert "How it was made." in shown
    assert ("points" in shown) == (kind != "scatter"), "a scatter has units of its own"
    assert all(name in shown for name in ("one", "three"))


@pytest.mark.parametrize("kind", CHARTS)
def test_the_same_numbers_give_the_same_bytes(kind: str) -> None:
    found = CHARTS[kind](("one", "two", "three"))
    assert CHARTS[kind](("one", "two", "three")) == found
    assert not re.search(r"20\d\d-\d\d-\d\d", found), "no date"


@pytest.mark.parametrize("kind", CHARTS)
def test_hostile_names_are_shown_and_do_nothing(kind: str) -> None:
    found = CHARTS[kind](NAMES)
    root = ET.fromstring(found)  # well-formed, whatever the names hold
    tags = {one.tag.removeprefix(SVG) for one in root.iter() if one.tag.startswith(SVG)}
    assert not tags & {"a", "script", "image", "foreignObject", "img"}
    links = [value for one in root.iter() for name, value in one.attrib.items()
             if name.endswith(("href", "src")) and not value.startswith("#")]
    assert links == []
    shown = " ".join(texts(found))
    assert "_hidden" in shown, "no legend leaves it out"
    assert "**bold** :red[x] $x^2$" in shown, "no formula"


def test_dollars_make_no_formula() -> None:
    assert "$x^2$ and $y$" in texts(dots(["$x^2$ and $y$"], [1.0], [None], **WORDS))


def test_the_first_label_is_on_top_and_dots_lie_at_their_values() -> None:
    found = ET.fromstring(dots(["first", "second"], [0.0, 10.0], [None, None], **WORDS))
    height = {"".join(one.itertext()): float(one.attrib["y"])
              for one in found.iter(f"{SVG}text") if "y" in one.attrib}
    assert height["first"] < height["second"]
    marks = [float(one.attrib["x"]) for one in found.iter(f"{SVG}use")
             if "#0072b2" in one.attrib.get("style", "")]
    assert len(marks) == 2
    assert marks[0] < marks[1]


@pytest.mark.parametrize("draw", [
    partial(dots, ["a", "b"], [None, float("nan")], [None, None]),
    partial(bands, ["x"], {"a": ([None], [None])}),
    partial(heatmap, [[None, None], [None, None]], ["a", "b"], ["a", "b"], diverging=True)])
def test_what_is_undefined_is_left_blank(draw: Callable[..., str]) -> None:
    shown = texts(draw(**WORDS))
    assert "A title" in shown
    assert not [text for text in shown if "nan" in text.lower()]


def test_many_groups_share_a_colour_after_the_most_frequent() -> None:
    groups = [f"g{at}" for at in range(12) for _ in range(12 - at)]
    values = list(range(len(groups)))
    shown = texts(scatter(values, values, groups, title="", units=("", ""), method=""))
    assert [text.strip() for text in shown if text.strip() in {*groups, "other"}] == [
        *(f"g{at}" for at in range(7)), "other"]


def test_names_of_many_languages_are_left_out_of_a_heatmap() -> None:
    names = [f"name{at}" for at in range(101)]
    assert not [text for text in texts(heatmap(np.eye(101), names, names, **WORDS))
                if text.startswith("name")]


def test_matplotlib_is_loaded_only_to_draw() -> None:
    code = ("import sys, gradsim_core.findings.report as report, gradsim_core.findings.charts\n"
            "assert 'matplotlib' not in sys.modules\n"
            "gradsim_core.findings.charts.dots(['a'], [1], [None], title='', unit='', method='')\n"
            "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True,
                          check=False).stderr == b""
