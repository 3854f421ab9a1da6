"""Reports of findings: the verdict first, then every number it rests on, with figures.

Conventions
-----------
A report is files by name, all made from the finding's content alone: ``report.md``, which refers to
the figures beside it (SVG), tables for spreadsheets (CSV) and the content itself (JSON). Texts from
data can make neither markup nor formulas.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from gradsim_core.findings.layers import lower_or_higher_report
from gradsim_core.findings.topics import topic_or_language_report
from gradsim_core.findings.transfer import measures_report, readings_report

Content = Mapping[str, Any]

REPORTS: Mapping[str, Callable[[Content], dict[str, str]]] = {
    "measures": measures_report.report_files,
    "topic-or-language": topic_or_language_report.report_files,
    "lower-or-higher": lower_or_higher_report.report_files,
    "readings": readings_report.report_files}
"""Kind -> content -> files by name, without the content itself."""

_SUMMARIES: Mapping[str, Callable[[Content], list[dict[str, str]]]] = {
    "measures": measures_report.summary_rows,
    "topic-or-language": topic_or_language_report.summary_rows,
    "lower-or-higher": lower_or_higher_report.summary_rows,
    "readings": readings_report.summary_rows}


def finding_report(kind: str, content: Content) -> dict[str, str]:
    """All files of a finding's report, its content as ``finding.json`` among them."""
    return {**REPORTS[kind](content),
            "finding.json": json.dumps(content, indent=2, ensure_ascii=False) + "\n"}


def summary_rows(kind: str, content: Content) -> list[dict[str, str]]:
    """The rows of a short table, as plain text; the keys are its headings."""
    return _SUMMARIES[kind](content)
