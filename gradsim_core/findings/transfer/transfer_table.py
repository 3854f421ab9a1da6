"""The scores that measures are held against: which models they take, and the table they give.

Conventions
-----------
Sources are rows, targets columns, of the languages that are both and have any score. A table is of
what one language's model scores on the others (zero-shot), of what a language gains by being
trained with another one (``pairs``), or imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from gradsim_core.errors import DataError, StudyError
from gradsim_core.findings.plans import TransferSettings
from gradsim_core.findings.record import number
from gradsim_core.pair_tables import load_imported
from gradsim_core.prepared import Prepared
from gradsim_core.scores.majority import LEARNED, load_majority, majority_baseline
from gradsim_core.scores.tables import (
    Scores,
    gains_over_majority,
    mean_scores,
    off_diagonal,
    seed_agreement,
    selection,
    square,
)
from gradsim_core.scores.trained import (
    SCORED_SPLITS,
    pair_gains,
    scored_targets,
    transfer_scores,
)
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.trials import Trial, trial_of

FEWEST_LANGUAGES = 4
"""With fewer a target has no three sources to be ranked."""


def needed_trials(record: Mapping[str, Any], plan: TransferSettings) -> list[Trial]:
    """The models that a table takes: none where it is imported."""
    if plan.imported:
        return []
    study, sources = Study.model_validate(record["study"]), record["sources"]
    groups: list[tuple[str, ...]] = [(code,) for code in sources]
    if plan.pairs:
        groups += combinations(sources, 2)
    budget = plan.budget(study)
    return [trial_of(group, seed, budget) for group in groups for seed in plan.seed_numbers(study)]


def check_enough(record: Mapping[str, Any], plan: TransferSettings) -> None:
    """Refuse, before anything is trained, what could not be ranked afterwards.

    Raises
    ------
    StudyError
        If fewer than `FEWEST_LANGUAGES` languages are both trained on and scored; or the options
        contradict each other.
    """
    if plan.imported and plan.pairs:
        raise StudyError("Imported scores have no pairs of their own. Leave out --pairs, or "
                         "--imported.")
    if plan.pairs and plan.gain != "none":
        raise StudyError("--pairs are gains over the language's own model already. Leave out "
                         "--gain.")
    if not plan.imported:
        codes = [code for code in scored_targets(record, plan.split) if code in record["sources"]]
        _enough(codes, f"Study {record['signature']}", f"training rows and {plan.split} rows")


def transfer_table(store: Store, record: dict[str, Any], plan: TransferSettings) -> Scores:
    """The table that a plan asks for, of the languages that are source and target.

    Raises
    ------
    GradSimError
        If fewer than `FEWEST_LANGUAGES` languages have scores, or nothing was kept under a name.
    """
    study = Study.model_validate(record["study"])
    if plan.imported:
        found = load_imported(store, record["signature"], plan.imported)
    else:
        read = pair_gains if plan.pairs else transfer_scores
        found = read(store, record, plan.budget(study), plan.seed_numbers(study), plan.split,
                     plan.metric)
    if plan.gain == "majority":
        found = gains_over_majority(found, load_majority(store, record["signature"],
                                                         found.split or plan.split))
    found = square(found)
    present = np.isfinite(mean_scores(found)) & off_diagonal(found)
    codes = [code for code, row, column in zip(found.targets, present, present.T, strict=True)
             if row.any() or column.any()]
    _enough(codes, f"The table {plan.imported!r:.60}" if plan.imported else "The table",
            "scores as source or target")
    return selection(found, codes, codes)


def _enough(codes: list[str], whose: str, what: str) -> None:
    if len(codes) < FEWEST_LANGUAGES:
        raise DataError(f"{whose} has {len(codes)} languages with {what} "
                        f"({', '.join(codes) or 'none'}), and ranking a target's sources takes at "
                        f"least {FEWEST_LANGUAGES}. Add languages.")


def table_facts(found: Scores, record: Mapping[str, Any], plan: TransferSettings) -> dict[str, Any]:
    """What a table is, as JSON."""
    agreement = seed_agreement(found)
    kind = "imported" if plan.imported else "pairs" if plan.pairs else "transfer"
    budget = None if plan.imported else plan.budget(Study.model_validate(record["study"]))
    return {"kind": kind, "name": plan.imported or "", "metric": found.metric, "split": found.split,
            "gain_over": found.gain_over, "seeds": list(found.seeds),
            "budget": budget and {**budget.model_dump(), "examples": budget.examples},
            "origin": found.origin, "missing": found.missing,
            "agreement": {"correlation": number(agreement.correlation),
                          "reliability": number(agreement.reliability)}}


def with_caution(content: dict[str, Any], table: Scores, prepared: Prepared) -> dict[str, Any]:
    """The content, which says so first where the models had not learned the task.

    A table of gains, or of a metric or a split that the study does not know, is left as it is.
    """
    if table.gain_over or table.split not in SCORED_SPLITS:
        return content
    baseline = majority_baseline(prepared.corpus, table.split)
    own = np.diagonal(mean_scores(table))
    least = np.array([baseline.get(code, {}).get(table.metric, np.nan) for code in table.targets])
    both = np.isfinite(own) & np.isfinite(least)
    if not both.any() or own[both].mean() > least[both].mean() + LEARNED:
        return content
    said = (f"Nothing is said of transfer yet: on their own languages the models score "
            f"{100 * own[both].mean():.1f}% where the most frequent label gives "
            f"{100 * least[both].mean():.1f}%. They have not learned the task; train them longer "
            "with --steps.")
    return {**content, "verdict": said, "method": [
        said, f"Without that the verdict would be: {content['verdict']}", *content["method"]]}


def not_compared(record: Mapping[str, Any], found: Scores) -> list[dict[str, str]]:
    """The study's languages that a table lacks, each with the reason."""
    def reason(code: str) -> str:
        if code not in record["sources"]:
            return "it has no training rows"
        if found.split and not record["rows"][code].get(found.split):
            return f"it has no {found.split} rows"
        return "it has no scores"

    return [{"code": one["code"], "name": one["name"], "reason": reason(one["code"])}
            for one in record["languages"] if one["code"] not in found.targets]
