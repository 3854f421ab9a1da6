"""How cost grows: exponents by regression on logarithms, with intervals, and their picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """Exponent b of seconds = a · size^b, with its 95% interval (Student's, least squares)."""
    found = stats.linregress(np.log(sizes), np.log(seconds))
    half = float(stats.t.isf(0.025, len(sizes) - 2)) * float(found.stderr)
    return float(found.slope), float(found.slope) - half, float(found.slope) + half


def picture(panels: Mapping[str, Mapping[str, Any]], path: Path, note: str) -> None:
    """One panel a quantity that grows, one line a way of computing; both axes logarithmic.

    Parameters
    ----------
    panels : x label -> line -> {"sizes", "seconds", "exponent"}
    """
    import matplotlib

    from gradsim_core.findings.charts import COLOURS, MARKERS

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gradsim",
                                "font.size": 9.0, "axes.spines.top": False,
                                "axes.spines.right": False}):
        columns = 2
        figure, axes = plt.subplots(-(-len(panels) // columns), columns,
                                    figsize=(10, 3.4 * -(-len(panels) // columns)),
                                    layout="constrained", squeeze=False)
        for ax in axes.flat[len(panels):]:
            ax.axis("off")
        for ax, (label, lines) in zip(axes.flat, panels.items(), strict=False):
            for at, (name, line) in enumerate(lines.items()):
                slope, low, high = line["exponent"]
                ax.loglog(line["sizes"], line["seconds"], color=COLOURS[at % len(COLOURS)],
                          marker=MARKERS[at % len(MARKERS)], linewidth=1.2, markersize=4,
                          label=f"{name}: {slope:.2f} ({low:.2f} to {high:.2f})")
            ax.set_ylim(top=ax.get_ylim()[1] * 30)  # room for the legend
            ticks = sorted({size for line in lines.values() for size in line["sizes"]})
            ax.set_xticks(ticks, [f"{size / 1e6:.1f} M" if size >= 1e5 else f"{size:,}"
                                  for size in ticks])
            ax.minorticks_off()
            ax.set_xlabel(label)
            ax.set_ylabel("CPU seconds")
            ax.legend(fontsize=7, frameon=False, title="exponent (95% interval)",
                      title_fontsize=7)
        figure.supxlabel(note, fontsize=7)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)
