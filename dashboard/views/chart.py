"""How every chart stands on a page: the picture, its file, its table, and what a click picks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from dashboard.browser.component import standing_chart
from dashboard.escaping import plain_text
from dashboard.figures.overlay import NOTHING, Overlay
from dashboard.selection import PICTURES, Selection
from dashboard.state import bound, current_selection, select
from dashboard.views.folds import fold
from gradsim_core import csv_text

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

PNG_SCALE = 300 / 96
"""A browser counts 96 pixels an inch: so a PNG has 300 dots an inch at the size it is shown."""

MOST_DECIMALS = 4

_AHEAD_S = 0.06
"""From the server's last word of a chart until a browser has begun to draw it."""

_SIGNATURE = r"gradsim-|[0-9a-f]{8}-"

Table = Mapping[str, Sequence[Any]]


def is_dark() -> bool:
    """Whether the reader's page is dark."""
    return st.context.theme.type == "dark"


def show_chart(figure: Any, name: str, selection: Selection, alt: str, *, over: Overlay = NOTHING,
               table: Table | Callable[[], Table] | None = None,
               picking: Mapping[str, tuple[str, ...]] | None = None,
               turning: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Show a figure with a camera button that gives the chosen file type.

    Parameters
    ----------
    figure : plotly's, or its JSON as `drawn` gives it
    name : of the file, without its ending
    alt : what the figure shows, for readers who cannot see it; plain text
    over : what lies over the figure
    table : the figure's numbers as columns, to be opened below it and taken away as CSV; a
        function where there are many: it is called once the table is opened
    picking : the ``customdata`` of a point -> codes of the languages that a click on it marks
        everywhere; points without such an entry pick nothing
    turning : instead, the ``customdata`` of a point -> what a click on it changes in the selection
    """
    config = {
        "displaylogo": False, "displayModeBar": True, "showSendToCloud": False,
        "modeBarButtonsToRemove": ["autoScale2d", "sendChartToCloud",
                                   *([] if picking else ["select2d", "lasso2d"])],
        "toImageButtonOptions": {"format": selection.picture, "filename": name, "scale": (
            PNG_SCALE if selection.picture == "png" else 1)}}
    told = None
    if turning:
        told = partial(_turn, turning=turning)
    elif picking is not None:
        told = partial(_pick, picking=picking)
    made = figure if isinstance(figure, str) else figure.to_json(validate=False)
    standing_chart(made, over, f"chart.{name}", alt, config, told)
    if callable(table):
        with _table_fold(name) as folded:
            if folded.open:
                _table(table(), name)
    elif table is not None:
        show_table(table, name)


def drawn_first(since: float) -> None:
    """Let the browser draw what was sent at a `time.monotonic` before the rest arrives.

    It draws in one go what arrives together: two panels of 100 languages stood after 425 ms with
    the whole page, after 227 ms alone, and the page was done 20 ms later than before.
    """
    time.sleep(max(0.0, since + _AHEAD_S - time.monotonic()))


def show_table(table: Table, name: str) -> None:
    """A chart's numbers, folded away, with a button that gives them as CSV."""
    with _table_fold(name):
        _table(table, name)


def _table_fold(name: str) -> ExpanderContainer:
    """A fold that goes by the file's name without what is the same all over a page."""
    return fold("Table", f"table-{re.sub(_SIGNATURE, '', name)}")


def _table(table: Table, name: str) -> None:
    n_rows = len(next(iter(table.values()), ()))
    st.dataframe({key: [plain_text(value, 120) if isinstance(value, str) else value
                        for value in values] for key, values in table.items()},
                 hide_index=True, height=table_height(n_rows), column_config=even_decimals(table))
    st.download_button("Table as CSV", csv_text([list(table), *zip(*table.values(),
                                                                   strict=True)]),
                       f"{name}.csv", "text/csv", on_click="ignore", key=f"csv.{name}",
                       help="UTF-8, one header line; opens in any spreadsheet.")


def even_decimals(table: Table) -> dict[str, Any]:
    """Settings under which the numbers of each column have equally many decimals."""
    longest = {key: max((len(repr(float(one)).partition(".")[2]) for one in values
                         if isinstance(one, float)), default=0) for key, values in table.items()}
    return {key: st.column_config.NumberColumn(format=f"%.{min(n, MOST_DECIMALS)}f")
            for key, n in longest.items() if n}


def _turn(words: Sequence[str], turning: Mapping[str, Mapping[str, Any]]) -> None:
    """Change the selection as the point says that was clicked; one without words says nothing."""
    for word in words:
        if word in turning:
            select(**turning[word])


def _pick(words: Sequence[str], picking: Mapping[str, tuple[str, ...]]) -> None:
    """Mark the languages of the points that were clicked; none where just these are marked."""
    codes = tuple(dict.fromkeys(code for word in words for code in picking.get(word, ())))
    if codes or not words:
        select(chosen=() if codes == current_selection().chosen else codes)


def table_height(n_rows: int) -> Literal["content", "auto"]:
    """All rows of a short table, some of a long one, which scrolls."""
    return "content" if n_rows <= 16 else "auto"


def choose_picture(selection: Selection) -> None:
    """Let the reader choose what the camera button gives."""
    st.segmented_control(
        "Camera button saves", PICTURES, required=True,
        format_func={"svg": "SVG", "png": "PNG, 300 dpi"}.__getitem__,
        help="The camera stands at the top right of the chart.", label_visibility="collapsed",
        **bound("picture", selection.picture))
