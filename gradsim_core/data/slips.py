"""What looks like a slip in a corpus: labels that say there is none, a language in two spellings.

Conventions
-----------
Pure. Nothing is changed: a label may well be called "none", and two spellings may be meant to stay
apart. Each is said in one sentence, with what to do if it was not meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradsim_core.data.corpus import Corpus
from gradsim_core.data.rows import listing
from gradsim_core.languages.resolving import resolve_or_own

_BLANKS = {"nan", "na", "n/a", "none", "null", "<na>"}
"""How programs write a value that is missing."""


def slips(corpus: Corpus) -> Iterator[str]:
    """Say what looks like a slip, one sentence each."""
    for label in corpus.labels:
        if label.casefold() in _BLANKS:
            yield (f"{label} counts as a label of its own: if it stands for a missing one, leave "
                   "those cells empty, and their rows are left out.")
    for codes in _spelt_otherwise(corpus):
        yield (f"{listing(codes, 80)} are one language in {len(codes)} spellings, "
               f"{corpus.languages[codes[0]].name}, and count as {len(codes)}: write one of them "
               "if their rows belong together.")


def _spelt_otherwise(corpus: Corpus) -> list[list[str]]:
    """Codes that are nothing but spellings of one language, the plain one first."""
    alike: dict[tuple[str, str | None], list[str]] = {}
    for code, language in corpus.languages.items():
        found = resolve_or_own(code)  # a language x topic, say, is found to be no language
        if found.iso639_3 and "left out" not in found.note:  # a region may matter
            alike.setdefault((found.iso639_3, language.script), []).append(code)
    return [sorted(codes, key=lambda code: (code != iso, code))
            for (iso, _), codes in alike.items() if len(codes) > 1]
