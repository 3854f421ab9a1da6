"""The selection: any address gives one, and it comes back from its own address."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import BLOCKS, made_up_series

from dashboard.block_choice import BlockChoice, blocks_between, choice_of
from dashboard.selection import (
    DEFAULT,
    Selection,
    fitted,
    query_of,
    reading_of,
    rule_of,
    selection_from,
)
from gradsim_core import MODULES, READINGS, STRATEGIES, Reading, Rule, block_indexes

CHANGED = Selection("abcd1234", "layer.1:head", "mean_cosine", "centred", 2, "deu", "k_means", 3,
                    2, 5, 1, ("deu", "a,b&c=d"), ("spa",), 1, "png", 1, ("oracle",), 5, 40,
                    "fedc", 1, "embeddings", "layer.3", "aa11", "bb22", "plan", "00ff", "family", 1,
                    "published", "similarity", ("hau", "a,b&c=d"), "own", ("Turkic",), ("Latn",),
                    50, ("hau", "yor"), (), "mds", "ee55", 1, "new", "steps: 20\nseed: 1",
                    ("matrix",), "0a0b", ('["move", "hau", 1]',) * 2, 1, ("0c0d",), 2,
                    500, 8, ("family",), 1, ("k=3",))


def test_every_field_of_the_changed_selection_is_changed() -> None:
    same = [field.name for field in fields(Selection)
            if getattr(CHANGED, field.name) == getattr(DEFAULT, field.name)]
    assert same == [], "the round trip below would not see a field that is lost"


def test_address_round_trip() -> None:
    assert selection_from(query_of(CHANGED)) == CHANGED
    assert query_of(DEFAULT) == {}
    assert selection_from({}) == DEFAULT


@given(st.dictionaries(st.sampled_from([field.name for field in fields(Selection)]),
                       st.lists(st.text(), max_size=3)))
def test_any_address_gives_a_selection_that_keeps(query: dict[str, list[str]]) -> None:
    found = selection_from(query)
    assert selection_from(query_of(found)) == found
    assert found.reading in READINGS
    assert found.strategy in STRATEGIES
    Reading.model_validate(reading_of(found).model_dump())


@pytest.mark.parametrize(("key", "value"), [
    ("reading", "nonsense"), ("correction", ""), ("snapshot", "x"), ("snapshot", "-2"),
    ("snapshot", "99999999999"), ("k", "-1"), ("k", "²"), ("k", "1.5"), ("smallest", "0"),
    ("strategy", "__class__"), ("picture", "exe"), ("health", "2"),
    ("planning", "2"), ("gains", "-1"), ("seeds", "0"), ("seeds", "21"), ("draws", "0"),
    ("correlating", "x"), ("within", "2"), ("bringing", "secrets"), ("naming", "x"),
    ("fewest", "-1"), ("arrangement", "x"), ("film", "2"), ("studying", "x"), ("undone", "-1"),
    ("guide", "4")])
def test_impossible_value_is_the_default(key: str, value: str) -> None:
    assert selection_from({key: [value]}) == DEFAULT


def test_selection_fits_the_study() -> None:
    series = made_up_series([0, 1, 0])
    wild = replace(DEFAULT, blocks="layer.9", snapshot=77, language="xxx", k=9, smallest=8,
                   largest=44, together=("deu", "xxx"), apart=("yyy",))
    assert fitted(wild, series) == replace(DEFAULT, smallest=3, together=("deu",))
    assert fitted(replace(DEFAULT, snapshot=3), series).snapshot == -1, "the last has one name"
    kept = replace(DEFAULT, blocks="layer.1:head", snapshot=2, language="nld", k=3, largest=2)
    assert fitted(kept, series) == kept


@pytest.mark.parametrize(("first", "last", "name"), [
    ("embeddings", "layer.3", "encoder"), ("embeddings", "head", "all"),
    ("layer.0", "layer.1", "lower"), ("layer.2", "layer.3", "higher"),
    ("layer.2", "layer.2", "layer.2"), ("layer.1", "layer.3", "layer.1:layer.3")])
def test_range_of_blocks_has_one_short_name(first: str, last: str, name: str) -> None:
    assert blocks_between(first, last, BLOCKS) == name
    assert block_indexes(name, BLOCKS) == block_indexes(f"{first}:{last}", BLOCKS)


APART = ("embeddings", *(f"layer.{i}.{part}" for i in range(3) for part in MODULES), "head")


@pytest.mark.parametrize(("first", "last", "module", "name"), [
    ("embeddings", "layer.2", "", "encoder"), ("layer.0", "layer.2", "", "layers"),
    ("layer.0", "layer.1", "", "lower"), ("layer.1", "layer.1", "", "layer.1"),
    ("layer.1", "head", "", "layer.1:head"), ("layer.0", "layer.2", "norms", "norms"),
    ("layer.1", "layer.1", "norms", "layer.1.norms"), ("layer.0", "layer.1", "attention",
                                                     "layer.0.attention:layer.1.attention")])
def test_range_of_layers_and_a_module_has_one_short_name(first: str, last: str, module: str,
                                                         name: str) -> None:
    assert blocks_between(first, last, APART, module) == name
    assert choice_of(name, APART) == BlockChoice(first, last, module)


def test_a_module_is_that_of_the_layers_in_the_range() -> None:
    assert blocks_between("embeddings", "head", APART, "feed_forward") == "feed_forward"
    assert blocks_between("embeddings", "embeddings", APART, "norms") == "embeddings"
    one_layer = ("embeddings", "layer.0", "head")
    assert blocks_between("embeddings", "embeddings", one_layer) == "embeddings"
    assert choice_of("layer.2.norms", APART).module == "norms"


def test_selection_becomes_the_engines_rule() -> None:
    chosen = replace(DEFAULT, k=2, largest=4, together=("a", "b", "c"), apart=("x", "y", "z"))
    assert rule_of(chosen) == Rule.model_validate({
        "k": 2, "largest": 4, "must_link": [("a", "b"), ("b", "c")],
        "cannot_link": [("x", "y"), ("x", "z"), ("y", "z")]})
    assert rule_of(DEFAULT) == Rule()
    assert reading_of(DEFAULT) == Reading()
