"""Files of similarities that were measured elsewhere, read as one measure with its layers.

Conventions
-----------
Each file is one table, wide or long (see `pair_tables`); several files are the layers of one
model. A folder stands for the tables in it. Spellings such as ``arb_Arab`` are read as languages,
macrolanguages as the language that data in their name are mostly in, and the report says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradsim_core.data.files import HeldFile
from gradsim_core.data.rows import listing, shown
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import Language
from gradsim_core.measures import Measure
from gradsim_core.measures.imported import imported
from gradsim_core.measuring.kept import imported_name, save_measure
from gradsim_core.pair_tables import TableReport, read_similarity_table
from gradsim_core.pair_tables.alignment import FEWEST_LANGUAGES
from gradsim_core.storage.store import Store

ENDINGS = (".csv", ".tsv", ".txt")
MOST_FILES = 200


@dataclass(frozen=True, eq=False)
class ImportedSimilarity:
    """A similarity from files.

    Attributes
    ----------
    measure : with one layer a file, where there are several
    languages : code -> Language, in the measure's order
    sentences : what was understood, for people
    """

    measure: Measure
    languages: dict[str, Language]
    sentences: tuple[str, ...]


def table_files(places: Sequence[str | Path]) -> list[Path]:
    """The files meant: those named, and the tables in the folders named.

    Raises
    ------
    DataError
        If a place is not there, a folder has no table, or there are too many files.
    """
    found: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            inside = sorted(one for one in place.iterdir()
                            if one.suffix.lower() in ENDINGS and one.is_file())
            if not inside:
                raise DataError(f"{shown(place)}: has no {', '.join(ENDINGS)} file in it. Name "
                                "the folder that holds the tables.")
            found += inside
        else:
            found.append(place)
    if len(found) > MOST_FILES:
        raise DataError(f"{len(found):,} files are too many for the layers of one model (at most "
                        f"{MOST_FILES}). Name fewer.")
    return found


def read_similarity_files(name: str, files: Sequence[Path | HeldFile], *,
                          columns: Mapping[str, str] | None = None,
                          known: Collection[str] = ()) -> ImportedSimilarity:
    """Read tables as one measure, and say what was understood.

    Parameters
    ----------
    name : what to call it
    files : one a layer, in any order
    columns, known : as in `pair_tables.read_similarity_table`

    Raises
    ------
    StoreError
        If the name cannot be kept.
    DataError
        If a file is not such a table, two files have one name, or the tables have fewer than
        three languages; names file and line.
    """
    imported_name(name)
    tables, reports = {}, []
    for file in files:
        table, report = read_similarity_table(file, columns=columns, known=known)
        stem = Path(file.name).stem
        if stem in tables:
            raise DataError(f"Two files are called {stem[:60]!r}, and a layer is named by its "
                            "file. Rename one.")
        tables[stem] = table
        reports.append(report)
    measure = imported(name, tables)
    told: dict[str, Language] = {}
    for report in reversed(reports):
        told |= {one.code: one for one in report.languages.values()}
    languages = {code: told[code] for code in measure.languages}
    if len(languages) < FEWEST_LANGUAGES:
        raise DataError(f"{reports[0].path}: has {len(languages)} languages "
                        f"({listing(languages)}), and {FEWEST_LANGUAGES} are the fewest that can "
                        "be compared.")
    return ImportedSimilarity(measure, languages, _sentences(measure, reports))


def keep_similarity(store: Store, signature: str, sources: Sequence[str],
                    found: ImportedSimilarity) -> tuple[Measure, tuple[str, ...]]:
    """Keep an imported similarity with a study, and say what falls away.

    Parameters
    ----------
    sources : codes of the study's sources

    Returns
    -------
    The measure of the study's sources as it is kept, and sentences about it.

    Raises
    ------
    DataError
        If fewer than three languages are in both.
    """
    there = [code for code in sources if code in found.languages]
    if len(there) < FEWEST_LANGUAGES:
        raise DataError(f"The tables and the study have {len(there)} languages in common "
                        f"({listing(there)}), too few to compare. The tables have "
                        f"{listing(found.languages, 60)}; the study trains on "
                        f"{listing(sources, 60)}.")
    measure = found.measure.among(sources)
    save_measure(store, signature, measure)
    said = [f"{len(there)} of the study's {len(sources)} languages are in the tables."]
    for what, codes in (("Missing in the tables", [one for one in sources if one not in there]),
                        ("In the tables alone, dropped",
                         [one for one in found.languages if one not in sources])):
        if codes:
            said.append(f"{what}: {listing(codes)}.")
    return measure, tuple(said)


def _sentences(measure: Measure, reports: Sequence[TableReport]) -> tuple[str, ...]:
    """What was understood: what all tables share is said once, the rest with its file."""
    layouts = " and ".join(sorted({report.layout for report in reports}))
    many = len(reports) > 1
    said = [(f"{len(reports)} {layouts} tables" if many else f"A {layouts} table")
            + f" of {len(measure.languages)} languages"
            + (f", {measure.layers[0]} to {measure.layers[-1]}" if many else "")
            + f"; {measure.coverage:.0%} of the pairs have a value."]
    seen: dict[str, list[str]] = {}
    for report in reports:
        for sentence in report.sentences():
            seen.setdefault(sentence, []).append(Path(report.path).name)
    for sentence, names in seen.items():
        partly = f" ({listing(names, 60)})" if len(names) < len(reports) else ""
        said.append(f"{sentence[:-1]}{partly}." if partly else sentence)
    return tuple(said)
