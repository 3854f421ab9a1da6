"""What moves between layers: pairs, languages, how far blocks agree, and the words for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layer_cases import HIGHER, LOWER, SERIES, TEXT
from made_up_studies import BLOCKS, EUROPEAN, HOSTILE
from scipy.stats import spearmanr

from dashboard.agreement import agreement_sentence, block_agreement
from dashboard.exports import agreement_csv, moves_csv
from dashboard.figures.movers import pair_moves
from dashboard.layers import Move, Sides, block_choices, language_changes, layers_sentence, moves
from gradsim_core import similarity

NAMES = dict(zip(EUROPEAN, "German Spanish Dutch Italian Swedish Portuguese Danish French".split(),
                 strict=True))
SIDES = Sides("lower", "higher")


def test_pairs_that_change_most_come_first() -> None:
    found = moves(LOWER, HIGHER)
    assert len(found) == 28
    change = HIGHER.matrix - LOWER.matrix
    upper = np.triu_indices(8, 1)
    assert [abs(one.change) for one in found] == pytest.approx(
        sorted(np.abs(change[upper]), reverse=True))
    i, j = (EUROPEAN.index(code) for code in found[0].pair)
    assert (found[0].first, found[0].second) == (LOWER.matrix[i, j], HIGHER.matrix[i, j])
    undefined = HIGHER.matrix.copy()
    undefined[i, j] = undefined[j, i] = np.nan
    assert len(moves(LOWER, replace(HIGHER, matrix=undefined))) == 27


def test_moves_are_those_of_a_loop_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    low, high = rng.normal(size=(2, 8, 8)).round(1)  # many changes of one size
    low[2, 5] = np.nan
    among = {*EUROPEAN} - {EUROPEAN[3]}
    found = moves(LOWER, HIGHER, (low, high), among)
    slow = [Move((EUROPEAN[i], EUROPEAN[j]), LOWER.matrix[i, j], HIGHER.matrix[i, j],
                 None if np.isnan(low[i, j]) else (low[i, j], high[i, j]))
            for i in range(8) for j in range(i + 1, 8) if 3 not in (i, j)]
    slow.sort(key=lambda one: (-abs(one.change), one.pair))
    assert list(found) == slow
    assert found[-1] == slow[-1]
    assert list(found[2:4]) == slow[2:4]
    assert language_changes(found) == language_changes(slow)
    assert layers_sentence(found, NAMES, SIDES) == layers_sentence(slow, NAMES, SIDES)
    alike = moves(LOWER, LOWER)
    assert [one.pair for one in alike] == sorted(one.pair for one in alike), "ties go by code"


def test_languages_move_by_the_mean_over_their_pairs() -> None:
    found = [Move(("a", "b"), 0.0, 0.4), Move(("a", "c"), 0.0, -0.2), Move(("b", "c"), 0.1, 0.1)]
    assert language_changes(found) == [
        ("a", pytest.approx(0.1), pytest.approx(0.3)), ("b", pytest.approx(0.2), 0.2),
        ("c", pytest.approx(-0.1), 0.1)]


def test_rows_show_both_ends_the_change_and_its_interval() -> None:
    found = [Move(("deu", "spa"), -0.4, 0.2, (0.5, 0.7)), Move(("deu", "nld"), 0.3, 0.1)]
    figure = pair_moves(found, NAMES, ("Lower", "Higher"), TEXT)
    first, second = (one for one in figure.data if one.x[0] is not None)
    assert (first.x, second.x) == ((-0.4, 0.3), (0.2, 0.1))
    assert figure.layout.yaxis.ticktext == ("German – Spanish", "German – Dutch")
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "from the top down"
    bands = [one for one in figure.layout.shapes if one.type == "rect"]
    assert [(one.x0, one.x1) for one in bands] == [(pytest.approx(0.1), pytest.approx(0.3))]
    assert {"+0.60", "−0.20"} <= {note.text for note in figure.layout.annotations}
    assert "95% interval +0.50 to +0.70" in first.hovertext[0]
    assert "interval" not in first.hovertext[1]
    assert first.marker.line.color[0] != first.marker.line.color[1], "up is not down"


def test_blocks_agree_as_their_pairs_rank() -> None:
    parts = [similarity(SERIES, block) for block in BLOCKS]
    table = block_agreement(parts)
    upper = np.triu_indices(8, 1)
    assert table[0, 3] == pytest.approx(spearmanr(parts[0].matrix[upper],
                                                  parts[3].matrix[upper]).statistic)
    assert np.diag(table) == pytest.approx(np.ones(len(BLOCKS)))
    assert np.array_equal(table, table.T)
    constant = replace(parts[1], matrix=np.ones((8, 8)))
    assert np.isnan(block_agreement([parts[0], constant])[0, 1])
    said = agreement_sentence(np.array([[1, .9, .2], [.9, 1, .5], [.2, .5, 1]]), ("a", "b.1", "c"))
    assert said == ("Neighbouring blocks agree at 0.70 on average; the two that agree least are a "
                    "and c (0.20).")


def test_a_sentence_tells_levels_and_what_moves_most() -> None:
    said = layers_sentence([Move(("deu", "spa"), -0.4, 0.2), Move(("deu", "nld"), 0.2, 0.1)], NAMES,
                           SIDES)
    assert said == ("Two languages average −0.10 in the lower layers and +0.15 in the higher "
                    "layers, over 2 pairs; German and Spanish change most, from −0.40 to +0.20.")
    assert "No pair" in layers_sentence([], NAMES, SIDES)
    assert Sides("layer.1", "layer.1").titles == ("Layer 1", "Layer 1 again")


def test_what_a_model_does_not_have_is_not_offered() -> None:
    assert block_choices(BLOCKS) == ("lower", "higher", "layers", "encoder", *BLOCKS)
    assert block_choices(("embeddings", "layer.0")) == ("lower", "layers", "encoder",
                                                        "embeddings", "layer.0")


def test_files_hold_pairs_and_agreement() -> None:
    lines = moves_csv([Move(("deu", "spa"), -0.4, 0.2, (0.5, 0.7)), Move(("a", "b"), 0, 1)],
                      {**NAMES, "a": HOSTILE[3]}).splitlines()
    assert lines[1].startswith("deu,German,spa,Spanish,-0.4,0.2,0.6")
    assert lines[2].startswith("a,\"'=HYPERLINK(")
    table = agreement_csv(np.array([[1.0, np.nan], [np.nan, 1.0]]), ("x", "y")).splitlines()
    assert table == ["block,x,y", "x,1.0,", "y,,1.0"]
