"""The sentence that says how strategies compare, and its numbers."""

from __future__ import annotations

import numpy as np
import pytest
from comparison_cases import made_up, made_up_draws

from gradsim_core.experiments.comparison import Comparison, Gain, compare
from gradsim_core.experiments.verdict import points, points_between, verdict


def found_with(gains: dict[str, Gain], *, n_seeds: int = 3, random_below: int | None = None,
               mean: float = 0.713) -> Comparison:
    """A comparison that says just this of the strategy "gradient"."""
    draws = None
    if random_below is not None:
        draws = np.repeat([0.1, 0.9], [random_below, 20 - random_below])[:, None, None]
    random = compare({"gradient": np.full((1, 1), mean)}, draws).random
    found = compare({"gradient": np.full((n_seeds, 2), mean)})
    return Comparison(n_seeds, 2, found.strategies, found.per_language, {"gradient": gains}, random)


BETTER = Gain(0.018, (0.009, 0.026), 11, 12)
WORSE = Gain(-0.012, (-0.02, -0.004), 2, 12)
NEITHER = Gain(0.004, (-0.003, 0.012), 7, 12)


def test_verdict_of_better_and_no_difference() -> None:
    found = found_with({"all_languages": BETTER, "monolingual": NEITHER}, random_below=19)
    assert verdict(found, "gradient", "accuracy") == (
        "Gradient groups score 71.3% accuracy: better than one model for all (+1.8 points, 95% "
        "interval +0.9 to +2.6), no clear difference from one model a language (+0.4, −0.3 to "
        "+1.2), and above 19 of 20 random groupings (p = 0.095: no clear difference).")


def test_verdict_of_worse() -> None:
    found = found_with({"all_languages": WORSE, "monolingual": WORSE})
    assert verdict(found, "gradient", "weighted_f1") == (
        "Gradient groups score 71.3 weighted F1: worse than one model for all (−1.2 points, 95% "
        "interval −2.0 to −0.4) and one model a language (−1.2, −2.0 to −0.4).")


def test_verdict_without_any_difference() -> None:
    found = found_with({"all_languages": NEITHER, "family": NEITHER})
    text = verdict(found, "gradient", "macro_f1")
    assert "better" not in text
    assert "worse" not in text
    assert "no clear difference from one model for all (+0.4 points, 95% interval −0.3 to +1.2) " \
           "or family groups (+0.4, −0.3 to +1.2)." in text


@pytest.mark.parametrize(("below", "words"), [
    (20, "better than all of 20 random groupings (p = 0.048)"),
    (19, "above 19 of 20 random groupings (p = 0.095: no clear difference)"),
    (0, "above none of 20 random groupings (p = 1: no clear difference)")])
def test_random_groupings_are_beaten_only_beyond_chance(below: int, words: str) -> None:
    text = verdict(found_with({"all_languages": NEITHER}, random_below=below), "gradient",
                   "accuracy")
    assert words in text
    assert ("better than" in text) == (below == 20)


def test_verdict_owns_up_to_one_seed_and_to_no_interval() -> None:
    found = found_with({"all_languages": Gain(0.01, None, 1, 1)}, n_seeds=1)
    assert verdict(found, "gradient", "accuracy") == (
        "Gradient groups score 71.3% accuracy: no interval for the difference from one model for "
        "all (+1.0 points), and all of this with one seed.")


def test_verdict_names_other_strategies_by_title_and_stays_short() -> None:
    titles = {"mine": "By\nhand " + "x" * 500}
    text = verdict(found_with({"mine": BETTER}), "gradient", "accuracy", titles)
    assert "better than By hand xxx" in text
    gains = {name: NEITHER for name in ("all_languages", "monolingual", "family")}
    for metric in ("accuracy", "x" * 400):
        text = verdict(found_with(gains, n_seeds=1, random_below=3), "gradient", metric)
        assert len(text) <= 300
        assert "one model for all" in text
        assert text.endswith(".")


def test_verdict_of_one_strategy_alone() -> None:
    assert verdict(found_with({}), "gradient", "entity_f1") == (
        "Gradient groups score 71.3 entity F1.")


def test_verdict_agrees_with_the_numbers_from_end_to_end() -> None:
    scores = made_up(3, 12, gain=0.05)
    found = compare(scores, made_up_draws(scores["family"]))
    gain = points(found.gains["gradient"]["all_languages"].mean)
    assert gain[:2] in ("+4", "+5")
    assert f"better than one model for all ({gain} points" in verdict(found, "gradient", "accuracy")
    assert f"worse than gradient groups (−{gain[1:]} points" in verdict(
        found, "all_languages", "accuracy", against=("gradient",))


@pytest.mark.parametrize(("fraction", "shown"), [
    (0.018, "+1.8"), (-0.003, "−0.3"), (0.0004, "0.0"), (-0.0004, "0.0"), (0.0, "0.0")])
def test_points_have_true_signs(fraction: float, shown: str) -> None:
    assert points(fraction) == shown


def test_a_narrow_clear_interval_shows_that_it_holds_no_zero() -> None:
    assert points_between((-0.011, -0.0002)) == "−1.10 to −0.02"
    assert points_between((-0.011, 0.0002)) == "−1.1 to 0.0"
    assert points_between(None) == "no interval"
