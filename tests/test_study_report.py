"""The report in one file: complete, closed to the outside, and deaf to what names would do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from architecture_rules import loaded_by
from made_up_everything import write_everything
from made_up_studies import HOSTILE, SIGNATURE, write_study
from robustness_cases import stretches, write_stretches

from dashboard.report.__main__ import main
from dashboard.report.assembling import study_report
from dashboard.report.elements import chart, for_script, table, text
from dashboard.report.page import plotly_script
from gradsim_core import (
    NamedGroup,
    Reading,
    Rule,
    Store,
    check_decision,
    decide,
    load_results,
)

CLUSTERS = (0, 1, 0, 1, 0, 1)
KNOWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "nav", "h1", "h2", "h3",
    "p", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "div", "figure",
    "script", "details", "summary", "pre", "a", "span", "bdi"}


class Seen(HTMLParser):
    """Elements with their attributes, scripts by type, and all text outside of them."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str, str]] = []
        self.said: list[str] = []
        self._inside = ""
        self.feed(written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag
            if tag == "script":
                self.scripts.append((str(dict(attrs).get("type") or ""), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            kind, before = self.scripts[-1]
            self.scripts[-1] = (kind, before + data)
        elif not self._inside:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


def report_of(store: Store, **rule: object) -> Seen:
    return Seen(study_report(store, SIGNATURE, Reading(), Rule.model_validate(rule)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The report of a study with everything on it."""
    return report_of(write_everything(tmp_path_factory.mktemp("whole")), k=2)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The same with names that would run or leave."""
    return report_of(write_everything(tmp_path_factory.mktemp("hostile"), hostile=True))


def test_everything_found_is_told(whole: Seen) -> None:
    for said in ("Made-up study", f"Study {SIGNATURE}", "weighted F1", "German", "Germanic",
                 "Pairs within a branch average", "Lower and higher layers", "What moves most",
                 "2 groups by the objective", "Proved optimal", "Gradient groups score",
                 "Gradients predict transfer best", "What explains each layer",
                 "Topic or language", "scores: published", "gradsim verify",
                 "Left out: Russian, because it has no test rows.", "reliability"):
        assert said in whole.text, said
    headings = [tag for tag, _ in whole.tags if tag == "h2"]
    assert len(headings) == 9
    charts = [json.loads(script) for kind, script in whole.scripts[:-3] if "json" in kind]
    titles = [one["layout"]["title"]["text"] for one in charts]
    assert len(titles) == 7
    assert titles[0] == "Similarity of 8 languages: Made-up study"
    labels = [attributes["aria-label"] for tag, attributes in whole.tags
              if attributes.get("role") == "img"]
    assert len(labels) == len(titles)
    assert all(labels), "each chart says what it shows"


def test_glossary_holds_the_words_that_are_used(whole: Seen) -> None:
    assert "reliability" in whole.said, "as a term of its own"
    assert "near tie" in whole.text
    assert "oracle" in whole.text


def test_embedded_decision_holds(tmp_path: Path) -> None:
    store = write_everything(tmp_path)
    seen = report_of(store, k=2)
    written = next(script for tag, script in zip(
        [attributes for tag, attributes in seen.tags if tag == "script"], seen.scripts,
        strict=True) if tag.get("id") == "decision")[1]
    decision = json.loads(written)
    assert decision == decide(load_results(store, SIGNATURE), Reading(), Rule(k=2))
    assert check_decision(decision, store) == []
    (link,) = [attributes["href"] for tag, attributes in seen.tags
               if tag == "a" and "download" in attributes]
    assert json.loads(base64.b64decode(str(link).partition(",")[2])) == decision


def test_groups_made_by_hand_keep_their_names(tmp_path: Path) -> None:
    groups = (NamedGroup(name="the north <b>", languages=("deu", "nld", "swe", "dan")),
              NamedGroup(name="the south", languages=("spa", "ita", "por", "fra")))
    seen = report_of(write_everything(tmp_path), strategy="hand", hand=groups)
    assert "the north <b>" in seen.text
    assert "the south" in seen.text


@pytest.mark.parametrize("which", ["whole", "hostile"])
def test_nothing_can_leave_or_run(which: str, request: pytest.FixtureRequest) -> None:
    seen: Seen = request.getfixturevalue(which)
    assert {tag for tag, _ in seen.tags} <= KNOWN_TAGS
    for tag, attributes in seen.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"], tag
        link = str(attributes.get("href", "#"))
        assert link.startswith(("#", "data:application/json;base64,"))
    policy = next(str(attributes["content"]) for tag, attributes in seen.tags
                  if attributes.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    running = [script for kind, script in seen.scripts if "json" not in kind]
    assert len(running) == 2
    assert running[0] == plotly_script()
    for script in running:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_hostile_names_are_shown_as_they_are(hostile: Seen) -> None:
    for name in HOSTILE[:5]:
        assert " ".join(name.split()) in hostile.text
    for kind, script in hostile.scripts:
        if "json" in kind:
            assert "<" not in script
            json.loads(script)


def test_a_study_without_findings_says_so(tmp_path: Path) -> None:
    seen = report_of(write_study(tmp_path))
    assert "no groups of this study have been trained" in seen.text
    assert "no measure has been held against transfer" in seen.text
    assert "kept no increments to resample" in seen.text


def test_certainty_is_told_where_it_is_known(tmp_path: Path) -> None:
    text_ = report_of(write_stretches(tmp_path, stretches(CLUSTERS, 0.3)), k=2).text
    assert "drawn anew 200 times" in text_
    assert "kept no increments" not in text_


def test_groups_that_cannot_be_made_do_not_hide_the_rest(tmp_path: Path) -> None:
    seen = report_of(write_everything(tmp_path), k=1, largest=2)
    assert "Gradient groups score" in seen.text
    assert not [1 for tag, attributes in seen.tags if "download" in attributes]
    assert "gradsim verify" not in seen.text


def test_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    store = write_everything(tmp_path)
    assert study_report(store, SIGNATURE, Reading(), Rule()) == study_report(
        store, SIGNATURE, Reading(), Rule())


# the command

def test_command_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_everything(tmp_path / "cache")
    file = tmp_path / "report.html"
    assert main([SIGNATURE[:4], "-o", str(file), "--cache", str(tmp_path / "cache"),
                 "--k", "2"]) == 0
    assert file.read_text(encoding="utf-8") == study_report(
        Store(tmp_path / "cache"), SIGNATURE, Reading(), Rule(k=2))
    assert SIGNATURE in capsys.readouterr().out
    assert main(["zz", "--cache", str(tmp_path / "cache"), "-o", str(file)]) == 1
    assert "No study begins with 'zz'" in capsys.readouterr().err
    assert main([SIGNATURE, "--cache", str(tmp_path / "cache"), "-o", str(tmp_path)]) == 1
    assert "Choose another place" in capsys.readouterr().err


def test_command_needs_no_page() -> None:
    assert loaded_by("import dashboard.report.__main__", ("streamlit", "torch")) == set()


# pieces

def test_text_is_only_text() -> None:
    assert text("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
    assert text("עברית") == "<bdi>עברית</bdi>"
    assert for_script('"</script><!--&"') == '"\\u003c/script\\u003e\\u003c!--\\u0026"'
    assert json.loads(for_script('"</script>"')) == "</script>"


def test_cells_of_tables() -> None:
    written = table({"Word": ["<a>", None], "Number": [1.23456, None], "Whole": [1200, 3],
                     "Not finite": [float("nan"), -0.5]}, 2)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", written)
    assert cells == ["&lt;a&gt;", "1.23", "1,200", "–", "–", "–", "3", "−0.50"]
    assert written.count("class=n") == 9


def test_charts_keep_what_is_undefined() -> None:
    import plotly.graph_objects as go

    written = chart(go.Figure(go.Scatter(y=[1, np.nan])), 'says "x" <b>')
    assert 'aria-label="says &quot;x&quot; &lt;b&gt;"' in written
    (data,) = re.findall("json\">(.*?)</script>", written)
    assert json.loads(data)["data"][0]["type"] == "scatter"
