"""Studies: settings and their bounds, YAML there and back, and a signature of what matters."""

import json

import pytest

from gradsim_core.data import load_corpus
from gradsim_core.errors import StudyError
from gradsim_core.study import SIGNATURE_LENGTH, Study, canonical_json, signature
from gradsim_core.study_text import load_study, study_from, study_yaml

PARTS = {"task": "sequence", "metric": "accuracy", "labels": ("a", "b"),
         "data": {"deu": "1", "nld": "2"}, "model": "m"}
SIGNATURE_BEFORE = "c01e1c4d42c77984"
"""Of the default study with PARTS, before settings were added."""


def written(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(tmp_path, text):
    with pytest.raises(StudyError) as caught:
        load_study(written(tmp_path, text))
    message = str(caught.value)
    assert "study.yaml" in message
    assert len(message.replace(str(tmp_path), "")) <= 400
    assert "\n" not in message
    return message


# YAML


@pytest.mark.parametrize("study", [
    Study(), Study(name="Ünïcode: 'quotes' # and\nlines", data="a b/c", task="token"),
    Study(preset="afrisenti", languages=("no", "yes", "null", "1e3", "Northern Sotho"), rows=50),
    Study(hub="a/b", hub_config="x-{language}", hub_revision="1234567", lowercase=False,
          columns={"text": "no", "label": "y"}),
    Study(model="/a/folder", learning_rate=2e-5, steps=7, snapshots=7, batch_size=2,
          gradients="sketch", sketch_size=64, packing="off", warmup=0, weight_decay=0, seed=1)])
def test_a_study_comes_back_from_its_yaml(tmp_path, study):
    assert load_study(written(tmp_path, study_yaml(study))) == study


def test_yaml_keeps_only_what_is_not_a_default():
    assert study_yaml(Study(steps=9, snapshots=3)).split() == ["steps:", "9", "snapshots:", "3"]


def test_bom_and_crlf_are_read(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfsteps: 9\r\nsnapshots: 3\r\n")
    assert load_study(path) == Study(steps=9, snapshots=3)


@pytest.mark.parametrize(("text", "expected"), [
    ("languages: [no, sv, da]", ("no", "sv", "da")),  # YAML 1.1 reads a bare no as false
    ("languages: no", ("no",)),
    ("languages: sv da", ("sv", "da")),
    ("languages: sv, da,", ("sv", "da")),
    ("languages: Northern Sotho, Swahili", ("Northern Sotho", "Swahili")),
    ("languages: []", ()),
    ("languages: ''", ())])
def test_languages_in_any_form(tmp_path, text, expected):
    assert load_study(written(tmp_path, text)).languages == expected


@pytest.mark.parametrize(("text", "culprits"), [
    ("stepz: 3", ["'stepz'", "steps", "--help"]),
    ("x" * 500 + ": 3", ["'xxx", "name, preset"]),
    ("steps: [1, 2", [":1:"]),
    ("steps: 3\n  batch_size: 2", [":2:"]),
    ("a: 1\n\tb: 2", [":2:"]),
    ("steps: 9\n\nseed: 1\nsteps: 8", [":4:", "'steps'", "line 1"]),
    ("seed: 1\nbatch_size: 15", [":2:", "batch_size", "even"]),
    ("seed: 1\nlearning-rate: 0.1", [":2:", "'learning-rate'", "Settings: learning_rate"]),
    ("- 1\n- 2", ["found list"]),
    ("", ["found NoneType"]),
    ("just words", ["found str"]),
    ("name: 2026-02-31", ["day is out of range"]),
    ("name: a\x00b", ["not allowed"]),
    ("[" * 3000, ["recursion"]),
    (b"name: \xff\xfe", ["UTF-8"]),
    ("!!python/object/apply:os.system ['true']", ["python/object/apply"]),
    ("1: 2", ["1"]),
    ("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d]\nsteps: [*e,*e,*e,*e,*e,*e]",
     ["steps", "valid integer"]),
    ("steps: &a [&b [&c [&d [x,x,x,x,x,x,x,x], *d,*d,*d,*d,*d,*d,*d,*d,*d], *c,*c,*c,*c,*c,*c], "
     "*b,*b,*b,*b,*b]", ["steps", "valid integer"])])
def test_a_wrong_file_is_refused_with_its_place(tmp_path, text, culprits):
    message = refusal(tmp_path, text)
    assert [culprit for culprit in culprits if culprit not in message] == []


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent.yaml", tmp_path, tmp_path / "a\x00b"):
        with pytest.raises(StudyError, match=r"absent|Is a directory|null byte"):
            load_study(path)


# bounds


@pytest.mark.parametrize(("key", "inside", "outside"), [
    ("steps", [8, 1_000_000], [0, -1, 1_000_001, 2.5, "many", None]),
    ("batch_size", [2, 64, 65_536], [0, 1, 33, 65_538]),
    ("learning_rate", [1e-9, 1, "2e-5"], [0, -1, 1.01, float("nan"), float("inf"), "fast"]),
    ("warmup", [0, 0.99], [-0.1, 1, float("nan")]),
    ("weight_decay", [0, 1], [-0.1, 1.1]),
    ("seed", [0, 2**31 - 1], [-1, 2**31]),
    ("snapshots", [1, 100], [0, 1001]),
    ("max_length", [8, 8192], [7, 8193]),
    ("rows", [2, 10**9, None], [1, 0]),
    ("score_rows", [1, 10**9, None], [0]),
    ("sketch_size", [64, 2**24], [63, 2**24 + 1]),
    ("gradients", ["auto", "exact", "sketch"], ["approximate", None]),
    ("packing", ["auto", "off"], ["on", False]),
    ("task", ["sequence", "token", None], ["tokens"]),
    ("columns", [{}, {"text": "tweet"}], ["text", {"text": 1}]),
    ("languages", [("deu",), "deu"], [3, [3], {"deu": 1}, True]),
    ("name", ["", "x" * 200], ["x" * 201, 3])])
def test_every_setting_keeps_to_its_bounds(key, inside, outside):
    room = {"steps": 1_000_000} if key == "snapshots" else {"snapshots": 1}
    for value in inside:
        study_from({**room, key: value})
    for value in outside:
        with pytest.raises(StudyError) as caught:
            study_from({**room, key: value})
        message = str(caught.value)
        assert key in message
        assert len(message) <= 400
        assert "pydantic" not in message


@pytest.mark.parametrize(("values", "culprits"), [
    ({"batch_size": 7}, ["batch_size", "even", "7"]),
    ({"steps": 3, "snapshots": 4}, ["snapshots (4)", "steps (3)"]),
    ({"hub": "a/b", "data": "c"}, ["hub", "data"]),
    ({"hub": "a/b", "preset": "c"}, ["hub", "preset"]),
    ({"learning_rate": 3}, ["learning_rate", "less than or equal to 1", "3"])])
def test_a_wrong_setting_is_named_with_its_value(values, culprits):
    with pytest.raises(StudyError) as caught:
        study_from(values, where="given on the command line")
    message = str(caught.value)
    assert message.startswith("given on the command line: ")
    assert [culprit for culprit in culprits if culprit not in message] == []


def test_a_study_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Study().steps = 3


# signatures


CHANGES = {"steps": 77, "batch_size": 8, "learning_rate": 5e-4, "warmup": 0.2,
           "weight_decay": 0.1, "seed": 1, "snapshots": 3, "max_length": 64, "gradients": "exact",
           "sketch_size": 128, "packing": "off", "preconditioner": "adam", "lora_rank": 8,
           "micro_rows": 4, "precision": "bfloat16", "sketch_error": 0.05,
           "block_detail": "module"}
SAME = {"name": "Another title", "preset": "afrisenti", "data": "/some/where", "hub": None,
        "columns": {"text": "tweet"}, "languages": ("deu",), "rows": 9, "score_rows": 9,
        "lowercase": True, "task": "token", "model": "tiny-bytes", "model_revision": "abc",
        "hub_config": "x", "hub_revision": "y", "by_topic": True, "topics": "topics.json",
        "recompute": True, "keep_weights": True}


def test_every_setting_is_said_to_change_the_signature_or_not():
    """Data and model settings act through fingerprints; a new setting must be put in a list."""
    assert CHANGES.keys() | SAME.keys() == Study.model_fields.keys()
    assert not CHANGES.keys() & SAME.keys()


@pytest.mark.parametrize("key", CHANGES)
def test_the_signature_changes_with_what_changes_numbers(key):
    changed = signature(Study(**{key: CHANGES[key]}), **PARTS)
    assert changed != signature(Study(), **PARTS)


@pytest.mark.parametrize("key", SAME)
def test_the_signature_does_not_change_with_names_and_places(key):
    assert signature(Study(**{key: SAME[key]}), **PARTS) == signature(Study(), **PARTS)


def test_settings_that_came_later_leave_older_signatures():
    assert signature(Study(), **PARTS) == SIGNATURE_BEFORE


@pytest.mark.parametrize(("key", "value"), [
    ("task", "token"), ("labels", ("a", "b", "c")), ("labels", ("b", "a")), ("model", "n"),
    ("data", {"deu": "1"}), ("data", {"deu": "1", "nld": "3"}), ("data", {"deu": "2", "nld": "1"}),
    ("data", {"deu": "1", "ita": "2"})])
def test_the_signature_changes_with_data_task_labels_and_model(key, value):
    assert signature(Study(), **{**PARTS, key: value}) != signature(Study(), **PARTS)


def test_the_signature_follows_values_not_spellings():
    reference = signature(Study(), **PARTS)
    assert len(reference) == SIGNATURE_LENGTH
    assert set(reference) <= set("0123456789abcdef")
    moved = {**PARTS, "data": {"nld": "2", "deu": "1"}}
    assert signature(Study(), **moved) == reference
    explicit = study_from({"learning_rate": "0.001", "weight_decay": "1e-2"})
    assert signature(explicit, **PARTS) == reference


def test_a_learning_rate_left_out_is_that_of_the_models_kind():
    assert Study().peak_learning_rate == 1e-3
    assert Study(model="some/encoder").peak_learning_rate == 2e-5
    assert Study(model="some/encoder", learning_rate=1e-4).peak_learning_rate == 1e-4
    given = Study(model="some/encoder", learning_rate=2e-5)
    assert signature(given, **PARTS) == signature(Study(model="other/name"), **PARTS)


def write_data(folder, languages=("deu", "nld"), text="Text"):
    for code in languages:
        (folder / code).mkdir(parents=True)
        rows = "".join(f"{text} {i}\t{'ab'[i % 2]}\n" for i in range(6))
        for split in ("train", "test"):
            (folder / code / f"{split}.tsv").write_text("text\tlabel\n" + rows)
    return str(folder)


def data_signature(**settings):
    corpus = load_corpus(Study(task="sequence", **settings))
    return signature(Study(**settings), task=corpus.task, metric=corpus.metric,
                     labels=corpus.labels, data=corpus.fingerprints(), model="m")


def test_the_same_data_has_the_same_signature_wherever_it_lies(tmp_path):
    here, there = write_data(tmp_path / "here"), write_data(tmp_path / "far" / "there")
    reference = data_signature(data=here)
    assert data_signature(data=there) == reference
    assert data_signature(data=there, languages=("nl", "German")) == reference
    assert data_signature(data=here, rows=100) == reference  # more than there are
    assert data_signature(data=write_data(tmp_path / "other", text="Texte")) != reference
    assert data_signature(data=here, rows=3) != reference
    assert data_signature(data=here, lowercase=True) != reference
    more = write_data(tmp_path / "more", ("deu", "nld", "ita"))
    assert data_signature(data=more) != reference
    assert data_signature(data=more, languages=("deu", "nld")) == reference


# canonical JSON


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": [1, 2.5, None, True], "a": "é\n"}) == (
        b'{"a":"\\u00e9\\n","b":[1,2.5,null,true]}')
    value = {"x": {"b": 1, "a": [1e-05, "\ud800"]}}
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_canonical_json_refuses_what_is_not_json(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)
