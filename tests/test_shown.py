"""What a picture shows: filters, parts, pools, strips; and what a click on it picks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_studies import SIGNATURE, made_up_series, write_study

from dashboard import shown as of
from dashboard.figures.dendrogram import dendrogram
from dashboard.figures.heatmap_sides import clade_token, language_token, picks_of
from dashboard.figures.strips import keys_of
from dashboard.selection import Selection
from dashboard.views.similarity.language_table import language_columns
from gradsim_core import leaf_order, linkage_tree, load_results, read_similarity
from gradsim_core.decisions.decision import Reading

CODES = ("deu", "spa", "nld", "ita", "swe", "por", "dan", "fra")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> of.Picture:
    """Eight languages, Germanic and Romance in turn, the second of them unreliable."""
    store = write_study(tmp_path_factory.mktemp("cache"), series=made_up_series([0, 1] * 4))
    loaded = load_results(store, SIGNATURE)
    facts = {one["code"]: of.LanguageFacts(
        one["code"], one["name"], one["name"], one["glottocode"], one["lineage"][0],
        "Germanic" if at % 2 == 0 else "Romance", one["script"], one["latitude"],
        one["longitude"], 10 ** at) for at, one in enumerate(loaded.record["languages"])}
    found = read_similarity(loaded, Reading(correction="raw"))
    return of.drawn(of.Picture(found, (), None, loaded.names,
                               {code: one.branch for code, one in facts.items()}, facts), found)


# which languages

def test_filters_let_through_what_meets_all_of_them(whole: of.Picture) -> None:
    def wanted(**fields: object) -> tuple[str, ...]:
        return of.wanted_languages(Selection(**fields), whole.facts, CODES)  # type: ignore[arg-type]

    assert wanted() == CODES
    assert wanted(fewest=1000) == CODES[3:]
    assert wanted(only=("fra", "deu", "nowhere")) == ("deu", "fra")
    assert wanted(scripts=("Latn",), families=("Indo-European",)) == CODES
    assert wanted(scripts=("Cyrl",)) == ()
    assert wanted(only=("fra", "deu"), fewest=2) == ("fra",)


def test_a_part_has_the_numbers_of_the_whole_and_a_tree_of_its_own(whole: of.Picture) -> None:
    part = of.part_of(whole, ("deu", "nld", "fra"))
    at = [CODES.index(code) for code in ("deu", "nld", "fra")]
    assert part.found.languages == ("deu", "nld", "fra")
    assert np.array_equal(part.found.matrix, whole.found.matrix[np.ix_(at, at)])
    assert part.tree is not None
    assert part.tree.shape == (2, 4)
    assert {part.found.languages[i] for i in part.order[:2]} == {"deu", "nld"} or \
        {part.found.languages[i] for i in part.order[1:]} == {"deu", "nld"}
    assert of.part_of(whole, CODES) is whole


# pools

def test_pools_are_the_branches_below_a_cut(whole: of.Picture) -> None:
    small, held = of.pooled(whole, most=2)
    assert sorted(map(sorted, held.values())) == [sorted(CODES[::2]), sorted(CODES[1::2])]
    rows = [[CODES.index(code) for code in held[row]] for row in small.found.languages]
    across = np.mean([whole.found.matrix[i, j] for i in rows[0] for j in rows[1]])
    inside = np.mean([whole.found.matrix[i, j] for i in rows[0] for j in rows[0] if i != j])
    assert small.found.matrix[0, 1] == pytest.approx(across)
    assert small.found.matrix[0, 0] == pytest.approx(inside)
    assert small.found.reliability[0] == pytest.approx(whole.found.reliability[rows[0]].mean())
    assert small.names[small.found.languages[0]].endswith(" and 3 more")


@pytest.mark.parametrize("most", [2, 3, 5, 7])
def test_pools_stand_in_the_order_of_the_tree_and_join_as_high(whole: of.Picture,
                                                             most: int) -> None:
    small, held = of.pooled(whole, most)
    assert [code for row in small.found.languages for code in held[row]] == [
        whole.found.languages[i] for i in whole.order]
    assert whole.tree is not None
    assert small.tree is not None
    assert leaf_order(small.tree) == tuple(range(most)), "the pools' tree crosses no line"
    shift = small.tree[:, 2] - whole.tree[-len(small.tree):, 2]
    assert np.allclose(shift, shift[0])
    assert np.array_equal(small.tree[:, 3] >= 2, np.ones(most - 1, bool))


def test_few_languages_are_not_pooled(whole: of.Picture) -> None:
    assert of.pooled(whole, most=8) == (whole, {code: (code,) for code in CODES})
    undefined = replace(whole, tree=None)
    assert of.pooled(undefined, most=2)[0] is undefined


def test_what_is_shown_is_said(whole: of.Picture) -> None:
    assert of.shown_sentence(whole, 8, {}) == ""
    part = of.part_of(whole, ("deu", "nld", "fra"))
    assert of.shown_sentence(part, 8, {}).startswith("3 of 8 languages shown")
    small, held = of.pooled(whole, most=2)
    assert "8 languages in 2 pools" in of.shown_sentence(small, 8, held)
    assert "shown" not in of.shown_sentence(small, 8, held)


# strips

def test_strips_tell_what_is_known_and_mixed_pools(whole: of.Picture) -> None:
    branch, size, group = of.strips_of(
        ("branch", "size", "group"), whole, ("deu", "spa"), {"spa": ("spa", "nld")},
        {"deu": 1, "spa": 0, "nld": 0}, ("north", "south"))
    assert branch.labels == ("Germanic", "mixed")
    assert size.labels[0] == "under 100 rows"
    assert group.labels == ("south", "north")
    assert [key.sign for key in keys_of(group).values()] == ["1", "2"]
    assert of.strips_of(("group",), whole, ("deu",), {}, {}, ()) == []


def test_the_ninth_label_shares_a_key_and_an_ordered_one_keeps_its_sign() -> None:
    many = of.Strip("Branch", (*tuple(f"b{i}" for i in range(10)), None))
    keys = keys_of(many)
    assert list(keys)[-2:] == ["other", "unknown"]
    assert len(keys) == 10
    assert len({key.sign for key in keys.values()}) == 10
    assert set(keys_of(many, 1)) == set(keys)
    assert not {key.sign for key in keys_of(many, 1).values()} & set("ABCDEFGH")
    groups = of.Strip("Group", ("g9", "g1"), tuple(f"g{i}" for i in range(12)),
                      tuple(map(str, range(1, 13))))
    assert {label: key.sign for label, key in keys_of(groups).items()} == {"g1": "2", "g9": "10"}


# clicks

def test_a_click_on_a_merge_picks_the_leaves_below_it() -> None:
    similarity = np.array([[1, .9, .1, .2], [.9, 1, .1, .2], [.1, .1, 1, .8], [.2, .2, .8, 1.]])
    tree = linkage_tree(similarity)
    order = leaf_order(tree)
    codes = [("a", "b", "c", "d")[i] for i in order]
    picks = picks_of(tree, codes)
    assert {frozenset(picks[clade_token(row)]) for row in range(3)} == {
        frozenset("ab"), frozenset("cd"), frozenset("abcd")}
    assert [picks[language_token(at)] for at in range(4)] == [(code,) for code in codes]
    # places beside one another, as the tree draws them
    drawn = dendrogram(tree, 1.0)
    for row, x in enumerate(drawn.nodes_x):
        below = [codes.index(code) for code in picks[clade_token(row)]]
        assert min(below) < x < max(below)
    assert picks_of(None, codes) == {language_token(at): (code,) for at, code in enumerate(codes)}


# the table

def test_languages_as_a_table_in_the_order_of_the_picture(whole: of.Picture) -> None:
    codes = [whole.found.languages[i] for i in whole.order]
    table = language_columns(whole, codes)
    assert table["Code"] == codes
    at = codes.index("nld")
    others = [whole.found.matrix[2, j] for j in range(8) if j != 2]
    assert table["Mean similarity"][at] == pytest.approx(np.mean(others), abs=6e-4)
    assert table["Training rows"][at] == 100
    assert {len(column) for column in table.values()} == {8}
