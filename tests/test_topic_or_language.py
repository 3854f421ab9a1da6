"""Topic or language: the finding, from cells to what is kept beside the study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from topic_or_language_cases import BLOCKS, LANGUAGES, TOPICS, made_series
from topic_or_language_cases import base as base  # noqa: PLC0414 - a fixture
from topic_or_language_cases import cells as cells  # noqa: PLC0414 - a fixture
from topic_or_language_cases import content as content  # noqa: PLC0414 - a fixture

from gradsim_core.errors import DataError, StudyError
from gradsim_core.findings.record import load_finding
from gradsim_core.findings.topics import topic_or_language as module
from gradsim_core.findings.topics.topic_or_language import (
    KIND,
    TopicOrLanguagePlan,
    cell_study,
    own_correction,
    run_topic_or_language,
    topic_or_language,
)
from gradsim_core.findings.topics.topic_or_language_report import report_files
from gradsim_core.prepared import Prepared, study_record
from gradsim_core.storage.store import Store
from gradsim_core.study_text import study_from


def test_content_holds_what_readers_need(content: dict[str, Any]) -> None:
    assert content["$schema"] == "gradsim.topic-or-language/1"
    assert [one["code"] for one in content["languages"]] == list(LANGUAGES)
    assert content["topics"] == list(TOPICS)
    assert len(content["cells"]) == 18
    assert {cell["rows"] for cell in content["cells"]} == {20}
    assert [one["block"] for one in content["blocks"]] == list(BLOCKS)
    assert [one["block"] for one in content["spans"]] == ["layers", "lower", "higher"]
    assert content["trend"]["blocks"] == ["embeddings", "layer.0", "layer.1"]
    assert content["reading"] == {"reading": "cosine_of_mean", "correction": "all_but_top",
                                  "step": 9}
    assert {(one["correction"], one["step"]) for one in content["readings"]} == {
        ("centred", 9), ("raw", 9)}
    assert content["left_out"] == []


def test_language_leads_below_and_topic_above(content: dict[str, Any]) -> None:
    first, *_, last = content["blocks"]
    assert first["difference"]["interval"][0] > 0 > last["difference"]["interval"][1]
    assert content["crossover"] in ("layer.1", "head")
    assert content["trend"]["slope"] < 0
    assert content["trend"]["interval"][1] < 0
    assert first["within_language"]["p"] == 0.005
    assert first["reliability"] > 0.5
    assert first["corrected"]["within_language"]["value"] > first["within_language"]["value"] / 2


def test_cells_whose_gradient_was_lost_take_their_language_out(base: Prepared,
                                                               cells: Prepared) -> None:
    plan = TopicOrLanguagePlan(permutations=99)
    lost = replace(made_series(), invalid={"b.law": "its gradient exploded at step 3"})
    found = topic_or_language(study_record(base), cells, lost, plan)
    assert found["left_out"] == [{"code": "b", "name": "B",
                                  "reason": "b.law: its gradient exploded at step 3"}]
    assert len(found["cells"]) == 15
    lost = replace(lost, invalid={f"{code}.law": "exploded" for code in "bcdef"})
    with pytest.raises(StudyError, match=r"Fewer than two languages are left.*b.law: exploded"):
        topic_or_language(study_record(base), cells, lost, plan)


@pytest.mark.parametrize("settings", [
    {"correction": "noise_corrected"}, {"reading": "mean_cosine"}, {"correction": "raw"},
    {"correction": "centred", "snapshot": 0}])
def test_every_reading_ends_in_a_report(base: Prepared, cells: Prepared,
                                        settings: dict[str, Any]) -> None:
    series = made_series()
    for row in range(0, 6, 2):  # the halves of the first language disagree on every topic
        series.sums[..., row, row + 1] = series.sums[..., row + 1, row] = -1
    found = topic_or_language(study_record(base), cells, series,
                              TopicOrLanguagePlan(permutations=99, **settings))
    assert found["verdict"]
    assert "nan" not in report_files(found)["report.md"].lower()
    if settings.get("correction") == "noise_corrected":
        assert all(one["difference"]["interval"] is None for one in found["blocks"])
        assert all(one["difference"]["p"] is None for one in found["blocks"])


def test_a_snapshot_that_is_not_there_is_refused(base: Prepared, cells: Prepared) -> None:
    with pytest.raises(StudyError, match="Snapshot 3 does not exist"):
        topic_or_language(study_record(base), cells, made_series(),
                          TopicOrLanguagePlan(permutations=99, snapshot=3))


def test_the_study_of_cells(base: Prepared) -> None:
    study = cell_study(base.study, TopicOrLanguagePlan(steps=2, batch_size=6, score_rows=3))
    assert (study.by_topic, study.steps, study.batch_size, study.snapshots, study.score_rows) == (
        True, 2, 6, 2, 3)
    assert study.name == "builtin, by topic"
    assert cell_study(base.study, TopicOrLanguagePlan()).steps == base.study.steps


def test_cells_are_read_as_the_study_is_but_never_raw_by_default() -> None:
    assert own_correction(study_from({})) == "all_but_top"
    assert own_correction(study_from({"preset": "udpos"})) == "centred"
    assert own_correction(study_from({"data": "mine"})) == "centred"


def test_trained_once_and_kept_beside_the_study(tmp_path: Path) -> None:
    """The real thing on the built-in data, in few steps."""
    from gradsim_core.prepared import prepare

    prepared, store = prepare(study_from({"languages": "deu nld"})), Store(tmp_path)
    plan = TopicOrLanguagePlan(steps=2, batch_size=4, score_rows=2, permutations=99)
    events: list[dict[str, Any]] = []
    content = run_topic_or_language(prepared, store, plan, events.append, threads=1)
    assert content == load_finding(store, prepared.signature, KIND, plan.id)
    assert [event["message"] for event in events if event["kind"] == "done"] == [
        content["verdict"]]
    assert "Training" in {event.get("message") for event in events}
    assert "intervals take five languages" in content["verdict"]
    assert [one["code"] for one in content["languages"]] == ["deu", "nld"]
    assert content["topics"] == ["Africa", "Americas", "Asia", "Europe"]
    assert store.read_json(content["by_topic"]["signature"], "study.json") is not None
    events.clear()
    again = run_topic_or_language(prepared, store, plan, events.append, threads=1)
    assert again == content
    assert "Training" not in {event.get("message") for event in events}


def test_data_without_topics_is_refused(tmp_path: Path) -> None:
    for code in ("deu", "nld"):
        (tmp_path / code).mkdir()
        (tmp_path / code / "train.tsv").write_text("text\tlabel\n" + "".join(
            f"{code} {i}\t{i % 2}\n" for i in range(60)))
    from gradsim_core.prepared import prepare

    prepared = prepare(study_from({"data": str(tmp_path)}))
    with pytest.raises(DataError, match=r"two topics or more; found: none.*gradsim topics"):
        run_topic_or_language(prepared, Store(tmp_path / "cache"), TopicOrLanguagePlan(),
                              lambda event: None)


def test_kind_is_the_contracts() -> None:
    assert module.KIND == "topic-or-language"
    assert TopicOrLanguagePlan().id == TopicOrLanguagePlan().id != TopicOrLanguagePlan(seed=1).id
