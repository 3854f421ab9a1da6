"""Value beyond controls: against scikit-learn language by language, and MRQAP over every order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference_statistics import ref_adjusted, ref_left_out_r2, ref_mrqap_p, ref_pairs, ref_r2
from statistics_cases import symmetric

from gradsim_core.errors import DataError
from gradsim_core.statistics import incremental_value

FEW = 199


def made_up_controls(n: int = 9, *, own: float = 1.0, seed: int = 0, missing: int = 0
                     ) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """A similarity that goes with two controls, and a transfer of all three."""
    draw = np.random.default_rng(seed)
    family, lexical, new = symmetric(draw.normal(size=(3, n, n)))
    near = family + lexical + new
    gained = family + own * new + draw.normal(size=(n, n)) + 2 * draw.normal(size=n)
    for table in (near, lexical, gained):
        cells = np.flatnonzero(~np.eye(n, dtype=bool))
        table.ravel()[draw.choice(cells, missing, replace=False)] = np.nan
    return near, {"family": family, "lexical": lexical}, gained


@pytest.mark.parametrize("missing", [0, 4])
@pytest.mark.parametrize("adjust", ["none", "target", "both"])
def test_as_scikit_learn_predicts_each_language(adjust: str, missing: int) -> None:
    near, controls, gained = made_up_controls(missing=missing)
    pairs = ref_pairs(near, gained, *controls.values())
    shared = [np.full(near.shape, np.nan) for _ in range(4)]
    for copy, table in zip(shared, (gained, near, *controls.values()), strict=True):
        for pair in pairs:
            copy[pair] = table[pair]
    y, x, *z = (ref_adjusted(table, adjust) for table in shared)
    found = incremental_value(near, controls, gained, adjust=adjust, permutations=FEW)
    assert found.error_controls == pytest.approx(ref_left_out_r2(z, y, pairs), abs=1e-6)
    assert found.error_both == pytest.approx(ref_left_out_r2([*z, x], y, pairs), abs=1e-6)
    assert found.gain == pytest.approx(found.error_both - found.error_controls)
    assert (found.n_pairs, found.n_languages) == (len(pairs), 9)
    assert found.controls == ("family", "lexical")


def test_interval_repeats_all_without_each_language() -> None:
    near, controls, gained = made_up_controls()

    def gain(stay: list[int]) -> float:
        at = np.ix_(stay, stay)
        return incremental_value(near[at], {name: table[at] for name, table in controls.items()},
                                 gained[at], permutations=1).gain

    without = np.array([gain([other for other in range(9) if other != one]) for one in range(9)])
    error = np.sqrt(8 / 9 * ((without - without.mean()) ** 2).sum())
    found = incremental_value(near, controls, gained, permutations=1)
    assert found.interval is not None
    assert found.interval[1] - found.gain == pytest.approx(2.306004 * error, rel=1e-5)


@pytest.mark.parametrize("own", [0.0, 0.6])
def test_p_is_double_semi_partialling_over_every_order(own: float) -> None:
    near, controls, gained = made_up_controls(6, own=own)
    found = incremental_value(near, controls, gained, adjust="none")
    assert (found.exact, found.permutations) == (True, 720)
    assert found.p == pytest.approx(ref_mrqap_p(near, list(controls.values()), gained))


def test_coefficient_is_that_of_a_regression_on_all() -> None:
    near, controls, gained = made_up_controls()
    pairs = ref_pairs(near)
    x = np.array([[1, near[pair], *(table[pair] for table in controls.values())]
                  for pair in pairs])
    y = np.array([gained[pair] for pair in pairs])
    slope = np.linalg.lstsq(x, y, rcond=None)[0][1]
    found = incremental_value(near, controls, gained, adjust="none", permutations=1)
    assert found.beta == pytest.approx(slope * x[:, 1].std() / y.std())


def test_new_knowledge_is_told_from_borrowed() -> None:
    new = incremental_value(*made_up_controls(14), permutations=999)
    borrowed = incremental_value(*made_up_controls(14, own=0, seed=3), permutations=999)
    assert new.interval is not None
    assert new.interval[0] > 0
    assert new.p < 0.01
    assert borrowed.p > 0.05
    assert abs(borrowed.gain) < new.gain / 4


def test_copy_of_the_controls_adds_nothing() -> None:
    _, controls, gained = made_up_controls()
    found = incremental_value(controls["family"] + controls["lexical"], controls, gained,
                              permutations=FEW)
    assert found.gain == pytest.approx(0, abs=1e-6)
    assert np.isnan([found.beta, found.p]).all()


def test_controls_that_repeat_each_other_do_no_harm() -> None:
    near, controls, gained = made_up_controls()
    once = incremental_value(near, controls, gained, permutations=FEW)
    twice = incremental_value(near, controls | {"again": 3 * controls["family"] - 1}, gained,
                              permutations=FEW)
    assert twice.gain == pytest.approx(once.gain, abs=1e-5)
    assert twice.p == pytest.approx(once.p, abs=0.011)


def test_useless_controls_are_dropped_by_name() -> None:
    near, controls, gained = made_up_controls()
    size = np.broadcast_to(np.arange(9.0), (9, 9))  # of the target: nothing once it is taken out
    useless = {"nothing": np.full((9, 9), np.nan), "constant": np.full((9, 9), 0.1), "size": size}
    found = incremental_value(near, useless | controls, gained, permutations=FEW)
    assert found.dropped == ("nothing", "constant", "size")
    assert found == replace(incremental_value(near, controls, gained, permutations=FEW),
                            dropped=found.dropped)
    kept = incremental_value(near, {"size": size}, gained, adjust="none", permutations=FEW)
    assert kept.controls == ("size",)


def test_without_controls_the_mean_is_what_there_is_to_beat() -> None:
    near, _, gained = made_up_controls()
    found = incremental_value(near, {}, gained, adjust="none", permutations=FEW)
    assert (found.error_controls, found.controls) == (pytest.approx(0), ())
    pairs = ref_pairs(near)
    assert found.beta ** 2 == pytest.approx(ref_r2([near], gained, pairs))


def test_order_of_the_languages_and_target_effects_change_nothing() -> None:
    near, controls, gained = made_up_controls(missing=3)
    here = incremental_value(near, controls, gained, permutations=FEW)
    order = np.random.default_rng(0).permutation(9)
    at = np.ix_(order, order)
    there = incremental_value(near[at], {name: table[at] for name, table in controls.items()},
                              gained[at] + np.arange(9.0) ** 2, permutations=FEW)
    assert (there.gain, there.beta) == pytest.approx((here.gain, here.beta))
    assert there.interval == pytest.approx(here.interval)


def test_four_languages_are_too_few() -> None:
    found = incremental_value(*made_up_controls(4))
    assert np.isnan([found.gain, found.beta, found.p]).all()
    assert (found.interval, found.n_languages) == (None, 4)


def test_similarity_that_does_not_vary_is_undefined() -> None:
    _, controls, gained = made_up_controls()
    found = incremental_value(np.ones((9, 9)), controls, gained, permutations=FEW)
    assert np.isnan([found.beta, found.p]).all()
    assert found.gain == pytest.approx(0, abs=1e-9)


def test_messages_name_the_control() -> None:
    near, controls, gained = made_up_controls()
    with pytest.raises(DataError, match="control 'size' is of 4 languages"):
        incremental_value(near, controls | {"size": np.zeros((4, 4))}, gained)
    with pytest.raises(DataError, match="Adjustment 'sources' is not known"):
        incremental_value(near, controls, gained, adjust="sources")
