"""Lower or higher layers: studies whose blocks follow what we chose, and what must be said of them.

The slow twin regresses one block's pairs with numpy alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_studies import BLOCKS, HOSTILE, SIGNATURE, write_study
from markdown_it import MarkdownIt
from pydantic import ValidationError

from gradsim_core import GradSimError, Results, Store, load_results
from gradsim_core.findings.layers import lower_or_higher as module
from gradsim_core.findings.layers.lower_or_higher import LowerOrHigherPlan, lower_or_higher
from gradsim_core.findings.layers.lower_or_higher_report import report_files, summary_rows
from gradsim_core.findings.layers.lower_or_higher_words import is_clear
from gradsim_core.findings.layers.predictors import usable_predictors
from gradsim_core.findings.record import load_finding
from gradsim_core.measures import Measure
from gradsim_core.similarities.gram import GramSeries
from gradsim_core.statistics.centring import doubly_centred

CODES = ("deu", "spa", "nld", "ita", "swe", "por", "dan", "fra", "pol", "ces", "fin", "hun")
FAMILY = np.array([0, 1] * 6)
LABELS = np.array([0] * 4 + [1] * 4 + [2] * 4)
FALLING, RISING = (0.4, 0.32, 0.24, 0.16, 0.08, 0.0), (0.0, 0.08, 0.16, 0.24, 0.32, 0.4)
PLAN = LowerOrHigherPlan(linguistic=("family",), task=("distribution.labels",), permutations=999,
                         correction="raw")


def alike(kinds: Sequence[int]) -> np.ndarray:
    """1 for two languages of one kind, else 0."""
    return np.equal.outer(kinds, kinds).astype(float)


def series(family: Sequence[float], labels: Sequence[float], *, noise: float = 0.05,
           invalid: Mapping[str, str] | None = None, seed: int = 0,
           blocks: tuple[str, ...] = BLOCKS) -> GramSeries:
    """Grams whose blocks hold these weights of family and of labels, and pairs of their own."""
    rng, n = np.random.default_rng(seed), len(CODES)
    sums = []
    for of_family, of_labels in zip(family, labels, strict=True):
        own = rng.normal(size=(n, 4))
        gram = (0.5 * np.eye(n) + of_family * alike(FAMILY) + of_labels * alike(LABELS)
                + noise * own @ own.T)
        sums.append(np.kron(gram, np.ones((2, 2))))
    stack = np.array(sums)[None]
    return GramSeries(CODES, blocks, (120,), stack, (120,), stack.astype(np.float32),
                      dict(invalid or {}))


def results(tmp_path: Path, **how: Any) -> Results:
    return load_results(write_study(tmp_path, series=series(**how)), SIGNATURE)


def measure(name: str, values: np.ndarray, *, directed: bool = False) -> Measure:
    return Measure(name, name.title(), CODES, values, "made up", directed=directed)


MEASURES = {"family": measure("family", alike(FAMILY)),
            "distribution.labels": measure("distribution.labels", alike(LABELS))}


# what must be found

def test_lower_blocks_that_follow_family_and_higher_ones_labels_are_found(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), MEASURES, PLAN)
    trend, blocks = content["trend"], content["blocks"]
    assert trend["slope"] < -0.5
    assert trend["interval"][1] < 0
    assert trend["p"] <= 0.01
    assert content["verdict"].startswith("The higher the block, the more task and the less "
                                         "language: in embeddings linguistic measures explain ")
    assert len(content["verdict"]) <= 300
    for block, strong, weak in ((blocks[0], "linguistic", "task"),
                                (blocks[-1], "task", "linguistic")):
        assert block[strong]["share"] > 0.7
        assert block[weak]["share"] < 0.1
        assert block[strong]["p"] <= 0.01
        assert block[weak]["p"] > 0.05


def test_the_mirror_image_is_told_the_other_way_round(tmp_path: Path) -> None:
    there = lower_or_higher(results(tmp_path / "a", family=FALLING, labels=RISING), MEASURES, PLAN)
    back = lower_or_higher(results(tmp_path / "b", family=RISING, labels=FALLING), MEASURES, PLAN)
    assert back["trend"]["slope"] > 0.5
    assert back["trend"]["slope"] == pytest.approx(-there["trend"]["slope"], abs=0.4)
    assert back["verdict"].startswith("The higher the block, the more language and the less task")
    swapped = {"family": replace(MEASURES["distribution.labels"], name="family"),
               "distribution.labels": replace(MEASURES["family"], name="distribution.labels")}
    same = lower_or_higher(load_results(Store(tmp_path / "a"), SIGNATURE), swapped, PLAN)
    assert same["trend"]["slope"] == pytest.approx(-there["trend"]["slope"]), "sides change places"


@pytest.mark.parametrize("seed", range(3))
def test_blocks_that_follow_neither_have_no_clear_trend(tmp_path: Path, seed: int) -> None:
    level = (0.0,) * 6
    content = lower_or_higher(results(tmp_path, family=level, labels=level, noise=0.1, seed=seed),
                              MEASURES, PLAN)
    assert content["verdict"].startswith("No clear trend over depth: ")
    assert all(abs(one[side]["share"]) < 0.2 for one in content["blocks"]
               for side in module.SIDES), "chance is taken off"


def test_a_constant_relation_is_no_trend_however_strong(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.4,) * 6, labels=(0.1,) * 6), MEASURES,
                              PLAN)
    assert content["blocks"][2]["linguistic"]["p"] <= 0.01
    assert content["verdict"].startswith("No clear trend")


def test_head_stands_outside_the_trend(tmp_path: Path) -> None:
    plain = lower_or_higher(results(tmp_path / "a", family=FALLING, labels=RISING), MEASURES, PLAN)
    turned = lower_or_higher(results(tmp_path / "b", family=(*FALLING[:5], 0.4),
                                     labels=(*RISING[:5], 0.0)), MEASURES, PLAN)
    assert plain["trend"]["blocks"] == list(BLOCKS[:5])
    assert turned["trend"] == plain["trend"]
    assert turned["blocks"][:5] == plain["blocks"][:5]
    assert turned["blocks"][5] != plain["blocks"][5]
    assert "layer.3" in plain["verdict"]
    assert "head" not in plain["verdict"]


@pytest.mark.parametrize("seed", range(3))
def test_intervals_stay_where_a_part_of_r2_can_be(tmp_path: Path, seed: int) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.3,) * 6, labels=(0.1,) * 6, noise=0.3,
                                      seed=seed), MEASURES, PLAN)
    for one in content["blocks"]:
        for part in (one["linguistic"], one["task"]):
            chance, (low, high) = part["r2"] - part["share"], part["interval"]
            assert -chance - 1e-12 <= low <= part["share"] <= high <= 1 - chance + 1e-12


# against a slow twin

def r_squared(y: np.ndarray, columns: Sequence[np.ndarray]) -> float:
    if not columns:
        return 0.0
    design = np.column_stack([np.ones(len(y)), *columns])
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - left @ left / ((y - y.mean()) @ (y - y.mean())))


@pytest.mark.parametrize("centred", [True, False])
def test_parts_of_r2_are_those_of_plain_regressions(tmp_path: Path, centred: bool) -> None:
    found = results(tmp_path, family=(0.2,) * 6, labels=(0.15,) * 6, noise=0.2)
    content = lower_or_higher(found, MEASURES, PLAN.model_copy(update={"centred": centred}))
    off = ~np.eye(len(CODES), dtype=bool)
    treat = doubly_centred if centred else np.array
    gram = found.series.sums[0, 2, ::2, ::2]
    cosine = gram / np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
    y, a, b = (treat(table)[off] for table in (cosine, alike(FAMILY), alike(LABELS)))
    only_a, only_b, both = r_squared(y, [a]), r_squared(y, [b]), r_squared(y, [a, b])
    block = content["blocks"][2]
    assert block["total_r2"] == pytest.approx(both, abs=1e-6)
    assert block["linguistic"]["r2"] == pytest.approx((only_a + both - only_b) / 2, abs=1e-6)
    assert block["task"]["r2"] == pytest.approx((only_b + both - only_a) / 2, abs=1e-6)
    assert block["linguistic"]["share"] < block["linguistic"]["r2"], "chance is taken off"


# what cannot be used

def test_measures_that_say_nothing_are_named_with_their_reason() -> None:
    n = len(CODES)
    rare = np.full((n, n), np.nan)
    rare[0, 1] = rare[1, 0] = 0.5
    rare[0, 2] = rare[2, 0] = 0.1
    odd = np.ones((n, n))
    odd[0, :] = odd[:, 0] = 0.2
    given = {"constant": measure("constant", np.full((n, n), 0.3)), "rare": measure("rare", rare),
             "odd": measure("odd", odd), **MEASURES}
    wanted = {"linguistic": ["family", "odd", "absent"], "task": ["constant", "rare", "lost"]}
    found = usable_predictors(given, wanted, CODES, absent={"absent": "Install the extra."})
    assert found.unused == {
        "odd": "it sets single languages apart from all others, but no pair from another",
        "absent": "Install the extra.",
        "constant": "it is the same for all pairs of languages",
        "rare": "it is known for only 2 of 66 pairs of languages",
        "lost": "it is not available for this study"}
    assert {side: list(names) for side, names in found.sides.items()} == {
        "linguistic": ["family"], "task": []}
    assert found.codes == CODES, "a measure that is left out costs no language"
    as_it_is = usable_predictors(given, wanted, CODES, centred=False)
    assert list(as_it_is.sides["linguistic"]) == ["family", "odd"]


def test_a_language_that_a_measure_does_not_know_is_left_out_and_named() -> None:
    values = alike(FAMILY)
    values[3, :] = values[:, 3] = np.nan
    found = usable_predictors({**MEASURES, "family": measure("family", values)},
                              {"linguistic": ["family"], "task": ["distribution.labels"]}, CODES)
    assert found.unknown == {"ita": "family"}
    assert found.codes == tuple(code for code in CODES if code != "ita")
    assert all(np.isfinite(table).sum() == 11 * 10 for names in found.sides.values()
               for table in names.values())


def test_of_a_directed_measure_both_ways_count() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(CODES),) * 2)
    found = usable_predictors({"size": measure("size", values, directed=True)},
                              {"task": ["size"]}, CODES, centred=False)
    assert found.sides["task"]["size"][0, 1] == pytest.approx((values[0, 1] + values[1, 0]) / 2)


def test_a_measure_whose_halves_disagree_is_called_noise(tmp_path: Path) -> None:
    draw, n = np.random.default_rng(0), len(CODES)
    noise = draw.normal(size=(2, n, n))
    halves = (noise + noise.transpose(0, 2, 1)) / 2
    noisy = replace(measure("distribution.labels", halves.mean(axis=0)), halves=halves)
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), {
        **MEASURES, "distribution.labels": noisy}, PLAN)
    off = ~np.eye(n, dtype=bool)
    assert content["measures"] == {
        "family": {"low": 0.0, "high": 1.0, "halves": None},
        "distribution.labels": {
            "low": pytest.approx(np.nanmin(noisy.values)),
            "high": pytest.approx(np.nanmax(noisy.values)),
            "halves": pytest.approx(np.corrcoef(halves[0][off], halves[1][off])[0, 1])}}
    (said,) = [one for one in content["method"] if one.startswith("What the measures say")]
    assert "Family 0 to 1; " in said
    assert said.count("mostly noise") == 1
    steady = replace(noisy, halves=np.stack([halves[0]] * 2))
    again = lower_or_higher(load_results(Store(tmp_path), SIGNATURE), {
        **MEASURES, "distribution.labels": steady}, PLAN)
    assert not any("mostly noise" in one for one in again["method"])


@pytest.mark.parametrize(("left", "words"), [
    (("family",), "Nothing can be compared: no measure of the task can be used (Label prior: "
                  "labels are balanced). Measures of the languages explain"),
    (("distribution.labels",), "Nothing can be compared: no measure of the languages can be used "
                               "(Genealogy: it is not available for this study)."),
    ((), "Nothing can be compared: no measure of the languages and none of the task can be used")])
def test_an_empty_side_is_told_instead_of_a_comparison(tmp_path: Path, left: tuple[str, ...],
                                                       words: str) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING),
                              {name: MEASURES[name] for name in left}, PLAN,
                              {"distribution.labels": "labels are balanced"})
    assert content["verdict"].startswith(words)
    assert content["trend"]["slope"] is content["trend"]["p"] is None
    assert [one["block"] for one in content["blocks"]] == list(BLOCKS)
    assert (content["blocks"][0]["task"]["share"] is None) == ("distribution.labels" not in left)
    assert "No clear trend" not in content["verdict"]
    assert len(summary_rows(content)) == len(BLOCKS), "the command prints a table all the same"
    assert "report.md" in report_files(content)


def test_languages_without_a_similarity_are_left_out_and_named(tmp_path: Path) -> None:
    found = results(tmp_path, family=FALLING, labels=RISING, invalid={"fra": "its loss was NaN"})
    content = lower_or_higher(found, MEASURES, PLAN)
    assert content["left_out"] == [{"code": "fra", "name": "French", "reason": "its loss was NaN"}]
    assert content["n_pairs"] == 55
    assert "11 languages, 55 pairs." in content["method"]


def test_too_few_languages_are_told(tmp_path: Path) -> None:
    gone = dict.fromkeys(CODES[4:], "bad")
    with pytest.raises(GradSimError, match=r"Only 4 languages .* at least 5"):
        lower_or_higher(results(tmp_path, family=FALLING, labels=RISING, invalid=gone), MEASURES,
                        PLAN)


def test_one_block_has_no_depth(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=(0.3,), labels=(0.1,),
                                      blocks=("embeddings",)), MEASURES, PLAN)
    assert content["verdict"].startswith("There is no depth to follow")
    assert content["blocks"][0]["linguistic"]["share"] > 0.5


# plan, record and report

def test_plan_is_named_by_all_of_it_and_a_measure_stands_on_one_side() -> None:
    assert LowerOrHigherPlan().id == LowerOrHigherPlan.model_validate({}).id
    assert LowerOrHigherPlan(centred=False).id != LowerOrHigherPlan().id
    given = LowerOrHigherPlan.model_validate({"linguistic": "family, geographic"})
    assert given.linguistic == ("family", "geographic")
    with pytest.raises(ValidationError, match="family: name each measure once"):
        LowerOrHigherPlan.model_validate({"linguistic": "family", "task": "topic,family"})


def test_finding_is_kept_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = write_study(tmp_path, series=series(FALLING, RISING))
    asked: list[list[str]] = []

    def measured(prepared: Any, store: Store, names: list[str], observe: Any) -> dict[str, Measure]:
        asked.append(names)
        return MEASURES

    class Prepared:
        signature = SIGNATURE

    monkeypatch.setattr(module, "study_measures", measured)
    events: list[dict[str, Any]] = []
    content = module.run_lower_or_higher(Prepared(), store, PLAN, events.append)  # type: ignore[arg-type]
    assert asked == [["family", "distribution.labels"]]
    assert load_finding(store, SIGNATURE, module.KIND, PLAN.id) == content
    assert events[-1] == {"kind": "done", "message": content["verdict"]}
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["languages"][0] == {"code": "deu", "name": "German", "branch": "Germanic"}


def test_report_has_verdict_numbers_figure_and_method(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), MEASURES, PLAN)
    files = report_files(content)
    assert set(files) == {"report.md", "table.csv", "blocks.svg"}
    text = files["report.md"]
    assert text.startswith("# Lower or higher layers? ")
    share = content["blocks"][0]["linguistic"]["share"]
    for part in ("## Block by block", "blocks.svg", f"{100 * share:.1f}", "## Trend", "999 orders",
                 "general dominance", SIGNATURE, PLAN.id):
        assert part in text
    lines = files["table.csv"].splitlines()
    assert len(lines) == 1 + len(BLOCKS)
    assert float(lines[1].split(",")[1]) == share
    assert [line.rpartition(",")[2] for line in lines[1:]] == ["yes"] * 5 + ["no"]
    assert "layer.3" in files["blocks.svg"]
    assert files == report_files(json.loads(json.dumps(content))), "the same bytes"


def test_hostile_names_make_no_markup_in_the_report(tmp_path: Path) -> None:
    content = lower_or_higher(results(tmp_path, family=FALLING, labels=RISING), MEASURES, PLAN)
    for name in HOSTILE:
        files = report_files({
            **content, "verdict": name, "method": [name], "titles": {"family": name},
            "unused": [{"name": name, "side": "task", "reason": name}],
            "left_out": [{"code": name, "name": name, "reason": name}],
            "study": {**content["study"], "name": name, "source": name, "model": name}})
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(files["report.md"])
        kinds = [one.type for token in tokens for one in [token, *(token.children or [])]]
        assert "table_open" in kinds
        assert kinds.count("image") == 1, "the figure alone"
        assert not set(kinds) & {"link_open", "html_inline", "html_block", "fence", "code_block"}
        assert "<img" not in files["blocks.svg"]
        assert "<a " not in files["blocks.svg"]


@pytest.mark.parametrize(("interval", "p", "clear"), [
    ([-0.5, -0.1], 0.01, True), ([0.1, 0.5], 0.05, True), ([-0.5, 0.1], 0.01, False),
    ([-0.5, -0.1], 0.06, False), (None, 0.01, False), ([-0.5, -0.1], None, False)])
def test_a_trend_is_clear_only_by_interval_and_p(interval: Any, p: float | None,
                                                 clear: bool) -> None:
    assert is_clear({"slope": -0.3, "interval": interval, "p": p}) is clear
