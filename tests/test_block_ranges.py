"""Selections of blocks: what each means, and that taking layers apart changes none of them."""

from __future__ import annotations

import numpy as np
import pytest
from test_gram import BLOCKS, WIDTHS, made_vectors, series_of

from gradsim_core import CORRECTIONS, READINGS, GramSeries, similarity
from gradsim_core.errors import StudyError
from gradsim_core.similarities.block_ranges import (
    MODULES,
    block_indexes,
    block_module,
    block_modules,
    block_place,
    block_places,
)

APART = ("embeddings", *(f"layer.{i}.{module}" for i in range(3) for module in MODULES), "head")


def taken_apart() -> tuple[GramSeries, GramSeries]:
    """The same gradients as one block a layer, and with each layer cut in three."""
    vectors = made_vectors()
    cut: list[np.ndarray] = []
    for name, width, block in zip(BLOCKS, WIDTHS, vectors, strict=True):
        cut += [block] if not name.startswith("layer.") else [
            block[..., :1], block[..., 1:width - 1], block[..., width - 1:]]
    whole = series_of(vectors)
    apart = series_of(cut)
    return whole, GramSeries(apart.languages, APART, apart.snapshots, apart.sums,
                             apart.step_numbers, apart.steps)


def names(spec: str, blocks: tuple[str, ...] = APART) -> list[str]:
    return [blocks[i] for i in block_indexes(spec, blocks)]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("spec", [
    "all", "encoder", "layers", "lower", "higher", "layer.1", "head", "embeddings",
    "embeddings:layer.0", "layer.0:layer.2", "layer.1:head"])
def test_taking_layers_apart_changes_no_selection_of_whole_layers(spec: str, reading: str) -> None:
    whole, apart = taken_apart()
    for correction in CORRECTIONS:
        one, other = (similarity(series, spec, reading, correction) for series in (whole, apart))
        assert block_places(other.blocks) == one.blocks
        # single steps are kept in float32
        np.testing.assert_allclose(other.matrix, one.matrix, rtol=0,
                                   atol=1e-12 if reading == "cosine_of_mean" else 1e-5)


def test_the_grams_of_a_layers_modules_add_up_to_the_layers() -> None:
    whole, apart = taken_apart()
    for i, block in enumerate(whole.blocks):
        chosen = block_indexes(block, apart.blocks)
        np.testing.assert_allclose(apart.sums[:, chosen].sum(axis=1), whole.sums[:, i],
                                   rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_all_layers_and_of_some(module: str) -> None:
    assert names(module) == [f"layer.{i}.{module}" for i in range(3)]
    assert names(f"layer.1.{module}") == [f"layer.1.{module}"]
    assert names(f"layer.1.{module}:layer.2.{module}") == [f"layer.{i}.{module}" for i in (1, 2)]
    found = [i for one in MODULES for i in block_indexes(one, APART)]
    assert sorted(found) == block_indexes("layers", APART)


def test_a_module_that_some_layers_lack_is_that_of_the_others() -> None:
    some = tuple(block for block in APART if block != "layer.1.norms")
    assert names("norms", some) == ["layer.0.norms", "layer.2.norms"]
    assert names("layer.1", some) == ["layer.1.attention", "layer.1.feed_forward"]
    assert names("layer.0.norms:layer.2.norms", some) == ["layer.0.norms", "layer.2.norms"]
    assert names("lower", some)[-1] == "layer.1.feed_forward"


def test_places_and_modules_of_names() -> None:
    assert block_places(APART) == BLOCKS == block_places(BLOCKS)
    assert block_modules(APART) == MODULES
    assert block_modules(BLOCKS) == ()
    assert [block_module(block) for block in APART[:4]] == ["", *MODULES]
    assert block_place("layer.11.norms") == "layer.11"


@pytest.mark.parametrize(("spec", "blocks", "culprits"), [
    ("attention", BLOCKS, ["each layer as one block", "block_detail module", "embeddings … head"]),
    ("norms", APART[:3], ["only attention and feed_forward", "attention, feed_forward, one of"]),
    ("layer.1.norm", APART, ["'layer.1.norm'", "attention, feed_forward, norms",
                             "layer.0.attention"]),
    ("layer.0.attention:layer.1", APART, ["both whole layers", "same module"]),
    ("layer.0.attention:layer.2.norms", APART, ["both whole layers", "same module"]),
    ("layer.2.norms:layer.0.norms", APART, ["'layer.2.norms:layer.0.norms'"]),
    ("layer.2:layer.0", APART, ["'layer.2:layer.0'", "such as embeddings:layer.2"]),
    ("embeddings", APART[1:], ["'embeddings'", "layer.0 … head (4 blocks"]),
    ("attention:norms", APART, ["'attention:norms'"]),
    ("layers:head", APART, ["'layers:head'"]),
    ("x" * 500, APART, ["x" * 80])])
def test_what_there_is_not_is_named_with_what_there_is(
        spec: str, blocks: tuple[str, ...], culprits: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        block_indexes(spec, blocks)
    message = str(caught.value)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert len(message) <= 400
