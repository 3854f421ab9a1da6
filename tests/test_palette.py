"""Colours: symmetric, readable, and never the only sign."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dashboard.figures import palette as colours


@pytest.mark.parametrize("one", [colours.LIGHT, colours.DARK])
def test_diverging_scale_recedes_evenly_towards_the_page(one: colours.Palette) -> None:
    values = [colours.luminance(colour) for _, colour in one.diverging]
    away = [abs(value - colours.luminance(one.page)) for value in values]
    middle = len(away) // 2
    assert len(away) % 2 == 1
    assert away[middle] == min(away) < 0.15
    assert all(a > b for a, b in pairwise(away[:middle + 1]))
    assert all(a < b for a, b in pairwise(away[middle:]))
    for low, high in zip(values[:middle], reversed(values[middle + 1:]), strict=True):
        assert abs(low - high) < 0.11, "equal distances from zero look equally strong"


@pytest.mark.parametrize("one", [colours.LIGHT, colours.DARK])
def test_words_can_be_read_on_the_page(one: colours.Palette) -> None:
    for colour in (one.ink, one.faint):
        pair = sorted([colours.luminance(one.page), colours.luminance(colour)])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_ninth_branch_and_later_share_a_colour() -> None:
    branches = [f"Branch {i}" for i in range(10) for _ in range(12 - i)]
    found = colours.branch_colours([*branches, None])
    assert list(found) == [*(f"Branch {i}" for i in range(8)), colours.OTHER, colours.UNKNOWN]
    assert len({letter for letter, _ in found.values()}) == 10
    assert colours.branch_label("Branch 9", found) == colours.OTHER
    assert colours.branch_label("", found) == colours.UNKNOWN
    assert colours.branch_label("Branch 3", found) == "Branch 3"


@pytest.mark.parametrize(("at", "colour"), [(0, "#000000"), (0.5, "#804000"), (1, "#FF8000"),
                                            (7, "#FF8000"), (-1, "#000000")])
def test_colour_between_two(at: float, colour: str) -> None:
    assert colours.colour_at(((0.0, "#000000"), (1.0, "#FF8000")), at) == colour
