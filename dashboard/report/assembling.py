"""The report put together: sections in their order, with a table of contents."""

from __future__ import annotations

import html
import re

from dashboard.report.content import Reported, reported
from dashboard.report.elements import paragraph, text
from dashboard.report.found_sections import (
    checking_section,
    experiments_section,
    findings_section,
    method_section,
)
from dashboard.report.page import page
from dashboard.report.study_sections import (
    data_section,
    groups_section,
    layers_section,
    similarity_section,
    study_section,
)
from dashboard.words.glossary import terms_in
from gradsim_core import Reading, Rule, Store

_HEADING = re.compile(r'<section id="(\w+)"><h2>(.*?)</h2>')
_TAG = re.compile(r"<script.*?</script>|<[^>]*>", re.DOTALL)


def study_report(store: Store, signature: str, reading: Reading, rule: Rule) -> str:
    """A study's report as one HTML file.

    Parameters
    ----------
    rule : of the groups, which holds the groups themselves where they were made by hand

    Raises
    ------
    GradSimError
        If the study is not there, or its similarity cannot be read so.
    """
    return assembled(reported(store, signature, reading, rule))


def assembled(shown: Reported) -> str:
    """The report of what was read."""
    told = "".join((study_section(shown), data_section(shown), similarity_section(shown),
                    layers_section(shown), groups_section(shown), experiments_section(shown),
                    findings_section(shown)))
    told += method_section(shown, terms_in([html.unescape(_TAG.sub(" ", told))]))
    told += checking_section(shown)
    contents = "".join(f'<li><a href="#{name}">{title}</a></li>'
                       for name, title in _HEADING.findall(told))
    head = (f"<h1>{text(shown.title)}</h1>"
            + paragraph("Which languages help each other in multilingual training, measured from "
                        f"their gradients. Study {shown.results.signature}.", "faint")
            + f"<nav aria-label=Contents><ul>{contents}</ul></nav>")
    return page(f"{shown.title} · GradSim", head + told)
