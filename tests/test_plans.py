"""Plans and the groups of their strategies, on studies whose similarity is known beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_cases import finished_study, plan_of, results_of
from pydantic import ValidationError

from gradsim_core.errors import GradSimError
from gradsim_core.experiments.candidate import Candidate
from gradsim_core.experiments.candidates import (
    comparison_groups,
    gradient_groups,
    gradient_options,
    hand_groups,
    known_candidates,
    numbers_of_groups,
    random_groups,
    similarity_of,
    sizes_served,
)
from gradsim_core.experiments.matrix_groups import groups_from_matrix, table_groups
from gradsim_core.experiments.plans import TITLES, Plan, PlanSettings, Spending, Table
from gradsim_core.results import Results
from gradsim_core.storage.store import Store
from gradsim_core.trials import Budget

GERMANIC_AND_ROMANCE = [0, 1, 0, 1, 0, 1]  # deu, spa, nld, ita, swe, por
CODES = ("deu", "spa", "nld", "ita", "swe", "por")
PAIRS = {("deu", "nld"), ("ita", "spa"), ("por", "swe")}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    finished_study(Store(tmp_path), GERMANIC_AND_ROMANCE)
    return results_of(Store(tmp_path))


def table_of(codes: tuple[str, ...], near: set[tuple[str, str]], **cells: Any) -> Table:
    """1 for those that are near, otherwise 0; the diagonal unknown."""
    def cell(a: str, b: str) -> float | None:
        return None if a == b else cells.get(f"{a}_{b}", float(tuple(sorted((a, b))) in near))

    return Table(title="mine.csv", languages=codes,
                 matrix=tuple(tuple(cell(a, b) for b in codes) for a in codes))


def refused(call: Any, *culprits: str) -> None:
    with pytest.raises(GradSimError) as caught:
        call()
    message = str(caught.value)
    assert [one for one in culprits if one not in message] == []
    assert len(message) <= 400


# the groups of each strategy

def test_gradient_groups_are_the_clusters(results: Results) -> None:
    found = gradient_groups(results, plan_of(), 2)
    assert found.groups == (("deu", "nld", "swe"), ("ita", "por", "spa"))
    assert found.group_of("por") == ("ita", "por", "spa")
    assert found.how == "exact, K = 2, layers, raw"


def test_every_strategy_by_hand(results: Results) -> None:
    plan = plan_of("gradient", "monolingual", "all_languages", "family", "random", "table", "hand",
                   rule={"k": 2}, table=table_of(CODES, PAIRS), groups=[CODES[:4], CODES[4:]],
                   groups_title="mine.json")
    found = known_candidates(results, plan, *gradient_options(results, plan))
    assert list(found) == list(plan.strategies)
    groups = {name: several[0].groups for name, several in found.items()}
    assert groups["gradient"] == (("deu", "nld", "swe"), ("ita", "por", "spa"))
    assert groups["monolingual"] == tuple((code,) for code in CODES)
    assert groups["all_languages"] == (tuple(sorted(CODES)),)
    assert groups["family"] == (("deu", "nld", "swe"), ("ita", "por", "spa")), "Germanic, Italic"
    assert groups["hand"] == (("deu", "ita", "nld", "spa"), ("por", "swe"))
    assert found["hand"][0].how == "mine.json"
    assert len(groups["table"]) == 2
    assert len(found["random"]) == 4
    for several in found.values():
        for one in several:
            assert set(one.serves) == set(CODES)
            assert all(code in one.group_of(code) for code in CODES)


def test_a_table_gives_its_own_groups(results: Results) -> None:
    plan = plan_of("table", table=table_of(CODES, PAIRS))
    found = table_groups(plan, CODES, 3)
    assert set(found.groups) == PAIRS
    assert found.how == "mine.csv, K = 3"


def test_a_table_is_read_by_code_whatever_its_order(results: Results) -> None:
    shuffled = (*reversed(CODES), "xyz")
    assert table_groups(plan_of("table", table=table_of(shuffled, PAIRS)), CODES, 3) == \
        table_groups(plan_of("table", table=table_of(CODES, PAIRS)), CODES, 3)


def test_what_a_language_scores_with_all_others_is_no_nearness() -> None:
    """Rows aaa and bbb are far above that of ccc; aaa and ccc still prefer each other."""
    matrix = np.array([[0, .85, .95], [.9, 0, .9], [.2, .0, 0]])
    found = groups_from_matrix("oracle", matrix, ("aaa", "bbb", "ccc"), plan_of(), 2, "how")
    assert set(found.groups) == {("aaa", "ccc"), ("bbb",)}


def test_rows_without_a_score_pull_nowhere() -> None:
    matrix = np.array([[0, .9, .1], [.9, 0, .1], [np.nan, np.nan, np.nan]])
    found = groups_from_matrix("oracle", matrix, ("aaa", "bbb", "ccc"), plan_of(), 2, "how")
    assert set(found.groups) == {("aaa", "bbb"), ("ccc",)}


def test_random_groups_have_the_sizes_of_the_first(results: Results) -> None:
    plan = plan_of("hand", "random", draws=12, groups=[CODES[:1], CODES[1:3], CODES[3:]])
    found = known_candidates(results, plan, None)["random"]
    assert {tuple(sorted(map(len, one.groups))) for one in found} == {(1, 2, 3)}
    assert len({one.groups for one in found}) > 6, "they are drawn anew"
    assert random_groups(CODES, [3, 2, 1], 12) == found, "the same on every run"


def test_overlapping_groups_serve_each_language_once(tmp_path: Path) -> None:
    finished_study(Store(tmp_path), [0, 0, 0, 0, 0])
    results = results_of(Store(tmp_path))
    plan = plan_of("gradient", "random", rule={"strategy": "overlapping", "k": 4})
    (found,) = gradient_options(results, plan)
    members = [code for group in found.groups for code in group]
    assert len(members) > len(set(members)), "no language is in two groups: nothing is shown"
    assert set(found.serves) == set(CODES[:5])
    assert sum(sizes_served(found)) == 5
    random = known_candidates(results, plan, found)["random"]
    assert all(sorted(map(len, one.groups), reverse=True) == sizes_served(found) for one in random)


def test_languages_that_cannot_be_grouped_are_trained_along_with_all(tmp_path: Path) -> None:
    finished_study(Store(tmp_path), GERMANIC_AND_ROMANCE, invalid={"swe": "it was not finite"})
    results, plan = results_of(Store(tmp_path)), plan_of("gradient", "all_languages")
    _, codes = similarity_of(results, plan)
    assert codes == [code for code in CODES if code != "swe"]
    assert all("swe" not in group for group in gradient_groups(results, plan, 2).groups)
    together = comparison_groups("all_languages", results, plan, 2)
    assert together.groups == (tuple(sorted(CODES)),)
    assert set(together.serves) == set(codes)


# K

@pytest.mark.parametrize(("n", "k"), [(2, 1), (4, 2), (6, 2), (7, 3), (12, 3), (13, 4)])
def test_without_a_rule_k_is_the_square_root(n: int, k: int) -> None:
    assert numbers_of_groups(plan_of(), n) == [k]


@pytest.mark.parametrize(("rule", "expected"), [
    ({"k": 5}, [5]), ({"k_min": 2, "k_max": 4}, [2, 3, 4]), ({"k_min": 5, "k_max": 9}, [5, 6])])
def test_k_as_asked(rule: dict[str, int], expected: list[int]) -> None:
    assert numbers_of_groups(plan_of(rule=rule), 6) == expected


@pytest.mark.parametrize(("rule", "culprit"), [
    ({"k_min": 2}, "k_min=2, k_max=None"), ({"k_max": 2}, "k_max=2"),
    ({"k": 3, "k_min": 2, "k_max": 4}, "k=3"), ({"k_min": 7, "k_max": 9}, "6 languages"),
    ({"k_min": 4, "k_max": 3}, "k_min=4 to k_max=3")])
def test_a_k_that_means_nothing_is_refused(rule: dict[str, int], culprit: str) -> None:
    refused(lambda: numbers_of_groups(plan_of(rule=rule), 6), culprit)


def test_more_groups_than_languages_are_refused(results: Results) -> None:
    refused(lambda: gradient_options(results, plan_of(rule={"k": 7})), "7")


# what is given by hand

@pytest.mark.parametrize(("groups", "culprits"), [
    ([], ["--groups"]),
    ([CODES[:2], CODES[2:4]], ["lack swe, por"]),
    ([CODES, ("deu",)], ["'deu'", "twice"]),
    ([(*CODES, "por")], ["'por'", "twice"]),
    ([(*CODES, "fin")], ["'fin'", "cannot group"]),
    ([("deu", "fin")], ["lack spa, nld", "'fin'"]),
])
def test_hand_made_groups_that_do_not_fit(groups: Any, culprits: list[str]) -> None:
    refused(lambda: hand_groups(plan_of("hand", groups=groups), CODES), *culprits)


def test_a_table_that_does_not_fit() -> None:
    refused(lambda: table_groups(plan_of("table"), CODES, 2), "--table")
    short = plan_of("table", table=table_of(CODES[:4], PAIRS))
    refused(lambda: table_groups(short, CODES, 2), "'mine.csv'", "swe, por")
    gap = plan_of("table", table=table_of(CODES, PAIRS, spa_ita=None))
    refused(lambda: table_groups(gap, CODES, 2), "no value for spa and ita")


@pytest.mark.parametrize("cell", [float("nan"), float("inf")])
def test_a_table_holds_numbers(cell: float) -> None:
    with pytest.raises(ValidationError):
        Table(title="x", languages=("deu", "nld"), matrix=((None, cell), (0.0, None)))


# names

def test_the_same_plan_has_the_same_id() -> None:
    settings = {"strategies": "gradient, random", "seeds": 2, "draws": 4, "rule": {"k": 2}}
    assert Plan.model_validate(settings).id == \
        Plan.model_validate(dict(reversed(settings.items()))).id
    assert Plan.model_validate(settings).id == plan_of("gradient", "random", rule={"k": 2}).id
    assert plan_of("hand", groups=[("a", "b"), ("c",)]).id == \
        plan_of("hand", groups=[("c",), ("b", "a")]).id
    assert Plan.model_validate(plan_of().model_dump(mode="json")).id == plan_of().id
    assert len(plan_of().id) == 16


def test_every_change_gives_another_id() -> None:
    full = plan_of("gradient", "hand", "table", groups=[("a", "b"), ("c",)],
                   table=table_of(CODES[:3], PAIRS))
    changes: dict[str, Any] = {
        "strategies": ("hand", "gradient", "table"), "seeds": 5, "draws": 5, "steps": 7,
        "batch_size": 8, "patience": 1, "adaptation_steps": 3, "reading": {"blocks": "head"},
        "rule": {"k": 2}, "groups": [("a",), ("b", "c")], "groups_title": "other",
        "table": table_of(CODES[:3], set()),
        "given": [{"title": "more", "groups": [("a", "b", "c")]}]}
    assert set(changes) == set(Plan.model_fields)
    ids = {Plan.model_validate({**full.model_dump(), **{name: value}}).id
           for name, value in changes.items()}
    assert len(ids | {full.id}) == len(changes) + 1


@pytest.mark.parametrize(("strategies", "culprit"), [
    ("gradient,best", "'best'"), ("", "at least one"), ("gradient,gradient", "only once"),
    ("random,gradient", "random only compares"), ("oracle", "oracle only compares")])
def test_strategies_that_make_no_plan(strategies: str, culprit: str) -> None:
    with pytest.raises(ValidationError, match=culprit):
        PlanSettings(strategies=strategies)  # type: ignore[arg-type]


def test_the_default_plan_compares_all_that_needs_no_file() -> None:
    assert set(PlanSettings().strategies) == set(TITLES) - {"hand", "table"}


def test_a_spending_is_the_studys_own_unless_it_says_otherwise(tmp_path: Path) -> None:
    study = finished_study(Store(tmp_path), [0, 1], seed=7).study
    assert Spending().budget(study) == Budget(steps=5, batch_size=4)
    assert Spending(steps=3, patience=2).budget(study) == Budget(steps=3, batch_size=4, patience=2)
    assert Spending(seeds=3).seed_numbers(study) == (7, 8, 9)


def test_a_candidate_knows_who_serves() -> None:
    one = Candidate("gradient", (("a", "b"), ("b", "c")), {"a": 0, "b": 1, "c": 1}, "")
    assert [one.group_of(code) for code in "abc"] == [("a", "b"), ("b", "c"), ("b", "c")]
    assert sizes_served(one) == [2, 1]
