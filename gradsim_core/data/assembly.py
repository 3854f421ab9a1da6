"""From parts, as a source spells them, to a corpus: languages told, splits made, rows chosen.

Conventions
-----------
A language that has only training rows, or rows of no named split, is split 80/10/10 by the hash
of each row's id, or of its text if it has no id: the same item falls into the same split in every
language. So is a language that has only development or test rows, if no language has a training
split at all (as in the parallel treebanks) or if asked for; otherwise it stays a target. Rows
without text or label are dropped and counted. Training rows are chosen by a seeded hash of the
same key, so that parallel rows stay parallel and the order of the languages does not matter.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import chain

from gradsim_core.data.corpus import EMPTY, SPLITS, Corpus, Split, Task
from gradsim_core.data.rows import Part, Row, hash_order, hash_split, listing
from gradsim_core.errors import DataError
from gradsim_core.languages.resolving import Language, languages_of

ALL = ("all",)
"""What to write for `languages` to get every language of a source that has a default list."""

_ENTITY_TAG = re.compile(r"O|[BIES]-.+")


def corpus_from(parts: Sequence[Part], *, source: str, languages: Sequence[str] = (),
                task: Task | None = None, metric: str | None = None, lowercase: bool = False,
                rows: int | None = None, score_rows: int | None = None, seed: int = 0,
                split_targets: bool = False) -> Corpus:
    """Put a corpus together.

    Parameters
    ----------
    parts : rows by language and split; parts of the same language and split are joined
    source : where they came from, in one line
    languages : in any spelling; empty or "all": every language of the parts
    task, metric : None to tell them from the rows
    lowercase : lower-case every text
    rows, score_rows : at most this many training rows a language, and of dev and test each
    seed : of the choice of rows
    split_targets : split a language 80/10/10 even if it has only test rows

    Raises
    ------
    DataError
        If a language asked for is not there, no language has a training row, or the rows are
        of another task.
    """
    known = languages_of(list(dict.fromkeys(part.language for part in parts)))
    wanted = wanted_spellings(languages, known)
    trained = any(part.split in ("train", None) for part in parts)
    splits: dict[str, dict[str, Split]] = {}
    for code in sorted({known[spelling].code for spelling in wanted}):
        own = [part for part in parts if known[part.language].code == code]
        splits[code] = _splits(own, split_targets or not trained, lowercase)
        for name, limit in (("train", rows), ("dev", score_rows), ("test", score_rows)):
            splits[code][name] = sampled(splits[code][name], limit, seed)
    every = [split for by_name in splits.values() for split in by_name.values()]
    if not any(len(by_name["train"]) for by_name in splits.values()):
        raise DataError(f"{source}: none of {listing(splits)} has a training row, so nothing can "
                        "be trained. Check the files named train, or give other languages.")
    task = _task(every, task, source)
    labels = _labels(every, task)
    by_code = {language.code: language for language in known.values()}
    return Corpus(task=task, metric=metric or _metric(task, labels), labels=labels,
                  languages={code: by_code[code] for code in splits}, splits=splits,
                  source=source)


def wanted_spellings(languages: Sequence[str], known: Mapping[str, Language]) -> list[str]:
    """The data's spellings of the languages asked for.

    Raises
    ------
    DataError
        If one is not there, listing what there is.
    """
    if not languages or tuple(languages) == ALL:
        return list(known)
    by_code: dict[str, list[str]] = {}
    for spelling, language in known.items():
        by_code.setdefault(language.code, []).append(spelling)
    asked = languages_of([name for name in languages if name not in known])
    wanted: list[str] = []
    for name in languages:
        code = known[name].code if name in known else asked[name].code
        if code not in by_code:
            near = difflib.get_close_matches(
                name.casefold(), {part.casefold(): None for language in known.values()
                                  for part in (language.code, language.name)}, n=3)
            hint = f"Near: {listing(near, 60)}. " if near else ""
            raise DataError(f"language {name[:40]!r} is not in the data. {hint}"
                            f"There: {listing(sorted(by_code), 200)}. Choose among these.")
        wanted += by_code[code]
    return wanted


def is_split_here(present: Set[str | None], split_targets: bool) -> bool:
    """Whether a language's rows, found in these splits, are split 80/10/10 by hash."""
    return len(present) == 1 and (present <= {"train", None} or split_targets)


def _splits(parts: list[Part], split_targets: bool, lowercase: bool) -> dict[str, Split]:
    """The three splits of one language."""
    if is_split_here({part.split for part in parts}, split_targets):
        keyed = "id" if all(row.id for part in parts for row in part.rows) else "text"
        made = {name: Part(parts[0].language, name, [],
                           f"{_sources(parts)} (split 80/10/10 by hash of {keyed})")
                for name in SPLITS}
        for row in chain.from_iterable(part.rows for part in parts):
            made[hash_split(row.key)].rows.append(row)
        parts = list(made.values())
    # rows of no named split, beside named ones, can only be trained on
    return {name: _split([part for part in parts if (part.split or "train") == name], lowercase)
            for name in SPLITS}


def _sources(parts: list[Part]) -> str:
    names = list(dict.fromkeys(part.source for part in parts))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _split(parts: list[Part], lowercase: bool) -> Split:
    """Rows that have a text and a label, as columns; the others are counted by reason."""
    if not parts:
        return EMPTY
    dropped: Counter[str] = Counter()
    kept: list[Row] = []
    for row in chain.from_iterable(part.rows for part in parts):
        if reason := _fault(row):
            dropped[reason] += 1
        else:
            kept.append(row)
    texts = [row.text for row in kept]
    if lowercase:
        texts = [text.lower() if isinstance(text, str) else tuple(word.lower() for word in text)
                 for text in texts]
    return Split(texts=tuple(texts), labels=tuple(row.label for row in kept),
                 topics=tuple(row.topic for row in kept) if any(r.topic for r in kept) else (),
                 ids=tuple(row.id for row in kept) if any(r.id for r in kept) else (),
                 source=_sources(parts), dropped=dict(dropped))


def _fault(row: Row) -> str | None:
    """Why a row cannot be learned from; None if it can."""
    if isinstance(row.text, str):
        return "empty text" if not row.text.strip() else None if row.label else "empty label"
    if not row.text:
        return "empty text"
    if not row.label or not all(row.label):
        return "empty label"
    return None if all(word.strip() for word in row.text) else "empty word"


def sampled(split: Split, rows: int | None, seed: int) -> Split:
    """At most `rows` rows in their order, chosen by a seeded hash of each row's key; None: all."""
    if rows is None or len(split) <= rows:
        return split
    keys = [Row(text, "", id=name).key
            for text, name in zip(split.texts, split.ids or [""] * len(split), strict=True)]
    order = sorted(range(len(split)), key=lambda i: (hash_order(keys[i], f"rows {seed}"), i))
    chosen = sorted(order[:rows])

    def pick(column: tuple) -> tuple:
        return tuple(column[i] for i in chosen) if column else ()

    return Split(pick(split.texts), pick(split.labels), pick(split.topics), pick(split.ids),
                 f"{split.source} ({rows:,} of {len(split):,} rows, seed {seed})", split.dropped)


def _task(splits: list[Split], task: Task | None, source: str) -> Task:
    """The task that all rows have; they must agree with the one asked for."""
    kinds: set[Task] = {"sequence" if isinstance(text, str) else "token"
                        for split in splits for text in split.texts}
    if len(kinds) > 1:
        raise DataError(f"{source}: some files hold texts with one label, others words with tags. "
                        "Keep the files of one task.")
    found = kinds.pop()
    if task not in (None, found):
        holds = {"sequence": "texts with one label", "token": "words with tags"}
        raise DataError(f"{source}: task is {task!r}, but the data holds {holds[found]}. "
                        f"Set task to {found!r}, or name other columns.")
    return found


def _labels(splits: list[Split], task: Task) -> tuple[str, ...]:
    if task == "sequence":
        return tuple(sorted({label for split in splits for label in split.labels}))
    return tuple(sorted({tag for split in splits for tags in split.labels for tag in tags}))


def _metric(task: Task, labels: tuple[str, ...]) -> str:
    """Weighted F1 for texts; entity F1 for tags that are all O, B-…, I-…; else accuracy."""
    if task == "sequence":
        return "weighted_f1"
    entities = all(_ENTITY_TAG.fullmatch(tag) for tag in labels) and any("-" in t for t in labels)
    return "entity_f1" if entities else "accuracy"
