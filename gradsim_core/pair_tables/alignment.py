"""Bringing an imported table and a study to the same languages, and saying what falls away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradsim_core.data.rows import listing
from gradsim_core.errors import DataError
from gradsim_core.scores.tables import Scores, selection

FEWEST_LANGUAGES = 3
"""With two languages there is one pair, and nothing to compare it with."""


@dataclass(frozen=True)
class AlignmentReport:
    """What falls away between a table and a study.

    Attributes
    ----------
    common : languages of both
    table_only : languages that the table has and the study lacks
    study_only : languages that the study has and the table lacks
    no_source, no_target : common languages that the table does not have as such
    """

    common: tuple[str, ...]
    table_only: tuple[str, ...]
    study_only: tuple[str, ...]
    no_source: tuple[str, ...]
    no_target: tuple[str, ...]

    def sentences(self) -> list[str]:
        """The report for people, a sentence each."""
        said = [f"{len(self.common)} languages are in both: {listing(self.common)}."]
        for kind, codes in (("In the table alone, dropped", self.table_only),
                            ("In the study alone, without scores", self.study_only),
                            ("Not a source in the table", self.no_source),
                            ("Not a target in the table", self.no_target)):
            if codes:
                said.append(f"{kind}: {listing(codes)}.")
        return said


def align(scores: Scores, codes: Sequence[str]) -> tuple[Scores, AlignmentReport]:
    """Keep of a table the languages of a study, in the study's order.

    Parameters
    ----------
    codes : of the study's languages

    Returns
    -------
    Scores, AlignmentReport
        Sources and targets are each those that the table has; they need not be the same.

    Raises
    ------
    DataError
        If fewer than three languages are in both, or no source or no target is.
    """
    sources = [code for code in codes if code in scores.sources]
    targets = [code for code in codes if code in scores.targets]
    inside = dict.fromkeys((*scores.sources, *scores.targets))
    report = AlignmentReport(
        tuple(code for code in codes if code in inside),
        tuple(code for code in inside if code not in codes),
        tuple(code for code in codes if code not in inside),
        tuple(code for code in targets if code not in sources),
        tuple(code for code in sources if code not in targets))
    if len(report.common) < FEWEST_LANGUAGES or not sources or not targets:
        kind = ("languages" if len(report.common) < FEWEST_LANGUAGES else
                "sources" if not sources else "targets")
        n_common = len(report.common) if kind == "languages" else 0
        raise DataError(f"Table and study have {n_common} {kind} in common "
                        f"({listing(report.common, 60)}), too few to compare. The table has "
                        f"{listing(inside, 60)}; the study {listing(codes, 60)}. Import a table of "
                        f"the study's languages.")
    return selection(scores, sources, targets), report
