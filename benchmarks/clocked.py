"""The command with clocks in it: what the pairwise part of a run takes, in CPU seconds.

Conventions
-----------
A *moment* is a step or a snapshot whose Gram matrix is taken.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gradsim_core.results import Results
from gradsim_core.study import Study

_RUN = """
import atexit, json, pathlib, sys, time
from gradsim_core import cli
from gradsim_core.gradients import tap
from gradsim_core.training import joint
spent, told = {"block_gram": 0.0, "_train": 0.0}, pathlib.Path(sys.argv.pop(1))
def clock(module, name):
    act = getattr(module, name)
    def timed(*arguments, **named):
        began = time.process_time()
        found = act(*arguments, **named)
        spent[name] += time.process_time() - began
        return found
    setattr(module, name, timed)
clock(tap, "block_gram"), clock(joint, "_train")
atexit.register(lambda: told.write_text(json.dumps(spent)))
cli.main()
"""


def clocked(arguments: Sequence[str], told: Path) -> subprocess.CompletedProcess[str]:
    """Run ``gradsim`` in a process of its own; ``told`` then holds what its clocks say."""
    return subprocess.run([sys.executable, "-c", _RUN, str(told), *arguments],
                          capture_output=True, text=True, check=False)


def pairwise_part(told: Path, results: Results, steps: int) -> tuple[float, str]:
    """What the Grams took of a run.

    Parameters
    ----------
    told : of `clocked`
    steps : of the run

    Returns
    -------
    tuple
        CPU seconds of Grams, and their share of the training in words; so too for as many seconds
        a moment and a step in a study of the default length.
    """
    from gradsim_core.training.joint import step_stride

    pairwise, training = json.loads(told.read_text()).values()
    series, usual = results.series, Study()
    moments = len(series.step_numbers) + len(series.snapshots)
    stride = step_stride(usual.steps, len(series.blocks), len(series.languages))
    usually = -(-usual.steps // stride) + usual.snapshots
    share = (pairwise / moments * usually) / (
        (training - pairwise) / steps * usual.steps + pairwise / moments * usually)
    return pairwise, (
        f"{pairwise / training:.2%} of the {training:.1f} s of CPU of {steps} steps with {moments} "
        f"Grams; {share:.2%} at the default {usual.steps} steps with {usually}")
