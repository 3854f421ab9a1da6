"""A made-up study with all that can be found on one: experiment, correlation, findings, tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from made_up_correlations import made_up_measures
from made_up_experiments import NAMES, made_up_experiment, write_experiment
from made_up_findings import (
    made_up_lower_or_higher,
    made_up_topic_or_language,
    write_finding,
)
from made_up_studies import EUROPEAN, HOSTILE, SIGNATURE, made_up_series, write_study

from gradsim_core import Scores, Store, save_imported


def write_everything(root: Path, *, hostile: bool = False, preset: str = "afrisenti") -> Store:
    """Write the study into a cache folder; hostile: with names that would run or leave."""
    codes = HOSTILE if hostile else EUROPEAN
    names = dict(zip(HOSTILE, HOSTILE, strict=True)) if hostile else NAMES
    bad = HOSTILE[0] if hostile else "it has no test rows"
    store = write_study(
        root, name=HOSTILE[2] if hostile else "Made-up study", targets=("<b>target</b>",) * hostile,
        preset=preset,
        series=made_up_series([0, 1] * 3, codes=HOSTILE, invalid={HOSTILE[1]: bad})
        if hostile else None, names=names if hostile else None)
    experiment = made_up_experiment(codes, names=names, left_out=bad,
                                    title=HOSTILE[0] if hostile else "")
    write_experiment(store, {**experiment, "verdict": bad} if hostile else experiment)
    for content in (made_up_measures(codes, names=names, left_out=bad,
                                     title=HOSTILE[1] if hostile else ""),
                    made_up_lower_or_higher(codes, names=names, left_out=bad),
                    made_up_topic_or_language(codes, names=names, left_out=bad)):
        write_finding(store, content)
    table = np.full((1, len(codes), len(codes)), 0.5)
    save_imported(store, SIGNATURE, "published", Scores(
        tuple(codes), tuple(codes), "accuracy", "test", (0,), table, "made up"))
    return store
