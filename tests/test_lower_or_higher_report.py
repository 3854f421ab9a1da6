"""Lower or higher layers: the plan, the record and the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lower_or_higher_cases import FALLING, MEASURES, PLAN, RISING, results, series
from made_up_studies import BLOCKS, HOSTILE, SIGNATURE, write_study
from markdown_it import MarkdownIt
from pydantic import ValidationError

from gradsim_core import Store
from gradsim_core.findings.layers import lower_or_higher as module
from gradsim_core.findings.layers.lower_or_higher import LowerOrHigherPlan, lower_or_higher
from gradsim_core.findings.layers.lower_or_higher_report import report_files
from gradsim_core.findings.layers.lower_or_higher_words import is_clear
from gradsim_core.findings.record import load_finding
from gradsim_core.measures import Measure


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
