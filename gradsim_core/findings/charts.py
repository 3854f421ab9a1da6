"""Charts of reports: SVG as text, the same bytes for the same numbers.

Conventions
-----------
A chart has a title, units on its axes and its method in small type below. What is undefined (NaN,
or no interval) is left blank. Text stays text, to be searched and read aloud; a text that comes
from data is shown as it stands: neither a formula between dollar signs nor an element of the SVG.
Colours are those of Okabe and Ito (2008) and Crameri's "vik" and "batlow" (2018), which people with
any colour vision tell apart, on white; markers or names say the same without colour.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradsim_core.spreadsheet import plain_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = Sequence[float] | None

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#3C3D00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
VIK = ("#001261", "#033E7D", "#1E6F9D", "#71A8C4", "#C9DDE7", "#F3F1EE", "#EACEBD", "#D39774",
       "#BE6533", "#8B2706", "#590008")
BATLOW = ("#FFFFFF", "#FDEBD9", "#FAC9B1", "#E8A070", "#B58A3B", "#78792E", "#3F6A4C", "#1C5460",
          "#0F3A5F", "#011959")
INK, FAINT = "#1B1F24", "#B9BEC6"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "gradsim", "text.parse_math": False,
    "axes.unicode_minus": True, "font.family": "sans-serif", "font.size": 10.0,
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False}
_LINE = 140  # characters of small type that fit below a chart
_MOST_NAMED = 100
_SHADES = 65
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff\x00-\x08\x0b\x0c\x0e-\x1f]")

Draw = Callable[["Axes"], None]


def dots(labels: Sequence[str], values: Sequence[float | None], intervals: Sequence[Interval], *,
         title: str, unit: str, method: str, zero: bool = True) -> str:
    """A ranked list: one line a thing, a dot for its value, a bar for its interval.

    Parameters
    ----------
    labels : the first is drawn on top
    zero : whether zero is marked, and always in view
    """
    def draw(axes: Axes) -> None:
        for row, (value, interval) in enumerate(zip(_floats(values), intervals, strict=True)):
            if interval is not None:
                axes.plot(interval, [row, row], color=COLOURS[0], linewidth=1.8, alpha=0.55,
                          solid_capstyle="butt")
            axes.plot([value], [row], "o", color=COLOURS[0], markersize=6)
        if zero:
            axes.axvline(0, color=FAINT, linewidth=1, zorder=0)
        axes.set_yticks(range(len(labels)), [_shown(one, 48) for one in labels])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=FAINT, alpha=0.4, linewidth=0.6)
        axes.set_xlabel(_shown(unit))

    return _svg(draw, title, method, height=1.3 + 0.28 * len(labels))


def bands(positions: Sequence[str],
          lines: Mapping[str, tuple[Sequence[float | None], Sequence[Interval]]], *, title: str,
          unit: str, method: str, along: str = "block") -> str:
    """Lines over blocks in depth order, each with a band for its intervals.

    Parameters
    ----------
    positions : names on the horizontal axis
    lines : name -> (value at each position, interval at each)
    along : what the positions are
    """
    def draw(axes: Axes) -> None:
        at = np.arange(len(positions))
        for number, (name, (values, intervals)) in enumerate(lines.items()):
            colour = COLOURS[number % len(COLOURS)]
            low, high = np.array([(np.nan, np.nan) if one is None else one for one in intervals],
                                 dtype=float).reshape(-1, 2).T
            axes.fill_between(at, low, high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(at, _floats(values), color=colour, linewidth=1.6, markersize=5,
                      marker=MARKERS[number % len(MARKERS)], label=f" {_shown(name, 48)}")
        axes.axhline(0, color=FAINT, linewidth=1, zorder=0)
        axes.set_xticks(at, [_shown(one, 20) for one in positions],
                        rotation=45 if len(positions) > 8 else 0,
                        ha="right" if len(positions) > 8 else "center")
        axes.grid(axis="y", color=FAINT, alpha=0.4, linewidth=0.6)
        axes.set_ylabel(_shown(unit))
        axes.set_xlabel(_shown(along))
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))

    return _svg(draw, title, method, height=3.9)


def heatmap(matrix: Sequence[Sequence[float | None]], rows: Sequence[str],
            columns: Sequence[str], *, title: str, unit: str, method: str,
            across: tuple[str, str] = ("", ""), diverging: bool = False) -> str:
    """A matrix in the order given; missing cells are grey.

    Parameters
    ----------
    across : what rows and what columns are
    diverging : whether zero is the middle of the scale
    """
    def draw(axes: Axes) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        cells = np.array([_floats(row) for row in matrix]).reshape(len(rows), len(columns))
        finite = cells[np.isfinite(cells)]
        top = float(np.abs(finite).max()) if finite.size else 1.0
        low, high = (-top, top) if diverging else (
            (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0))
        scale = LinearSegmentedColormap.from_list(
            "scale", VIK if diverging else BATLOW, N=_SHADES).with_extremes(bad="#D8DADF")
        image = axes.pcolormesh(np.ma.masked_invalid(cells), cmap=scale, vmin=low, vmax=high,
                                edgecolors="white", linewidth=0.4)
        axes.set_aspect("equal")
        axes.invert_yaxis()
        for names, ticks, turned in ((columns, axes.set_xticks, 90), (rows, axes.set_yticks, 0)):
            if len(names) <= _MOST_NAMED:
                ticks(np.arange(len(names)) + 0.5, [_shown(one, 24) for one in names],
                      rotation=turned, fontsize=min(9, max(4, 300 / len(names))))
        axes.tick_params(length=0)
        axes.set_ylabel(_shown(across[0]))
        axes.set_xlabel(_shown(across[1]))
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, label=_shown(unit))
        bar.outline.set_visible(False)
        if bar.solids is not None:
            bar.solids.set(rasterized=False, edgecolor="face")  # no picture inside the SVG

    return _svg(draw, title, method, height=min(9.0, 2.6 + 0.24 * len(rows)))


def scatter(x: Sequence[float | None], y: Sequence[float | None], groups: Sequence[str], *,
            title: str, units: tuple[str, str], method: str,
            labels: Mapping[int, str] | None = None) -> str:
    """Points with a colour and a marker for each group.

    Parameters
    ----------
    groups : of each point; the rarest share one colour where there are many
    units : of the horizontal and of the vertical axis
    labels : position of a point -> what stands beside it
    """
    def draw(axes: Axes) -> None:
        across, up = _floats(x), _floats(y)
        shown = _largest(groups, len(COLOURS))
        for number, name in enumerate(dict.fromkeys(shown)):
            mine = np.array([one == name for one in shown], dtype=bool)
            axes.plot(across[mine], up[mine], MARKERS[number % len(MARKERS)], markersize=5,
                      alpha=0.75, color=COLOURS[number % len(COLOURS)], markeredgewidth=0,
                      label=f" {_shown(name, 30)}")  # a leading "_" would hide it
        for at, text in (labels or {}).items():
            if np.isfinite(across[at]) and np.isfinite(up[at]):
                axes.annotate(_shown(text, 30), (across[at], up[at]), xytext=(4, 4),
                              textcoords="offset points", fontsize=8)
        axes.grid(color=FAINT, alpha=0.4, linewidth=0.6)
        axes.set_xlabel(_shown(units[0]))
        axes.set_ylabel(_shown(units[1]))
        if len(set(shown)) > 1:
            axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))

    return _svg(draw, title, method, height=4.6)


def _largest(groups: Sequence[str], most: int) -> list[str]:
    """The groups, the rarest of them called "other" where there are more than colours."""
    if len(set(groups)) <= most:
        return list(groups)
    ranked = sorted(set(groups), key=lambda one: (-list(groups).count(one), one))
    return [one if one in ranked[:most - 1] else "other" for one in groups]


def _shown(text: str, longest: int = 120) -> str:
    """A text as it may stand in XML: on one line, without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", plain_text(text, longest))


def _floats(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _svg(draw: Draw, title: str, method: str, height: float, width: float = 7.6) -> str:
    """The SVG of one pair of axes with its title above and its method below."""
    with _styled():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        figure.suptitle("\n".join(textwrap.wrap(_shown(title), 70)), x=0.01, ha="left",
                        fontsize=12, fontweight="bold")
        lines = textwrap.wrap(_shown(method, 600), _LINE)
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color="#565C66")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


@contextmanager
def _styled() -> Iterator[Any]:
    """Our style for one figure; a sign that a font lacks is for the reader's fonts to show."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        yield
