"""What an experiment says around its charts: methods, labels and small tables, as plain text.

Conventions
-----------
Functions are pure and return plain text; who shows it escapes it. Scores are fractions in the
content, percent here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.escaping import plain_text
from dashboard.figures.strategies import MOST_WITH_INTERVALS, Measured, StrategyText
from dashboard.words.summaries import count
from gradsim_core import metric_name, percent, phrase, summary_rows

STRATEGIES = {
    "gradient": ("Gradient groups", "What the gradients suggest."),
    "monolingual": ("One model a language", "No language helps another."),
    "all_languages": ("One model for all", "The usual multilingual model."),
    "family": ("Family groups", "By the family tree alone."),
    "random": ("Random groups", "Of the same sizes, drawn by lot."),
    "oracle": ("Oracle groups", "By transfer measured on test: no method."),
}
"""Strategy -> its title, and what it is."""

COSTS = ("Models", "Examples", "Minutes")


def run_words(title: str) -> str:
    """What a run of trainings is called, its strategy in words.

    Examples
    --------
    >>> run_words("gradient, 3 seeds"), run_words("hand, 1 seed"), run_words("deu nld")
    ('Gradient groups, 3 seeds', 'Hand-made groups, 1 seed', 'deu nld')
    """
    name, comma, seeds = title.partition(", ")
    words = {"hand": "Hand-made groups", **{one.replace("_", " "): known for one, (known, _)
                                            in STRATEGIES.items()}}
    return f"{words.get(name, name)}{comma}{seeds}"


def chart_text(content: Mapping[str, Any], study: str, *, over: str = "",
               by_language: bool = False) -> StrategyText:
    """Title, axis and method lines of a chart.

    Parameters
    ----------
    study : its name, short enough for a title
    over : strategy over which gains are drawn; "" for scores
    by_language : whether each language is drawn, not their mean
    """
    metric = metric_name(content["metric"])
    what = f"gain over {phrase(over, _titles(content))}" if over else metric
    unit = "percentage points" if over else "%"
    title = f"{what[:1].upper()}{what[1:]}{', language by language' if by_language else ''}"
    return StrategyText(
        f"{title}: {study}", f"{metric} on {content['split']}, {unit}" if not over else
        f"{what}, {unit} of {metric}",
        (budget_line(content), _interval_line(content, over, by_language),
         _marks_line(content, by_language)))


def budget_line(content: Mapping[str, Any]) -> str:
    """That every strategy had the same examples, seeds and languages."""
    budget, seeds = content["budget"], content["seeds"]
    early = f", stopped early with patience {budget['patience']}" if budget["patience"] else ""
    return (f"Equal budget: {budget['examples']:,} examples a language under every strategy "
            f"({budget['steps']:,} steps of {budget['batch_size']:,}{early}); "
            f"{count(len(content['languages']), 'language')}; "
            f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}")


def _interval_line(content: Mapping[str, Any], over: str, by_language: bool) -> str:
    n = len(content["seeds"])
    if by_language:
        if len(content["languages"]) > MOST_WITH_INTERVALS:
            return f"Means over {count(n, 'seed')}; the intervals are in the JSON"
        return (f"Lines: 95% intervals over {n} seeds (Student's t)" if n > 2 else
                "No intervals: they take three seeds")
    sampled = "seeds and languages" if n > 1 else "languages alone, as there is one seed"
    return f"Lines: 95% intervals, bootstrap over {sampled}" + (
        ", paired" if over else
        ", whose levels differ: compare strategies by their gains")


def _marks_line(content: Mapping[str, Any], by_language: bool) -> str:
    random = content.get("random")
    line = "; ".join(filter(None, (
        f"faint dots: {count(random['draws'], 'random grouping')}"
        if random and not by_language else "",
        "† chosen on test scores" if any(one["uses_test_scores"] for one in content["strategies"])
        else "", f"study {content['study']['signature']}", f"experiment {content['id']}")))
    return line[:1].upper() + line[1:]


def experiment_label(content: Mapping[str, Any]) -> str:
    """One line that tells an experiment from a study's others."""
    first, several = content["strategies"][0], len(content["strategies"])
    how = f" ({first['how']})" if first["how"] else ""
    return plain_text(f"{first['title']}{how}, against {several - 1} · "
                      f"{count(len(content['seeds']), 'seed')} · {content['id'][:8]}", 120)


def facts_line(content: Mapping[str, Any]) -> str:
    """What the verdict rests on."""
    random, budget, majority = content.get("random"), content["budget"], content.get("majority")
    return " · ".join(filter(None, (
        count(len(content["languages"]), "language"), count(len(content["seeds"]), "seed"),
        count(random["draws"], "random grouping") if random else "",
        f"{budget['examples']:,} examples a language under every strategy",
        f"{metric_name(content['metric'])} on {content['split']}",
        f"the most frequent label alone scores {percent(majority['mean'])}%" if majority else "")))


def strategy_table(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The rows of the report's table, as columns."""
    rows = summary_rows(content)
    return {f"{key[:1].upper()}{key[1:]}": [row[key] for row in rows] for key in rows[0]}


def result_table(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The columns of `strategy_table` that say what came out; what it took is `cost_table`."""
    return {key: values for key, values in strategy_table(content).items() if key not in COSTS}


def cost_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What each strategy takes with one seed: models, their examples, minutes of training them."""
    costs = [one["cost"] for one in content["strategies"]]
    return {"Strategy": strategy_table(content)["Strategy"],
            **{key: [one[key.lower()] for one in costs] for key in COSTS}}


def strategy_numbers(content: Mapping[str, Any], over: str = "") -> dict[str, list[Any]]:
    """What the chart of strategies draws: means and ends of intervals, in percent or points."""
    columns: dict[str, list[Any]] = {"Strategy": [], "Mean": [], "Low": [], "High": []}
    for one in content["strategies"]:
        found = one["gains"].get(over) if over else one
        if found is None:
            continue
        low, high = found["interval"] or (None, None)
        row = (plain_text(one["title"], 60), *(None if value is None else round(100 * value, 2)
                                               for value in (found["mean"], low, high)))
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    return columns


def language_table(content: Mapping[str, Any],
                   gains: Mapping[str, Sequence[Measured]] | None) -> dict[str, list[Any]]:
    """Mean score, or gain, of every strategy on each language."""
    columns: dict[str, list[Any]] = {
        "Language": [plain_text(one["name"], 60) for one in content["languages"]],
        "Code": [plain_text(one["code"], 20) for one in content["languages"]]}
    for one in content["strategies"]:
        if gains is None:
            values = [100 * row["mean"] for row in one["per_language"]]
        elif one["name"] in gains:
            values = [value.mean for value in gains[one["name"]]]
        else:
            continue
        columns[plain_text(one["title"], 40)] = [round(value, 2) for value in values]
    return columns


def group_table(content: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The groups of every strategy, by name, one a row."""
    names = {one["code"]: one["name"] for one in content["languages"]}
    rows: list[tuple[str, str, int | None, str]] = []
    for one in content["strategies"]:
        title, groups = plain_text(one["title"], 40), one["groups"]
        if groups is None:
            draws = (content.get("random") or {"draws": 0})["draws"]
            rows.append((title, "–", None, f"{count(draws, 'grouping')}, all of them in the JSON"))
        elif len(groups) > 1 and all(len(group) == 1 for group in groups):
            rows.append((title, "–", 1, "each language alone"))
        elif len(groups) == 1:
            rows.append((title, "1", len(groups[0]), "all languages together"))
        else:
            rows += [(title, str(at), len(group), plain_text(", ".join(
                f"{names.get(code, code)} ({code})" for code in group), 2000))
                for at, group in enumerate(groups, 1)]
    columns = zip(*rows, strict=True)
    return dict(zip(("Strategy", "Group", "Size", "Languages"), map(list, columns), strict=True))


def _titles(content: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["title"] for one in content["strategies"]}
