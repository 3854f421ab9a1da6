"""Ways of doing the same work, in turn, beside each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Ways = Mapping[str, tuple[str, Callable[[], Any]]]
"""Way -> column (ours, usual, peer or limit), and what it does; the first is ours."""


def turns(work: str, ways: Ways, runs: int,
          errors: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Take turns, print and return a row a way."""
    print(f"\n{work}\n{'':<8}{'way':<50}{'CPU s':>9}{'/ ours':>9}")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs + 1):
        for name, (_, act) in ways.items():
            began = time.process_time()
            act()
            times[name].append(time.process_time() - began)
    base = np.array(times[next(iter(ways))][1:])
    rows = []
    for name, (column, _) in ways.items():
        seconds, ratio = float(np.median(times[name][1:])), float(
            np.median(np.array(times[name][1:]) / base))
        error = (errors or {}).get(name, "")
        print(f"{column:<8}{name:<50}{seconds:>9.3f}{ratio:>9.2f}  {error}", flush=True)
        rows.append({"work": work, "column": column, "way": name, "cpu_seconds": seconds,
                     "to_ours": ratio, "error": error})
    return rows
