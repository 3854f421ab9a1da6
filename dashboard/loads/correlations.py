"""Correlations as pages show them: plans, estimates, runs, tables that are kept, and reports.

Conventions
-----------
As in `data`: caches are shared, capped, and keyed on everything their content depends on. A
correlation is a finding of the kind "measures", whose content nobody may change.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.loads.data import store, written
from dashboard.loads.findings import begin_finding, finding_of
from dashboard.selection import Selection
from gradsim_core import (
    MEASURES,
    ImportedSimilarity,
    MeasuresPlan,
    Run,
    Scores,
    Store,
    estimate_transfer,
    finding_key,
    imported_measures,
    keep_similarity,
    left_out_measures,
    save_imported,
)

KIND = "measures"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of files in an archive: the same content gives the same bytes."""


def correlation_plan(selection: Selection, against: str,
                     measures: Sequence[str] = ()) -> MeasuresPlan:
    """What a new correlation asks.

    Parameters
    ----------
    against : name of imported scores; "" for the study's own transfer
    measures : to be compared; none: all
    """
    trained = {"seeds": selection.seeds, "pairs": bool(selection.pairs),
               "steps": selection.trial_steps or None, "batch_size": selection.trial_rows or None}
    return MeasuresPlan.model_validate({
        "measures": tuple(sorted(measures)), **({"imported": against} if against else trained)})


def known_measures(signature: str) -> dict[str, str]:
    """Name -> title of every measure that can be asked for, imported ones last."""
    return {**MEASURES, **{name: f"Imported: {name.partition('.')[2]}"
                           for name in imported_measures(store(), signature)}}


def correlation_estimate(signature: str, plan: MeasuresPlan) -> Mapping[str, Any]:
    """What training the scores would take now (see `estimate_transfer`)."""
    here = store()
    trained = written(here.path(signature, "trials/any").parent)
    return _estimate(str(here.root), signature, plan.model_dump_json(), trained)


def begin_correlation(signature: str, plan: MeasuresPlan) -> Run:
    """Queue a plan's run."""
    return begin_finding(signature, KIND, plan)


def correlation_run(plan: MeasuresPlan, signature: str, runs: list[Run]) -> Run | None:
    """The newest run of a plan."""
    key = finding_key(signature, KIND, plan)
    return next((run for run in runs if run.key == key), None)


def unfinished_correlation(runs: list[Run]) -> Run | None:
    """The newest correlation's run, if it ended without a result."""
    newest = next((run for run in runs if run.kind == KIND), None)
    return newest if newest and newest.state != "done" and not newest.coming else None


def save_scores(signature: str, name: str, scores: Scores) -> None:
    """Keep imported scores with a study."""
    save_imported(store(), signature, name, scores)


def kept_similarities(signature: str) -> list[str]:
    """What similarities were imported under, by name."""
    return [name.partition(".")[2] for name in imported_measures(store(), signature)]


def save_similarity(signature: str, sources: Sequence[str], found: ImportedSimilarity) -> None:
    """Keep an imported similarity with a study, as a measure of its sources."""
    keep_similarity(store(), signature, sources, found)


def brought_in_later(signature: str, plan: MeasuresPlan) -> list[str]:
    """Names of imported tables that a finished correlation does not know as they are now.

    Returns
    -------
    list of str
        Similarities that are not in it, and those, and its scores, that were replaced since.
    """
    here = store()
    content = finding_of(signature, KIND, plan.id) or {"measures": []}
    at = written(here.path(signature, f"findings/{KIND}-{plan.id}.json"))
    known = {*(one["name"] for one in content["measures"]), *left_out_measures(here, signature)}
    later = [name.partition(".")[2] for name in imported_measures(here, signature)
             if (name in plan.measures or not plan.measures) and (name not in known or written(
                 here.path(signature, f"measures/{name}.safetensors")) > at)]
    scores = plan.imported and written(
        here.path(signature, f"scores/imported-{plan.imported}.json")) > at
    return [*later, *([str(plan.imported)] if scores else [])]


def plan_in(content: Mapping[str, Any]) -> MeasuresPlan | None:
    """The plan of a finished correlation; None where it is of another version."""
    try:
        plan = MeasuresPlan.model_validate(content["plan"])
    except (KeyError, ValueError):
        return None
    return plan if plan.id == content["id"] else None


def report_zip(files: Mapping[str, str]) -> bytes:
    """Files as one archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name, _LONG_AGO), text)
    return archive.getvalue()


@st.cache_data(max_entries=64, show_spinner="Counting the models to train …")
def _estimate(root: str, signature: str, plan: str, trained: int) -> Mapping[str, Any]:
    return estimate_transfer(Store(root), signature, MeasuresPlan.model_validate_json(plan))
