"""A described study: one text that form and editor change, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.drafts import (
    DEFAULTS,
    MOST_CHARACTERS,
    bounds,
    changed,
    choices,
    draft_of,
    from_source,
    help_for,
    study_of,
    text_from_upload,
    with_steps,
)
from gradsim_core import GradSimError, HeldFile, Study, study_from

COMMENTED = "# my study\nname: x\nlanguages:\n- hau\n- yor\n\n# how long\nsteps: 20 # c\n"
BOMB = "".join(f"{a}: &{a} [{', '.join([f'*{b}'] * 9)}]\n" if b else f"{a}: &{a} [x, x]\n"
               for a, b in zip("abcdefgh", " abcdefg", strict=True)).replace("* ", "x")


def test_one_setting_changes_and_the_rest_of_the_text_stays() -> None:
    assert changed(COMMENTED, languages=("ibo", "no")) == \
        "# my study\nname: x\nlanguages: [ibo, 'no']\n\n# how long\nsteps: 20 # c\n"
    assert changed(COMMENTED, steps=30) == COMMENTED.replace("steps: 20 # c", "steps: 30")
    assert changed(COMMENTED, name=None) == COMMENTED.replace("name: x\n", "")
    assert changed(COMMENTED, seed=4) == COMMENTED + "seed: 4\n"
    assert changed("{steps: 3, seed: 2}", steps=9) == "seed: 2\nsteps: 9\n"
    assert changed("", columns={"text": "a: b"}) == "columns: {text: 'a: b'}\n"
    assert changed("steps: 9", seed=1) == "steps: 9\nseed: 1\n"


def test_a_default_is_left_out() -> None:
    assert changed("steps: 20\nseed: 1\n", steps=DEFAULTS.steps) == "seed: 1\n"
    assert changed("", model=DEFAULTS.model, seed=0) == ""


_VALUES = {"name": st.text(st.characters(exclude_categories=["C"]), max_size=20),
           "languages": st.lists(st.sampled_from(["hau", "no", "Northern Sotho", "zh_Hant"]),
                                 max_size=3, unique=True).map(tuple),
           "seed": st.integers(0, 99), "by_topic": st.booleans(),
           "learning_rate": st.sampled_from([1e-05, 0.5]),
           "columns": st.dictionaries(st.sampled_from(["text", "label"]), st.sampled_from(
               ["a: b", "#c", "é", "1"]))}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["", COMMENTED, "{steps: 20, seed: 3}", "---\nsteps: 20\n"]), st.lists(
    st.sampled_from(sorted(_VALUES)).flatmap(lambda name: _VALUES[name].map(
        lambda value: (name, value))), max_size=6))
def test_any_changes_give_the_study_they_say(text: str, changes: list) -> None:
    wanted = {**study_of(text).model_dump(exclude_unset=True)}
    for name, value in changes:
        text = changed(text, **{name: value})
        wanted[name] = value
    assert study_of(text) == study_from(wanted)


def test_fewer_steps_take_snapshots_with_them() -> None:
    assert study_of(with_steps("", 4)) == Study(steps=4, snapshots=4)
    assert study_of(with_steps("snapshots: 3", 4)) == Study(steps=4, snapshots=3)
    assert with_steps("steps: 4\nsnapshots: 3\n", None) == "snapshots: 3\n"


def test_other_data_take_the_settings_of_the_data_before_with_them() -> None:
    text = "preset: afrisenti\nlanguages: [hau]\ncolumns: {text: x}\nseed: 3\n"
    own = from_source(text, "own")
    assert (own, draft_of(own).source, draft_of(own).named) == ("data: ''\nseed: 3\n", "own", False)
    hub = from_source(own, "hub")
    assert (hub, draft_of(hub).source) == ("hub: ''\nseed: 3\n", "hub")
    assert from_source(hub, "preset") == "seed: 3\n"
    assert draft_of("preset: afrisenti\ndata: /x").source == "preset"
    assert draft_of(own).study is None, "data that are not named are not the built-in ones"
    assert draft_of(own).problem == ""


@pytest.mark.parametrize(("text", "said", "readable"), [
    ("steps: [", "study.yaml:1", False), ("- a", "list", False), ("a: 1\na: 2", "line 1", False),
    ("? [a]: b", "study.yaml:1", False), ("[" * 5000, "recursion", False),
    ("!!python/object/apply:os.system ['true']", "python/object", False),
    ("steps: 20\nbatch_size: 15", "study.yaml:2: batch_size", True),
    ("lr: 3", "study.yaml:1: there is no setting 'lr'", True), ("1: 2", "study.yaml:1", True),
    ("steps: 4", "snapshots (8) cannot exceed steps (4)", True)])
def test_what_is_wrong_is_told_with_its_line(text: str, said: str, readable: bool) -> None:
    draft = draft_of(text)
    assert draft.study is None
    assert said in draft.problem
    assert draft.readable == readable


@pytest.mark.parametrize("text", [
    "steps: many\nlanguages: {a: 1}\ncolumns: [x]\nseed: -4\nmodel: [1]\nname: 2020-01-01",
    "steps: 99999999999999999999\nbatch_size: 3.5\nlearning_rate: .nan\nmax_length: true", BOMB])
def test_a_form_shows_the_default_of_what_cannot_be(text: str) -> None:
    draft = draft_of(text)
    for name in Study.model_fields:
        assert draft.shown(name) == getattr(DEFAULTS, name)


@given(st.text(max_size=300))
def test_any_text_is_a_draft(text: str) -> None:
    draft = draft_of(text)
    assert draft.text == text
    assert (draft.study is None) or not draft.problem
    for name in ("steps", "languages", "columns"):
        draft.shown(name)


def test_a_study_file_is_taken_as_it_was_written() -> None:
    assert text_from_upload(HeldFile("a.yaml", b"\xef\xbb\xbf# c\r\nsteps: 20\r\n")) == \
        "# c\nsteps: 20\n"
    long = "# comment\n" * MOST_CHARACTERS + "steps: 20\n"
    assert text_from_upload(HeldFile("a.yaml", long.encode())) == "steps: 20\n"


@pytest.mark.parametrize(("content", "said"), [
    (b"steps: x", "a.yaml:1: steps"), (b"\xff", "UTF-8"), (b"seed: 1\n" + b"#" * 200_000, "long"),
    (b"name: x\ncolumns: {text: '" + b"x" * 9000 + b"'}", "gradsim run")])
def test_a_file_that_is_no_study_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(GradSimError, match=said):
        text_from_upload(HeldFile("a.yaml", content))


def test_fields_have_the_bounds_and_the_words_of_the_study() -> None:
    assert bounds("steps") == (1, 1_000_000)
    assert bounds("rows") == (2, None)
    assert list(choices("gradients")) == ["auto", "exact", "sketch"]
    assert list(choices("task")) == ["sequence", "token"]
    assert all(help_for(name) for name in Study.model_fields)
