"""Topic or language: what its words and its report say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from topic_or_language_cases import BLOCKS
from topic_or_language_cases import base as base  # noqa: PLC0414 - a fixture
from topic_or_language_cases import cells as cells  # noqa: PLC0414 - a fixture
from topic_or_language_cases import content as content  # noqa: PLC0414 - a fixture

from gradsim_core.findings.topics.topic_or_language_report import report_files, summary_rows
from gradsim_core.findings.topics.topic_or_language_words import crossover, statement, verdict

# words

def blocks_of(*intervals: tuple[float, float] | None) -> list[dict[str, Any]]:
    return [{"block": f"layer.{i}", "difference": {
        "value": sum(one) / 2 if one else 0.1, "interval": one}}
        for i, one in enumerate(intervals)]


@pytest.mark.parametrize(("intervals", "words", "where"), [
    ([(0.2, 0.4), (0.1, 0.2)], "same language leads in every block, least in layer.1", None),
    ([(-0.4, -0.2), (-0.1, -0.05)], "same topic leads in every block, least in layer.1", None),
    ([(0.2, 0.4), (-0.1, 0.2)],
     "same language leads in 1 of 2 blocks (layer.0), same topic in none", None),
    ([(0.2, 0.4), (-0.1, 0.2), (-0.3, -0.1)],
     "same language leads in layer.0, same topic in layer.2", "layer.2"),
    ([(-0.2, -0.1), (0.1, 0.2), (-0.3, -0.1)],
     "same topic leads in layer.0, layer.2, same language in layer.1", "layer.1"),
    ([(-0.2, 0.1), (-0.1, 0.2)], "in no block is it clear which leads", None),
    ([None, None], "no block is decided: intervals take five languages, and every cell defined",
     None)])
def test_statement_and_crossover(intervals: Any, words: str, where: str | None) -> None:
    assert statement(blocks_of(*intervals)) == words
    assert crossover(blocks_of(*intervals)) == where


def test_verdict_says_what_the_numbers_say(content: dict[str, Any]) -> None:
    whole = next(one for one in content["spans"] if one["block"] == "layers")
    assert len(content["verdict"]) <= 300
    side = {**whole, "difference": {"value": 0.2, "interval": [0.1, 0.3], "p": 0.01}}
    for interval, start in (([0.1, 0.3], "Same language matters more"),
                            ([-0.3, -0.1], "Same topic matters more"),
                            ([-0.1, 0.3], "Whether language or topic matters more is not clear")):
        side["difference"]["interval"] = interval
        assert verdict({**content, "spans": [side]}).startswith(start)
    side["difference"] = {"value": None, "interval": None, "p": None}
    assert "undefined" in verdict({**content, "spans": [side]})


def test_verdict_names_readings_that_say_otherwise(content: dict[str, Any]) -> None:
    def read(name: str, interval: list[float]) -> dict[str, Any]:
        return {"correction": name, "step": 9, "difference": {"interval": interval}}

    whole = {**content["spans"][0], "difference": {"value": 0.2, "interval": [0.1, 0.3], "p": 0.01}}
    few = {**content, "spans": [whole], "blocks": blocks_of((0.1, 0.3)), "readings": [
        read("centred", [-0.1, 0.2]), read("raw", [-0.3, -0.1])]}
    assert verdict(few).endswith("; not clear if read centred; same topic leads if read raw.")
    few["readings"] = [read("centred", [0.1, 0.2])]
    assert "if read" not in verdict(few)


# report

def test_report_shows_every_number_and_its_figures(content: dict[str, Any]) -> None:
    files = report_files(content)
    text = files["report.md"]
    assert text.startswith("# Topic or language? ")
    assert {name for name in files if name.endswith(".svg")} == set(
        re.findall(r"\]\((\S+\.svg)\)", text))
    for section in ("## Block by block", "### Without noise", "## Over depth", "## Read otherwise",
                    "## Method"):
        assert section in text
    lines = files["table.csv"].splitlines()
    assert len(lines) == 1 + len(content["blocks"]) + 3 + 2
    assert len({line.count(",") for line in lines}) == 1
    assert all(files[name].startswith("<?xml") for name in files if name.endswith(".svg"))
    rows = summary_rows(content)
    assert [row["block"] for row in rows] == [*BLOCKS, "layers", "lower", "higher"]
    assert set(rows[0]) >= {"Same language, other topic", "difference", "p topic"}


def test_report_without_intervals(content: dict[str, Any]) -> None:
    def bare(effect: Any) -> Any:
        return {**effect, "interval": None} if isinstance(effect, dict) else effect

    plain = {**content, "trend": {"blocks": ["embeddings"], "slope": None, "interval": None,
                                  "p": None}, "readings": []}
    for part in ("blocks", "spans"):
        plain[part] = [{**{key: bare(value) for key, value in one.items()}, "corrected": None}
                       for one in content[part]]
    text = report_files(plain)["report.md"]
    assert "no interval" in text
    assert "## Over depth" not in text
    assert "## Read otherwise" not in text
