"""Names that would run, leave the page, or break a file where they are read as anything but text.

Each says in a script that it ran (``window.__ran``), or asks for something at out.example.
"""

from __future__ import annotations

_OUT = "http://out.example"

SCRIPTS = (
    "<script>window.__ran=1</script>",
    "<img src=x onerror=window.__ran=2>",
    f"<img src={_OUT}/1.png>",
    "<svg onload=window.__ran=3>",
    "<svg><script>window.__ran=4</script></svg>",
    f"<iframe src={_OUT}/2></iframe>",
    "<iframe srcdoc='<script>parent.__ran=5</script>'></iframe>",
    f"<object data={_OUT}/3></object>",
    f"<embed src={_OUT}/4>",
    f"<meta http-equiv=refresh content='0;url={_OUT}/5'>",
    f"<base href={_OUT}/>",
    f"<link rel=stylesheet href={_OUT}/6.css>",
    f"<style>@import '{_OUT}/7.css';</style>",
    f"<div style='background:url({_OUT}/8.png)'>x",
    "<details open ontoggle=window.__ran=6>",
    "<input autofocus onfocus=window.__ran=7>",
    f"<form action={_OUT}/9><button>Go",
    f"<video poster={_OUT}/10.png src={_OUT}/10.mp4>",
    "</title></script><script>window.__ran=8</script>",
    "\"'><script>window.__ran=9</script>",
    "<math><mtext></mtext><img src=x onerror=window.__ran=10></math>",
    "&lt;script&gt;window.__ran=11&lt;/script&gt;",
    "&#60;img src=x onerror=window.__ran=12&#62;",
    "<ſcript>window.__ran=13</ſcript>",
)
MARKDOWN = (
    f"![picture]({_OUT}/11.png)",
    f"[a link]({_OUT}/12)",
    "[a script](javascript:window.__ran=14)",
    "[data](data:text/html,<script>window.__ran=15</script>)",
    f"<{_OUT}/13>",
    f"{_OUT}/14",
    "www.out.example",
    "someone@out.example",
    f"[by reference][r]\n\n[r]: {_OUT}/15",
    "**bold** _slanted_ ~~struck~~ `code`",
    "# a heading",
    "- a list\n- of two",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "$x^2$ and $$\\href{http://out.example}{x}$$",
    ":red[coloured] :blue-background[b] :rainbow[r]",
    ":skull: :material/delete_forever: :streamlit:",
    ":red-badge[a badge] :small[small]",
    "\\[x\\](javascript:window.__ran=16)",
)
PLOTLY = (
    "<a href='javascript:window.__ran=17'>Ewe</a>",
    f"<a href='{_OUT}/16' target='_blank'>Ewe</a>",
    f"<b>bold</b><br><i>x</i><span style='background:url({_OUT}/17)'>y</span>",
    "%{z} %{customdata[0]} %{fullData.name}",
    "{{ 7 * 7 }} {% x %} ${7*7} #{7*7}",
    "<extra>gone</extra>",
    "$\\text{\\href{javascript:window.__ran=18}{x}}$",
)
FORMULAS = (
    f"=HYPERLINK(\"{_OUT}/18\")",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "=1+1\",\"=2+2",
)
TEXTS = (
    "\u202egnp.gpj\u202c right to left",
    "שלום (עברית) <b>",
    "a\u200bb\u200dc\ufeffd",
    "nul\x00 bell\x07 escape\x1b[31mred\x1b[0m",
    "back\x08space\x7f and \x85next line\u2028line\u2029end",
    "long " + 60 * "name ",
    300 * "W",
    "../../etc/passwd",
    "C:\\Windows\\..\\x:y*?.csv",
    "'; DROP TABLE runs; --",
    "Robert\"); x = (\"",
    "Ηausa in Greek letters; Наusa in Cyrillic ones",
    "ﷺ and Z̷̡͎͠á̷̱l̸̯̆g̵̨̈o̶͍̾",
    "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e0073 😀",
    "a & b &amp; &copy; &#x41;",
    "None", "NaN", "true", "1e999", "  ", "__proto__", "constructor",
)
HOSTILE = (*SCRIPTS, *MARKDOWN, *PLOTLY, *FORMULAS, *TEXTS)
"""All of them, each different."""

LONE_SURROGATE = "half \ud83d a pair"
"""What JSON can say and UTF-8 cannot: nothing may write it, and nothing may fall over it."""
