"""The report of an experiment: the verdict first, then every number it rests on.

Conventions
-----------
Everything is read from the content of the experiment's JSON, so a report can be made anew without
the study. Scores are fractions there, percent and percentage points here; the CSV keeps fractions.
Every text that comes from data or a plan goes through `prose_text` and never starts a line, so it
can make neither links, pictures, HTML nor lists; in the CSV it cannot make a formula.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gradsim_core.experiments.verdict import metric_name, percent, phrase, points, points_between
from gradsim_core.scores.majority import LEARNED
from gradsim_core.spreadsheet import csv_text, plain_text

_MARKUP = re.compile(r"([\\`*_\[\]{}<>|~&$!#^])")
_LIVE = re.compile(r"(?<=@)|(?<=:)(?=\S)|(?<=www)(?=\.)", re.IGNORECASE)
_SHOWN_GAINS = ("all_languages", "monolingual", "random")

STRATEGIES_FIGURE, LANGUAGES_FIGURE = "strategies.svg", "languages.svg"


def prose_text(text: object, longest: int = 400) -> str:
    r"""The text as Markdown in the middle of a line: shown and nothing else, readable as it stands.

    Addresses and emoji codes, which renderers find after escapes are gone, are cut by a zero-width
    space.

    Examples
    --------
    >>> prose_text("Norwegian (Bokmål): 71.3"), prose_text("![x](y)")
    ('Norwegian (Bokmål): 71.3', '\\!\\[x\\](y)')
    """
    return _MARKUP.sub(r"\\\1", _LIVE.sub("\u200b", plain_text(text, longest)))


def report_markdown(content: Mapping[str, Any], figures: Collection[str] = ()) -> str:
    """Write the readable report of an experiment's content.

    Parameters
    ----------
    figures : names of the files of `figures.report_figures` that will lie beside the report
    """
    title = f"# Does grouping help? {prose_text(content['study']['name'], 80)}"
    sections = [title, f"**{prose_text(content['verdict'])}**", _strategies_section(content),
                _figure(STRATEGIES_FIGURE, "Scores of the strategies with intervals", figures),
                _groups_section(content), _languages_section(content),
                _figure(LANGUAGES_FIGURE, "What each language gains", figures),
                _left_out(content), _method_section(content)]
    return "\n\n".join(filter(None, sections)) + "\n"


def report_csv(content: Mapping[str, Any]) -> str:
    """All scores, one a line, as fractions.

    Lines are strategies by seed and language (the random groupings averaged over their draws),
    then the mean of each random draw. ``group`` holds the codes trained with the language.
    """
    return csv_text([["strategy", "draw", "seed", "code", "name", "score", "group"],
                     *_score_rows(content)])


def summary_rows(content: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row a strategy, as plain text for a table; the keys are its headings.

    What does not apply or is not known is an en dash.
    """
    others = [name for name in _SHOWN_GAINS
              if any(name in strategy["gains"] for strategy in content["strategies"])]
    titles = {strategy["name"]: strategy["title"] for strategy in content["strategies"]}
    standing = content["random"] or {"percentile": {}, "p": {}}
    rows = []
    for strategy in content["strategies"]:
        name, cost = strategy["name"], strategy["cost"]
        mark = " †" if strategy["uses_test_scores"] else ""
        rank = standing["percentile"].get(name)
        rows.append({
            "strategy": plain_text(strategy["title"], 60) + mark,
            f"{metric_name(content['metric'])}, %": percent(strategy["mean"]),
            "95% interval": _percent_between(strategy["interval"]),
            **{f"over {phrase(other, titles)}": _gain(strategy["gains"].get(other))
               for other in others},
            **({"of random groupings it beats": "–" if rank is None else
                f"{100 * rank:.0f}% (p = {standing['p'][name]:.2g})"} if content["random"] else {}),
            "models": str(cost["models"]), "examples": f"{cost['examples']:,}",
            "minutes": "–" if cost["minutes"] is None else f"{cost['minutes']:.1f}"})
    return rows


def _figure(name: str, words: str, figures: Collection[str]) -> str:
    return f"![{words}]({name})" if name in figures else ""


def _gain(gain: Mapping[str, Any] | None) -> str:
    if gain is None:
        return "–"
    between = points_between(gain["interval"])
    return f"{points(gain['mean'])} ({between}), {gain['wins']}/{gain['of']}"


def _percent_between(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else " to ".join(map(percent, interval))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table of cells that are Markdown already; all but `left` columns to the right.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [["x", "1"]]))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    rule = ["---" if i < left else "---:" for i in range(len(header))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def _strategies_section(content: Mapping[str, Any]) -> str:
    rows = summary_rows(content)
    notes = ["Gains are percentage points with their 95% interval, then the languages that gain of "
             "those compared. An interval that holds zero shows no clear difference."]
    if any(strategy["uses_test_scores"] for strategy in content["strategies"]):
        notes.append("† grouped by test scores of one model a language: to compare, no method.")
    if content.get("random"):
        notes.append("The gain over random groupings is over their average; the share says how "
                     "many single groupings are beaten, ties counting half.")
    return "\n\n".join(["## Strategies", markdown_table(
        [prose_text(key) for key in rows[0]],
        [[prose_text(cell) for cell in row.values()] for row in rows]), " ".join(notes)])


def _names(content: Mapping[str, Any]) -> dict[str, str]:
    return {one["code"]: one["name"] for one in content["languages"]}


def _groups_section(content: Mapping[str, Any]) -> str:
    names, parts = _names(content), ["## Groups"]
    for strategy in content["strategies"]:
        groups = strategy["groups"]
        how = f": {prose_text(strategy['how'])}" if strategy["how"] else ""
        head = f"**{prose_text(strategy['title'], 60)}**{how}"
        if groups is None:
            draws = len(content["random"]["means"]) if content.get("random") else 0
            parts.append(f"{head}. {counted(draws, 'draw')}; every grouping is in the JSON.")
        elif len(groups) == 1 or all(len(group) == 1 for group in groups):
            parts.append(f"{head}. {counted(len(groups), 'model')}.")
        else:
            parts.append("\n".join([head, "", *(
                f"{i}. *{counted(len(group), 'language')}:* "
                + ", ".join(prose_text(names.get(code, code), 60) for code in group)
                for i, group in enumerate(groups, 1))]))
    return "\n\n".join(parts)


def _languages_section(content: Mapping[str, Any]) -> str:
    strategies = content["strategies"]
    fair = [not strategy["uses_test_scores"] for strategy in strategies]
    rows = []
    for i, language in enumerate(content["languages"]):
        shown = [percent(strategy["per_language"][i]["mean"]) for strategy in strategies]
        best = max((float(cell) for cell, counts in zip(shown, fair, strict=True) if counts),
                   default=None)
        rows.append([f"{prose_text(language['name'], 60)} ({prose_text(language['code'], 20)})", *(
            f"**{cell}**" if counts and float(cell) == best else cell
            for cell, counts in zip(shown, fair, strict=True))])
    header = ["language", *(prose_text(strategy["title"], 60) for strategy in strategies)]
    seeds = counted(len(content["seeds"]), "seed")
    return "\n\n".join([
        "## Languages", f"Mean {prose_text(metric_name(content['metric']))} over {seeds}, in "
        "percent. The best of each line is bold; what was chosen on test scores is not in the "
        "running. With three seeds or more the JSON holds an interval for every cell.",
        markdown_table(header, rows)])


def _left_out(content: Mapping[str, Any]) -> str:
    if not content["left_out"]:
        return ""
    names = _names(content)
    return "\n".join(["## Left out", "", *(
        f"- Language {prose_text(one.get('name') or names.get(one['code'], one['code']), 60)}: "
        f"{prose_text(one['reason'])}" for one in content["left_out"])])


def _method_section(content: Mapping[str, Any]) -> str:
    study, budget, languages = content["study"], content["budget"], content["languages"]
    seeds = ", ".join(str(seed) for seed in content["seeds"])
    one_seed = " One seed: the intervals answer for the choice of languages alone."
    lines = [
        "- **Equal budget.** Under every strategy each of the "
        f"{counted(len(languages), 'language')} gives {budget['examples']:,} of its own examples "
        f"({budget['steps']:,} steps of {budget['batch_size']:,}, repeats included)." + (
            f" Training may stop early (patience {budget['patience']}), so budgets are equal at "
            "most." if budget["patience"] else "") + (
            f" Before that, {budget['adaptation_steps']:,} masked-language steps."
            if budget["adaptation_steps"] else "") + (
            " Where groups overlap, a language gives as many to each group that holds it."
            if any(map(_overlap, content["strategies"])) else ""),
        f"- **Scores.** On the {prose_text(content['split'], 20)} split, of the model that serves "
        f"the language; seeds {seeds}. Choices were made without it, except where marked †.",
        "- **Intervals.** 95%, paired by seed and language, from a bootstrap of the effects of "
        "seeds, languages and random draws, widened for small numbers (Satterthwaite); not "
        f"corrected for the number of comparisons.{one_seed if len(content['seeds']) == 1 else ''}",
        f"- **Study.** Signature `{code_text(study['signature'])}`, model "
        f"{prose_text(study['model'], 200)}, task {prose_text(study['task'], 40)}; experiment "
        f"`{code_text(content['id'])}`."]
    majority = content.get("majority")
    if majority:
        lines.append(f"- **Majority.** Always giving the most frequent label of a language's "
                     f"training rows scores {percent(majority['mean'])}%"
                     + ("." if majority["learned"] else ", which no strategy is above by more than "
                        f"{100 * LEARNED:.0f} points: the models have not learned the task."))
    versions = content.get("versions") or {}
    if versions:
        lines.append("- **Versions.** " + ", ".join(
            f"{prose_text(name, 40)} {prose_text(version, 40)}"
            for name, version in versions.items()) + ".")
    return "\n".join(["## Method", "", *lines])


def _overlap(strategy: Mapping[str, Any]) -> bool:
    codes = [code for group in strategy["groups"] or () for code in group]
    return len(codes) > len(set(codes))


def code_text(text: object) -> str:
    """Letters and digits for between backticks."""
    return re.sub(r"[^0-9A-Za-z]", "", str(text))[:64]


def counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _score_rows(content: Mapping[str, Any]) -> Iterator[list[object]]:
    names = _names(content)
    for strategy in content["strategies"]:
        groups = [" ".join(group) for group in strategy["groups"] or ()]
        for seed, scores in zip(content["seeds"], strategy["scores"], strict=True):
            for (code, name), score in zip(names.items(), scores, strict=True):
                mine = [group for group in groups if code in group.split()]
                yield [strategy["name"], None, seed, code, name, score, "; ".join(mine)]
    for draw, mean in enumerate((content.get("random") or {"means": ()})["means"]):
        yield ["random", draw, None, None, None, mean, None]
