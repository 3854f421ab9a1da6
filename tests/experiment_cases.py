"""Finished studies whose Grams we chose, and a stand-in for training whose scores we chose.

The corpus is real enough to be prepared and recorded; the similarity is that of `made_up_series`;
a trial's scores are a function of its languages, so every number of an experiment on top of them
can be worked out by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from engine_cases import LABELS
from joint_cases import ONE
from made_up_studies import EUROPEAN, made_up_series

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.experiments.plans import Plan
from gradsim_core.experiments.record import run_experiment
from gradsim_core.languages.resolving import resolve_or_own
from gradsim_core.prepared import RECORD, Prepared, study_record
from gradsim_core.results import SCORES, Results, load_results, save_grams
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from
from gradsim_core.training import trial as trial_module
from gradsim_core.trials import Trial

ROWS = {"train": 8, "dev": 3, "test": 4}
METRIC = "weighted_f1"

CLUSTERS = [0, 1, 0, 1]  # deu, spa, nld, ita
NEAR = {frozenset(("deu", "nld")): 0.2, frozenset(("ita", "spa")): 0.1}
PAIRS = [["deu", "nld"], ["ita", "spa"]]
ALL = ("gradient", "monolingual", "all_languages", "family", "random", "hand", "oracle")

Score = Callable[[Trial, str, str], float]
"""Trial, split, language -> fraction."""


def quiet(_event: dict[str, Any]) -> None:
    """An observer that does not care."""


def chosen_prepared(codes: Sequence[str], empty: Collection[tuple[str, str]] = (),
                    **settings: Any) -> Prepared:
    """A study on a made-up corpus; `empty` names (code, split) without rows."""
    def split(code: str, name: str) -> Split:
        n_rows = 0 if (code, name) in empty else ROWS[name]
        return Split(tuple(f"{code} {name} {i}" for i in range(n_rows)),
                     tuple(LABELS[i % 3] for i in range(n_rows)))

    corpus = Corpus("sequence", METRIC, LABELS, {code: resolve_or_own(code) for code in codes},
                    {code: {name: split(code, name) for name in ROWS} for code in codes}, "made up")
    study = study_from({"preset": "afrisenti", "steps": 5, "batch_size": 4, "snapshots": 4,
                        "max_length": 32, **settings})
    return Prepared(study, corpus, ONE, "0" * 64)


@dataclass
class Trainer:
    """What stands in for training: it writes scores that were chosen, and remembers the calls."""

    score: Score
    trained: list[Trial] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    dies_at: int | None = None

    def __call__(self, prepared: Prepared, texts: object, store: Store, trial: Trial,
                 observe: object, threads: int) -> dict[str, Any]:
        if len(self.trained) == self.dies_at:
            raise KeyboardInterrupt
        self.trained.append(trial)
        self.threads.append(threads)
        content = {"metric": METRIC, "facts": self.facts(trial), "scores": {
            split: {code: {METRIC: self.score(trial, split, code)}
                    for code in prepared.corpus.languages
                    if len(prepared.corpus.split(code, split))} for split in ("dev", "test")}}
        store.write_json(prepared.signature, trial.entry, content)
        return content

    def facts(self, trial: Trial) -> dict[str, Any]:
        examples = trial.budget.examples * len(trial.languages)
        return {"languages": list(trial.languages), "seed": trial.seed, "examples": examples,
                "steps": trial.budget.steps, "train_seconds": 0.5 * examples,
                "seconds": 0.5 * examples + 3.0}

    @property
    def groups(self) -> list[tuple[str, ...]]:
        return [trial.languages for trial in self.trained]


def stand_in(monkeypatch: pytest.MonkeyPatch, score: Score) -> Trainer:
    """Put a `Trainer` in the place of training, in this process."""
    trainer = Trainer(score)
    monkeypatch.setattr(trial_module, "run_trial", trainer)
    monkeypatch.setattr(trial_module, "study_texts", lambda prepared: None)
    return trainer


def likeness(near: Mapping[frozenset[str], float], alone: float = 0.4) -> Score:
    """Scores that rise by what each other language of the trial gives; seeds differ a little."""
    def score(trial: Trial, split: str, code: str) -> float:
        gain = sum(near.get(frozenset((code, other)), 0.0) for other in trial.languages
                   if other != code)
        known = alone if code in trial.languages else alone / 2
        return known + gain + 0.01 * trial.seed + 0.001 * (split == "dev")

    return score


def finished_study(store: Store, clusters: Sequence[int], *,
                   empty: Collection[tuple[str, str]] = (),
                   invalid: Mapping[str, str] | None = None, joint: float = 0.3,
                   targets: Sequence[str] = (), **settings: Any) -> Prepared:
    """Write a finished study; languages of one cluster have similar gradients."""
    sources = EUROPEAN[:len(clusters)]
    prepared = chosen_prepared((*sources, *targets), {*empty, *((one, "train") for one in targets)},
                               **settings)
    store.write_json(ONE, RECORD, study_record(prepared))
    save_grams(store, ONE, made_up_series(clusters, codes=sources, invalid=invalid),
               {"train_seconds": 40.0, "mode": "exact"})
    scores = {split: {code: {METRIC: joint} for code in prepared.corpus.languages
                      if len(prepared.corpus.split(code, split))} for split in ("dev", "test")}
    store.write_json(ONE, SCORES, {"metric": METRIC, "scores": scores})
    return prepared


def disagreeing(trial: Trial, split: str, code: str) -> float:
    """Dev says three groups, test says one."""
    size = len(trial.languages)
    return 0.9 - 0.1 * size if split == "dev" else 0.1 * size


def results_of(store: Store) -> Results:
    """Of the study that `finished_study` wrote."""
    return load_results(store, ONE)


def plan_of(*strategies: str, **settings: Any) -> Plan:
    """A plan read without corrections, with few draws."""
    return Plan.model_validate({"strategies": strategies or ("gradient",), "draws": 4, "seeds": 2,
                                **settings})


def carried_out(prepared: Prepared, store: Store, plan: Plan, observe: Any = quiet,
                **settings: Any) -> dict[str, Any]:
    """What a plan gave, carried out in this process."""
    return run_experiment(prepared, store, plan, observe, **{"workers": 1, **settings})


def by_name(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The strategies of an experiment's content."""
    return {one["name"]: one for one in content["strategies"]}
