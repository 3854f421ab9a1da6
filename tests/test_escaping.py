"""Text from data on pages, in figures and in CSV files stays text."""

from __future__ import annotations

import csv
import io
import re

import pytest
from made_up_studies import HOSTILE

from dashboard.escaping import markdown_text, plain_text, plotly_text
from gradsim_core import csv_cell, csv_text


@pytest.mark.parametrize(("name", "shown"), [
    ("Yorùbá", "Yorùbá"), ("a & b", "a &amp; b"), ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
    ("$x$", "&#36;x&#36;"), ("a\nb\tc", "a b c"), ("\u202eevil", "evil")])
def test_plotly_text(name: str, shown: str) -> None:
    assert plotly_text(name) == shown


@pytest.mark.parametrize("name", [*HOSTILE, "# x", "1. x", "- x", "| a | b |", "a@b.example",
                                  "https://x.example", ":smile:", "    code", "---", "[a]: b"])
def test_markdown_text_leaves_no_sign_unescaped(name: str) -> None:
    shown = markdown_text(name)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", shown)
    assert not re.search(r"[!-/:-@\[-`{-~]", bare)
    assert shown.replace("\\", "").replace("\u200b", "") == name.strip()
    for live in ("://", "www.", "@b", ":smile:"):
        assert live not in shown.replace("\\", ""), "found again by plugins after unescaping"


def test_plain_text_is_one_short_line() -> None:
    assert plain_text("a\n b\r\n\u2028c\x00d") == "a b c d"
    assert plain_text("x" * 50, longest=10) == "x" * 9 + "…"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "\0=1", "＝1"])
def test_csv_holds_no_formula(text: str) -> None:
    assert csv_cell(text) == "'" + text.strip("\t\r\n\0")
    rows = list(csv.reader(io.StringIO(csv_text([[text, -0.5, None], ["a\r\nb", 1, ""]]))))
    assert rows == [[csv_cell(text), "-0.5", ""], ["a b", "1", ""]]
