"""Similarities of lower and of higher layers, for the tests of what is drawn of them."""

from __future__ import annotations

from made_up_studies import made_up_series

from dashboard.figures.frame import ChartText
from gradsim_core import similarity

TEXT = ChartText("Title", "scale", ("first line", "second line"))
SERIES = made_up_series([0, 1] * 4)
LOWER, HIGHER = similarity(SERIES, "lower"), similarity(SERIES, "higher")
