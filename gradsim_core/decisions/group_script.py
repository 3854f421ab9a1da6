"""A decision as a Python script that trains one model for each of its groups.

Conventions
-----------
The script is complete: it reads the very rows that the groups were measured on (through GradSim, so
that splits, labels and spellings of languages are the same), trains with `datasets` and
`transformers`, and saves a folder a group with a table of which language goes to which model.

What comes from the decision stands in the script as literals and nowhere else: no name, path or
label can become code, whatever it holds. Two decisions of one task give scripts whose syntax trees
differ in these literals alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from pprint import pformat
from typing import Any

from gradsim_core.decisions.kept_groupings import serving_groups
from gradsim_core.decisions.script_parts import ADAPTERS, BYTE_MODEL, SCRIPT, SEQUENCE, TOKEN
from gradsim_core.errors import GradSimError, GroupingError
from gradsim_core.fingerprints import ADAPTER_CONFIG, TINY_BYTES
from gradsim_core.study import LORA_LEARNING_RATE
from gradsim_core.study_text import study_from

DEFAULT_MODEL = "FacebookAI/xlm-roberta-base"
"""Taken where the study's own model cannot be loaded by others: a hundred languages, and small."""

DATA_SETTINGS = ("preset", "data", "hub", "hub_config", "hub_revision", "columns", "languages",
                 "task", "rows", "score_rows", "lowercase", "by_topic", "topics", "seed")
"""Settings of a study that say which rows there are."""


def training_script(decision: Mapping[str, Any], model: str | None = None) -> str:
    """Write the script.

    Parameters
    ----------
    decision : as `load_decision` or `decide` gives it
    model : hub id or folder of an encoder; left out: the study's, or DEFAULT_MODEL where that is
        the built-in byte model

    Returns
    -------
    str
        Python source, ending in a newline.

    Raises
    ------
    GroupingError
        If the decision does not say what was asked, has no groups, or holds languages that
        joined later.
    """
    try:
        record = decision["study"]
        asked = study_from(dict(record["study"]), where="The decision's study")
        task, metric = str(record["task"]), str(record["metric"])
        labels = [str(label) for label in record["labels"]]
        groups = [{"name": str(group["name"]),
                   "languages": [str(one["code"]) for one in group["languages"]]}
                  for group in decision["groups"]]
        names = {str(one["code"]): str(one["name"])
                 for group in decision["groups"] for one in group["languages"]}
        served = {str(code): int(at) for code, at in serving_groups(decision).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GroupingError("No script can be written: the decision lacks something of its study "
                            f"or groups ({str(error)[:80]}). Export it again.") from None
    except GradSimError as error:
        raise GroupingError(f"No script can be written. {error}"[:400]) from None
    if decision.get("joined"):
        raise GroupingError("No script can be written with languages that joined later: their rows "
                            "are not in the study's data. Export the decision without --joined, or "
                            "run the study anew with them.")
    if not groups or task not in ("sequence", "token"):
        raise GroupingError(f"No script can be written for a decision with {len(groups)} groups "
                            f"and the task {task[:40]!r}. Export it again.")
    if (Path(os.path.expanduser(model or asked.model)) / ADAPTER_CONFIG).is_file():
        raise GroupingError(f"No script can be written for {(model or asked.model)[:120]!r}, a "
                            "saved adapter. Merge it into its model, and name that with --model.")
    own = asked.model != TINY_BYTES or model is not None
    values = asked.model_dump(mode="json", include=set(DATA_SETTINGS), exclude_defaults=True)
    settings: dict[str, Any] = {
        "DATA": values or {"preset": "builtin"},
        "LABELS": labels,
        "METRIC": metric,
        "GROUPS": groups,
        "SERVED_BY": served,
        "LANGUAGES": names,
        "MODEL": (model or asked.model) if own else DEFAULT_MODEL,
        "MODEL_REVISION": asked.model_revision if model is None and own else None,
        "MAX_LENGTH": asked.max_length,
        "LEARNING_RATE": asked.peak_learning_rate if asked.model != TINY_BYTES else (
            LORA_LEARNING_RATE if asked.lora_rank else 2e-5),
        "WEIGHT_DECAY": asked.weight_decay,
        "SEED": asked.seed,
    }
    if asked.lora_rank:
        settings["LORA_RANK"] = asked.lora_rank
    parts = {**(SEQUENCE if task == "sequence" else TOKEN), "BYTE_MODEL": "" if own else BYTE_MODEL,
             **(ADAPTERS if asked.lora_rank else dict.fromkeys(ADAPTERS, ""))}
    text = SCRIPT
    for name, part in parts.items():
        text = text.replace(f"# <<{name}>>\n", part)
    before, *rest = text.split("# <<")
    written = [before]
    for piece in rest:  # one pass: what a value holds is never looked at again
        name, _, after = piece.partition(">>\n")
        written.append(f"{name} = {_literal(settings[name])}\n{after}")
    return "".join(written)


def _literal(value: Any) -> str:
    """A value as Python writes it, over several lines where it is long."""
    _check(value)
    return pformat(value, width=96, sort_dicts=False)


def _check(value: Any) -> None:
    """Only what Python writes as literals gets in."""
    if isinstance(value, dict):
        for key, one in value.items():
            _check(key)
            _check(one)
    elif isinstance(value, list):
        for one in value:
            _check(one)
    elif not (value is None or type(value) in (str, int, bool)
              or (type(value) is float and math.isfinite(value))):
        raise GroupingError(f"No script can be written with the value {str(value)[:60]!r}. "
                            "Export the decision again.")
