"""What findings say in one sentence: never more than the numbers show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from made_up_studies import HOSTILE

from gradsim_core.findings.transfer.measures_words import measure_phrase, verdict
from gradsim_core.findings.transfer.readings_words import verdict as readings_verdict

CLEAR, VAGUE = (0.02, 0.3), (-0.02, 0.28)


def measure(name: str, value: float | None, p: float | None, title: str = "", *,
            behind: tuple[float, Sequence[float] | None] | None = None,
            share: float | None = None) -> dict[str, Any]:
    return {"name": name, "title": title or name.capitalize(), "ceiling": {"share": share},
            "target_spearman": {"value": value, "interval": [0.38, 0.64], "p": p,
                                "p_corrected": p},
            "behind_first": behind and {"value": behind[0], "interval": behind[1]}}


def said(*measures: dict[str, Any]) -> str:
    text = verdict({"measures": list(measures), "languages": [{}] * 12})
    assert len(text) <= 300
    assert text.endswith(".")
    return text


def test_a_clear_lead() -> None:
    assert said(measure("gradient", 0.51, 0.0001, share=0.71),
                measure("typology.syntactic", 0.38, 0.01, "Typology: syntax",
                        behind=(0.13, CLEAR))) == (
        "Best of 2 measures at predicting transfer is the gradient: mean rank correlation "
        "over targets .51 (95% interval .38 to .64, p < .001 corrected for 2 measures); ahead of "
        "typology (syntax) (.38), difference .13 (.02 to .30); 71% of what noise allows.")


@pytest.mark.parametrize("interval", [VAGUE, None, (0.0, 0.2)])
def test_a_lead_whose_interval_holds_zero_is_none(interval: Sequence[float] | None) -> None:
    text = said(measure("gradient", 0.51, 0.0001),
                measure("family", 0.38, 0.01, behind=(0.13, interval)),
                measure("topic", 0.2, 0.2, behind=(0.31, CLEAR)))
    assert text.startswith("First of 3 measures at predicting transfer is the gradient")
    assert "Best" not in text
    assert "no clear lead over family (.38), difference .13" in text


def test_one_unclear_rival_further_down_is_enough_for_no_best() -> None:
    text = said(measure("gradient", 0.51, 0.0001),
                measure("family", 0.38, 0.01, behind=(0.13, CLEAR)),
                measure("topic", 0.37, 0.2, behind=(0.14, VAGUE)))
    assert text.startswith("First of 3")
    assert "but not clearly of 1 others" not in text
    assert "but not clearly of one other" in text


def test_nothing_predicts() -> None:
    text = said(measure("gradient", 0.2, 0.3), measure("family", 0.1, 0.5, behind=(0.1, VAGUE)))
    assert text.startswith("None of 2 measures clearly predicts transfer; first is the gradient")
    negative = said(measure("gradient", -0.2, 0.01), measure("family", -0.4, 0.01,
                                                             behind=(0.2, CLEAR)))
    assert negative.startswith("None of 2 measures clearly predicts transfer")
    assert "Best" not in negative


def test_the_first_may_be_chance_where_another_is_not() -> None:
    text = said(measure("lexical.tokens", 0.37, 0.17, "Shared tokens"),
                measure("embedding.csls", 0.31, 0.002, "Embedding: CSLS", behind=(0.06, VAGUE)))
    assert "may be chance, while embedding (CSLS) (.31, p = .002) is clear" in text
    assert not text.startswith("Best")


def test_where_the_gradient_stands_is_said() -> None:
    text = said(measure("family", 0.5, 0.001), measure("topic", 0.4, 0.01, behind=(0.1, VAGUE)),
                measure("gradient", 0.3, 0.02, behind=(0.2, CLEAR)))
    assert "the gradient is number 3 (.30), clearly behind (.20, .02 to .30)" in text


def test_one_measure_alone() -> None:
    assert said(measure("gradient", 0.5, 0.001)).startswith("The gradient predicts transfer: mean")
    assert said(measure("gradient", 0.5, 0.2)).startswith("The gradient does not clearly predict")
    assert "none of 1 measure varies" in said(measure("gradient", None, None))


def test_long_and_hostile_titles_stay_within_the_sentence() -> None:
    rivals = [measure(f"imported.{at}", 0.4, 0.01, HOSTILE[at % len(HOSTILE)] * 9,
                      behind=(0.1, VAGUE)) for at in range(5)]
    text = said(measure("imported.x", 0.5, 0.001, HOSTILE[0] * 9), *rivals)
    assert "\n" not in text


def test_an_imported_measure_keeps_its_capitals() -> None:
    assert measure_phrase({"name": "imported.x", "title": "XLM-R"}) == "XLM-R"
    assert measure_phrase({"name": "family", "title": "Genealogy"}) == "genealogy"


# readings

def reading(value: float | None, p: float | None, **levels: str) -> dict[str, Any]:
    return {"preconditioner": "none", "reading": "cosine_of_mean", "correction": "raw",
            "blocks": "encoder", "snapshot": "last", **levels,
            "target_spearman": {"value": value, "interval": None, "p": p, "p_corrected": p}}


def told(readings: list[dict[str, Any]], scored: float | None = 0.2) -> str:
    choice = None if scored is None else {
        "scored": {"mean": scored}, "fixed": {"default": {"mean": 0.3}}}
    fixed = [{**readings[-1], "name": "default", "rank": len(readings)}]
    text = readings_verdict({"readings": readings, "choice": choice, "fixed": fixed,
                             "languages": [{}] * 6})
    assert len(text) <= 300
    return text


def test_readings_in_one_sentence() -> None:
    text = told([reading(0.6, 0.01, correction="centred"), reading(0.4, 0.1)])
    assert text == ("The highest of 2 readings (centred, encoder) has a mean rank correlation of "
                    ".60 (p = .010 corrected for all); chosen on half of the languages, a reading "
                    "has .20 on the other half, the study's default .30; on all languages the "
                    "default has .40 (rank 2).")
    assert "which may be chance" in told([reading(0.6, 0.3)])
    assert "too few languages (6)" in told([reading(0.6, 0.01)], scored=None)
    assert "Nothing can be said" in told([reading(None, None)])
