"""What a click leaves as it is: pictures are made once, and what is marked lies over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from made_up_studies import made_up_series, write_study
from page_cases import cache as cache  # noqa: PLC0414 - a fixture
from page_cases import charts, opened_page

from dashboard.loads.drawn import drawn


@dataclass(frozen=True)
class Line:
    name: str
    values: np.ndarray


class Pen:
    """A figure of a line, and how often it was drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, *lines: Line, names: Any = None) -> go.Figure:
        self.drawn += 1
        return go.Figure([{"y": line.values.tolist(), "name": line.name} for line in lines])


def test_equal_content_is_drawn_once_and_any_other_anew() -> None:
    pen = Pen()
    line = Line("a", np.arange(3.0))
    first = drawn(pen.draw, line)
    assert drawn(pen.draw, Line("a", np.arange(3.0))) == first
    assert pen.drawn == 1
    others = [Line("b", np.arange(3.0)), Line("a", np.arange(3.0) + 1e-12),
              Line("a", np.arange(3)), Line("a", np.arange(3.0)[None])]
    for n, other in enumerate(others, start=2):
        drawn(pen.draw, other)
        assert pen.drawn == n
    drawn(pen.draw, line, line)
    drawn(pen.draw, line, names=["a"])
    assert pen.drawn == len(others) + 3


def test_tables_that_nobody_can_change_go_by_which_they_are() -> None:
    pen, line = Pen(), Line("a", np.zeros(1))
    table = MappingProxyType({"a": 1})
    drawn(pen.draw, line, names=table)
    drawn(pen.draw, line, names=table)
    assert pen.drawn == 1
    seen = set()
    for n in range(50):  # a table that is gone would leave its place to the next one
        table = MappingProxyType({"a": n})
        drawn(pen.draw, line, names=table)
        seen.add(id(table))
    assert len(seen) == 50
    assert pen.drawn == 51


def similarity() -> None:
    from dashboard.views.similarity.page import similarity_page
    similarity_page()


def layers() -> None:
    from dashboard.views.layers.page import layers_page
    layers_page()


def groups() -> None:
    from dashboard.views.groups.page import groups_page
    groups_page()




@pytest.mark.parametrize(("page", "n_standing"), [(similarity, 3), (layers, 2), (groups, 1)])
def test_marks_are_no_part_of_the_pictures_of_a_page(page: Any, n_standing: int,
                                                     cache: Path) -> None:
    """Heatmaps and maps are the same text whatever is marked; so a browser draws marks alone."""
    write_study(cache, series=made_up_series([0, 1] * 4))
    found = []
    for chosen in ("deu", "fra,spa"):
        app = opened_page(page, chosen=chosen, correction="raw", arrangement="mds")
        found.append([chart for chart in charts(app)
                      if any(trace["type"] == "heatmap" for trace in chart["figure"]["data"])
                      or "Map" in chart["alt"]])
    first, second = found
    assert len(first) == len(second) >= n_standing
    for one, other in zip(first, second, strict=True):
        assert one["figure"] == other["figure"]
        if one["picks"] or page is groups:
            assert one["over"]["shapes"] != other["over"]["shapes"]
            assert one["over"]["shapes"]
