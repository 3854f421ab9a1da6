"""The equal-budget experiment: train every strategy's groups, score them, say whether they help.

Every language contributes the same number of its own examples under every strategy, with the same
seeds; so all strategies see the same data, and differ only in who is trained with whom. Strategies
that share a group share its trial, and the joint run is the trial of all languages.

Choices (K among several) are made on dev, the report is on test. The one strategy that looks at
test scores, ``oracle``, is marked so: it groups by what each language's own model scores on the
others, which nobody knows beforehand, and which need not be what training together gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradsim_core.errors import StudyError
from gradsim_core.execution import run_trials
from gradsim_core.experiments.candidate import Candidate
from gradsim_core.experiments.candidates import (
    comparison_groups,
    gradient_options,
    known_candidates,
    random_groups,
    similarity_of,
    sizes_served,
)
from gradsim_core.experiments.matrix_groups import groups_from_matrix
from gradsim_core.experiments.plans import EVERY_MEASURE, Plan, is_measure
from gradsim_core.measures import Measure
from gradsim_core.measuring.measured import study_measures
from gradsim_core.prepared import Prepared
from gradsim_core.progress import Observer
from gradsim_core.results import Results, load_results
from gradsim_core.storage.store import Store
from gradsim_core.trials import Trial, load_trial, trial_of


class Experiment:
    """A plan being carried out on a study.

    Attributes
    ----------
    results : of the joint run
    budget : what every language gives
    seeds : of the trials
    metric : the study's
    codes : of the languages that are grouped
    """

    def __init__(self, prepared: Prepared, store: Store, plan: Plan, observe: Observer, *,
                 workers: int | None = None, threads: int | None = None) -> None:
        self._prepared, self._store, self._plan, self._observe = prepared, store, plan, observe
        self._workers, self._threads = workers, threads
        self.results = load_results(store, prepared.signature)
        self.budget = plan.budget(prepared.study)
        self.seeds = plan.seed_numbers(prepared.study)
        self.metric = self.results.record["metric"]
        _, self.codes = similarity_of(self.results, plan)
        self._contents: dict[Trial, dict[str, Any]] = {}
        self._measures: dict[str, Measure] = {}
        if wanted := measures_of(plan):
            names = None if EVERY_MEASURE in wanted else wanted
            self._measures = study_measures(prepared, store, names, observe)

    def candidates(self) -> dict[str, list[Candidate]]:
        """The groups of every strategy, all of them trained; `random` has one a draw."""
        options = gradient_options(self.results, self._plan)
        expected = self._expected(options)  # whatever cannot be grouped is told before training
        if len(options) > 1:
            best = self._best_on_dev(options, expected)
            options = [best, *(one for one in options if one is not best)]
            expected = self._expected(options)
        found = known_candidates(self.results, self._plan, options[0] if options else None,
                                 self._measures)
        asked = [one for several in found.values() for one in several]
        k = len(next(iter(found.values()))[0].groups)
        if "oracle" in self._plan.strategies:
            asked.append(comparison_groups("monolingual", self.results, self._plan, k))
        self._train(asked, self.seeds, expected)
        if "oracle" in self._plan.strategies:
            found["oracle"] = [self._oracle(k)]
            self._train(found["oracle"], self.seeds, self._trials(asked, self.seeds))
        place = {name: at for at, name in enumerate(self._plan.strategies)}
        return dict(sorted(found.items(), key=lambda item: place.get(
            item[0], place.get(EVERY_MEASURE, 0))))

    def scores(self, candidate: Candidate, codes: Sequence[str], split: str = "test",
               seeds: Sequence[int] = ()) -> np.ndarray:
        """Score of each language by the model that serves it: (n_seeds, n_languages)."""
        return np.array([[self._score(candidate.group_of(code), seed, code, split)
                          for code in codes] for seed in seeds or self.seeds])

    def seconds(self, candidate: Candidate) -> float:
        """What training and scoring one seed's models took, one after the other, on average."""
        return float(np.mean([sum(self._content(group, seed)["facts"]["seconds"]
                                  for group in candidate.groups) for seed in self.seeds]))

    def scored(self, split: str) -> list[str]:
        """The languages that can be compared: grouped, and with rows in the split."""
        rows = self.results.record["rows"]
        return [code for code in self.codes if rows[code][split]]

    def _best_on_dev(self, options: Sequence[Candidate], expected: Sequence[Trial]) -> Candidate:
        """Of the gradient groups for several K those that score best on dev with one seed."""
        codes = self.scored("dev")
        if not codes:
            raise StudyError("No language has dev rows, so nothing can be said about which K is "
                             "best. Give one number of groups with --k.")
        self._train(options, self.seeds[:1], expected)
        return max(options, key=lambda one: self.scores(one, codes, "dev", self.seeds[:1]).mean())

    def _oracle(self, k: int) -> Candidate:
        """The best groups by what each language's own model scores on the others' test rows."""
        transfer = np.array([[np.mean([self._score((source,), seed, target, "test")
                                       for seed in self.seeds]) for source in self.codes]
                             for target in self.codes])
        return groups_from_matrix("oracle", transfer, self.codes, self._plan, k,
                                  "by measured transfer on test")

    def _train(self, candidates: Sequence[Candidate], seeds: Sequence[int],
               beside: Sequence[Trial]) -> None:
        """Train the groups of some strategies, each group once; the rest counts as progress."""
        run_trials(self._prepared, self._store, self._trials(candidates, seeds), self._observe,
                   beside=beside, workers=self._workers, threads=self._threads)

    def _trials(self, candidates: Sequence[Candidate], seeds: Sequence[int]) -> list[Trial]:
        groups = dict.fromkeys(group for one in candidates for group in one.groups)
        return [trial_of(group, seed, self.budget) for group in groups for seed in seeds]

    def _expected(self, options: Sequence[Candidate]) -> list[Trial]:
        return [trial_of(group, seed, self.budget)
                for group, n_seeds in expected_groups(self.results, self._plan, options,
                                                      self._measures)
                for seed in self.seeds[:n_seeds]]

    def _score(self, group: tuple[str, ...], seed: int, code: str, split: str) -> float:
        return self._content(group, seed)["scores"][split].get(code, {}).get(
            self.metric, float("nan"))

    def _content(self, group: tuple[str, ...], seed: int) -> dict[str, Any]:
        trial: Trial = trial_of(group, seed, self.budget)
        found = self._contents.get(trial)
        if found is None:
            found = load_trial(self._store, self.results.record, trial)
            if found is None:
                raise StudyError(f"The trial on {', '.join(group)[:100]} (seed {seed}) is gone "
                                 "from the cache. Run the experiment again.")
            self._contents[trial] = found
        return found


def measures_of(plan: Plan) -> list[str]:
    """The measures that a plan groups by; `measures` stands for all."""
    return [name for name in plan.strategies if name == EVERY_MEASURE or is_measure(name)]


def expected_groups(results: Results, plan: Plan, options: Sequence[Candidate],
                    measures: Mapping[str, Measure] | None = None
                    ) -> list[tuple[tuple[str, ...], int]]:
    """The groups that a plan will train, as far as they can be known, with their seeds' number.

    Parameters
    ----------
    options : of `gradient_options`; the first stands for the best
    measures : those of the study that are known; groups by others count as random ones
    """
    unknown = [name for name in measures_of(plan)
               if name != EVERY_MEASURE and name not in (measures or {})]
    if plan.strategies[0] in unknown:
        raise StudyError(f"The groups by {plan.strategies[0]} come first in the plan, and the "
                         "measure is not computed yet. Run `gradsim measures` first.")
    plan = plan.model_copy(update={"strategies": tuple(
        name for name in plan.strategies if name not in unknown)})
    known = known_candidates(results, plan, options[0] if options else None, measures)
    sure = [one for several in known.values() for one in several]
    _, codes = similarity_of(results, plan)
    first = known[plan.strategies[0]][0]
    if "oracle" in plan.strategies:
        sure.append(comparison_groups("monolingual", results, plan, len(first.groups)))
    stand_ins = len(unknown) + ("oracle" in plan.strategies)
    sure += random_groups(codes, sizes_served(first), plan.draws + stand_ins)[plan.draws:]
    return ([(group, 1) for one in options for group in one.groups]
            + [(group, plan.seeds) for one in sure for group in one.groups])
