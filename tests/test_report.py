"""The report of an experiment: readable, complete, and harmless whatever the names."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from made_up_studies import HOSTILE
from markdown_it import MarkdownIt

from gradsim_core.experiments.comparison import RANDOM, compare
from gradsim_core.experiments.report import prose_text, report_csv, report_markdown, summary_rows
from gradsim_core.experiments.verdict import verdict

CODES = ("dan", "deu", "nld", "swe")
NAMES = ("Danish", "German", "Dutch", "Swedish")
GROUPS: dict[str, list[list[str]] | None] = {
    "gradient": [["dan", "swe"], ["deu", "nld"]], "all_languages": [list(CODES)],
    "monolingual": [[code] for code in CODES], RANDOM: None, "oracle": [["dan", "deu", "nld"],
                                                                       ["swe"]]}
TITLES = {"gradient": "Gradient groups", "all_languages": "One model for all",
          "monolingual": "One model a language", RANDOM: "Random groupings",
          "oracle": "Oracle groups"}


def made_up_content(names: tuple[str, ...] = NAMES, *, n_seeds: int = 3, n_draws: int = 20,
                    left_out: str = "no test rows", titles: dict[str, str] = TITLES,
                    ) -> dict[str, Any]:
    """The content of an experiment that was never run."""
    draw = np.random.default_rng(0)
    base = draw.uniform(0.5, 0.8, len(CODES))
    scores = {name: base + gain + 0.005 * draw.normal(size=(n_seeds, len(CODES)))
              for name, gain in (("gradient", 0.03), ("all_languages", 0), ("monolingual", 0.025),
                                 (RANDOM, 0.0), ("oracle", 0.1))}
    draws = base + 0.01 * draw.normal(size=(n_draws, n_seeds, len(CODES))) if n_draws else None
    if draws is None:
        del scores[RANDOM]
    else:
        scores[RANDOM] = draws.mean(axis=0)
    found = compare(scores, draws, resamples=999)
    strategies = [{
        "name": name, "title": titles[name], "how": "exact, K = 2" if name == "gradient" else "",
        "groups": GROUPS[name], "uses_test_scores": name == "oracle", "scores": table.tolist(),
        **asdict(found.strategies[name]),
        "per_language": [{"code": code, **asdict(estimate)} for code, estimate in
                         zip(CODES, found.per_language[name], strict=True)],
        "gains": {other: asdict(gain) for other, gain in found.gains[name].items()},
        "cost": {"models": len(GROUPS[name] or [1] * 40), "examples": 69_120, "minutes": 2.14},
    } for name, table in scores.items()]
    return {
        "$schema": "x", "id": "fedcba9876543210",
        "study": {"signature": "0123456789abcdef", "name": "names of places", "source": "builtin",
                  "model": "tiny-bytes", "task": "sequence", "metric": "accuracy"},
        "plan": {}, "metric": "accuracy", "split": "test",
        "budget": {"steps": 60, "batch_size": 16, "patience": 0, "adaptation_steps": 0,
                   "examples": 960},
        "languages": [{"code": code, "name": name} for code, name in
                      zip(CODES, names, strict=True)],
        "left_out": [{"code": "fra", "name": "French", "reason": left_out}],
        "seeds": list(range(n_seeds)),
        "strategies": strategies, "dev": {},
        "random": asdict(found.random) | {"draws": n_draws, "groupings": []} if found.random
                  else None,
        "verdict": verdict(found, "gradient", "accuracy", titles)}


def section(report: str, title: str) -> str:
    return report.split(f"## {title}\n", 1)[1].split("\n## ", maxsplit=1)[0]


def test_the_verdict_comes_first() -> None:
    content = made_up_content()
    lines = report_markdown(content).splitlines()
    assert lines[0] == "# Does grouping help? names of places"
    assert lines[2] == f"**{content['verdict']}**", "nothing in it needs an escape"


def test_the_strategies_table_holds_the_numbers_of_the_content() -> None:
    content = made_up_content()
    rows = summary_rows(content)
    assert [row["strategy"] for row in rows] == [
        "Gradient groups", "One model for all", "One model a language", "Random groupings",
        "Oracle groups †"]
    first, gain = rows[0], content["strategies"][0]["gains"]["all_languages"]
    assert first["accuracy, %"] == f"{100 * content['strategies'][0]['mean']:.1f}"
    assert first["over one model for all"] == (
        f"+{100 * gain['mean']:.1f} (+{100 * gain['interval'][0]:.1f} to "
        f"+{100 * gain['interval'][1]:.1f}), 4/4")
    assert rows[1]["over one model for all"] == "–", "nothing gains over itself"
    assert rows[1]["over one model a language"].startswith("−2.")
    assert first["of random groupings it beats"] == "100% (p = 0.048)"
    assert rows[3]["of random groupings it beats"] == "–"
    assert (first["models"], first["examples"], first["minutes"]) == ("2", "69,120", "2.1")
    report = section(report_markdown(content), "Strategies")
    assert "| Gradient groups | " + " | ".join(list(first.values())[1:]) + " |" in report
    assert "† grouped by test scores" in report


def test_columns_go_with_what_was_compared() -> None:
    rows = summary_rows(made_up_content(n_draws=0))
    assert "over random groupings" not in rows[0]
    assert "of random groupings it beats" not in rows[0]
    report = report_markdown(made_up_content(n_draws=0))
    assert "ties counting half" not in report


def test_groups_are_listed_by_name() -> None:
    groups = section(report_markdown(made_up_content()), "Groups")
    assert "**Gradient groups**: exact, K = 2" in groups
    assert "1. *2 languages:* Danish, Swedish\n2. *2 languages:* German, Dutch" in groups
    assert "**One model for all**. 1 model." in groups
    assert "**One model a language**. 4 models." in groups
    assert "**Random groupings**. 20 draws" in groups
    assert "2. *1 language:* Swedish" in groups


def test_the_best_of_each_language_is_bold_and_the_oracle_not_in_the_running() -> None:
    content = made_up_content()
    for fair, oracle in zip(content["strategies"][0]["per_language"],
                            content["strategies"][-1]["per_language"], strict=True):
        oracle["mean"] = fair["mean"]
    lines = [line for line in section(report_markdown(content), "Languages").splitlines()
             if re.match(r"\| \w+ \(\w{3}\)", line)]
    assert len(lines) == 4
    for i, line in enumerate(lines):
        cells = [cell.strip() for cell in line.strip("|").split("|")][1:]
        means = [strategy["per_language"][i]["mean"] for strategy in content["strategies"]]
        assert [float(cell.strip("*")) for cell in cells] == pytest.approx(
            [100 * mean for mean in means], abs=0.051)
        bold = [float(cell.strip("*")) for cell in cells if cell.startswith("**")]
        assert bold
        assert set(bold) == {max(float(cell.strip("*")) for cell in cells[:-1])}
        assert not cells[-1].startswith("*")


def test_what_was_left_out_and_how_it_was_done() -> None:
    content = made_up_content()
    content["versions"] = {"torch": "2.5.1"}
    report = report_markdown(content)
    assert "- Language French: no test rows" in section(report, "Left out")
    method = section(report, "Method")
    for words in ("4 languages gives 960 of its own examples (60 steps of 16", "seeds 0, 1, 2",
                  "`0123456789abcdef`", "`fedcba9876543210`", "tiny-bytes", "torch 2.5.1"):
        assert words in method
    assert "stop early" not in method
    assert "One seed" not in method
    assert "## Left out" not in report_markdown({**content, "left_out": []})


def test_unequal_budgets_and_one_seed_are_owned_up_to() -> None:
    content = made_up_content(n_seeds=1)
    content["budget"] |= {"patience": 3, "adaptation_steps": 1500}
    method = section(report_markdown(content), "Method")
    assert "budgets are equal at most" in method
    assert "1,500 masked-language steps" in method
    assert "One seed: the intervals answer for the choice of languages alone" in method


def test_overlapping_groups_cost_more_and_the_report_says_so() -> None:
    content = made_up_content()
    line = "Where groups overlap, a language gives as many to each"
    assert line not in report_markdown(content)
    first = content["strategies"][0]
    first["groups"] = [*first["groups"], first["groups"][0][:1]]
    assert line in section(report_markdown(content), "Method")


# --- hostile names


def hostile_content() -> dict[str, Any]:
    content = made_up_content(HOSTILE[:4], left_out="# x\n\n| a | b |\n" + HOSTILE[4],
                              titles={**TITLES, "gradient": "a|b" + HOSTILE[1]})
    content["study"] |= {"name": HOSTILE[5], "model": HOSTILE[0], "task": HOSTILE[1],
                         "signature": "`" + HOSTILE[2]}
    content["strategies"][0]["how"] = "\n\n- " + HOSTILE[2] + " https://x.example a@b.example"
    content["verdict"] = "x\n\n<script>alert(1)</script> [a](http://b.example)"
    content["versions"] = {HOSTILE[1]: HOSTILE[0]}
    return content


def test_hostile_names_stay_text() -> None:
    report = report_markdown(hostile_content())
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(report)
    kinds = {one.type for token in tokens for one in [token, *(token.children or [])]}
    assert {"table_open", "strong_open", "heading_open"} <= kinds, "the report's own markup"
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "fence", "code_block",
                        "blockquote_open", "hr", "s_open"}
    text = "".join(one.content for token in tokens for one in token.children or [])
    for live in ("://", "www.", "@b", ":red"):
        assert live not in text, "found again by plugins after escapes are gone"
    assert "![x](" in text, "the name itself is shown"


def test_hostile_names_break_no_table() -> None:
    plain, hostile = (MarkdownIt("commonmark").enable("table").parse(report_markdown(content))
                      for content in (made_up_content(), hostile_content()))
    for kind in ("table_open", "tr_open", "td_open", "heading_open", "ordered_list_open",
                 "bullet_list_open"):
        assert [t.type for t in hostile].count(kind) == [t.type for t in plain].count(kind) > 0


@pytest.mark.parametrize("name", [*HOSTILE, "| a | b |", "a@b.example", "https://x.example",
                                  ":smile:", "[a]: b", "~~x~~", "&lt;", "\\"])
def test_prose_is_shown_as_it_is(name: str) -> None:
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parseInline(
        f"x {prose_text(name)}")[0].children
    assert {token.type for token in rendered} <= {"text", "text_special"}
    assert "".join(token.content for token in rendered).replace("\u200b", "") == f"x {name}"


# --- CSV


def test_the_csv_holds_every_score() -> None:
    content = made_up_content()
    rows = list(csv.DictReader(io.StringIO(report_csv(content))))
    assert list(rows[0]) == ["strategy", "draw", "seed", "code", "name", "score", "group"]
    cells, draws = rows[:5 * 3 * 4], rows[5 * 3 * 4:]
    for strategy in content["strategies"]:
        mine = [row for row in cells if row["strategy"] == strategy["name"]]
        assert [(row["seed"], row["code"]) for row in mine] == [
            (str(seed), code) for seed in range(3) for code in CODES]
        assert [float(row["score"]) for row in mine] == list(np.ravel(strategy["scores"]))
    assert {row["code"]: row["group"] for row in cells if row["strategy"] == "gradient"} == {
        "dan": "dan swe", "swe": "dan swe", "deu": "deu nld", "nld": "deu nld"}
    assert [(row["strategy"], int(row["draw"]), float(row["score"])) for row in draws] == [
        (RANDOM, draw, mean) for draw, mean in enumerate(content["random"]["means"])]
    assert len(draws) == 20


def test_the_csv_holds_no_formula() -> None:
    content = made_up_content(HOSTILE[:4])
    content["strategies"][0]["name"] = "@SUM(A1)"
    rows = list(csv.reader(io.StringIO(report_csv(content))))
    assert "'" + HOSTILE[3] in {row[4] for row in rows}
    assert "'@SUM(A1)" in {row[0] for row in rows}
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@")]
