"""What an analyst must know about a corpus before anything is computed from it.

Conventions
-----------
Shares are fractions. Lengths are in characters for texts and in words for sentences of tagged
words. A *duplicate* is a training row whose text an earlier training row has; a *leak* is a
development or test row whose text also stands among the training rows of the same language.
Warnings go from the gravest to the slightest:
"serious" (the language's or the study's results mean nothing), "caution" (they may mislead),
"note" (good to know).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Literal

from gradsim_core.data.corpus import SPLITS, Corpus, Split
from gradsim_core.data.rows import listing
from gradsim_core.data.scripts import main_script, script_findings
from gradsim_core.data.slips import slips

Severity = Literal["serious", "caution", "note"]
SEVERITIES: tuple[Severity, ...] = ("serious", "caution", "note")

FEW_ROWS = 200
"""A language with fewer training rows is warned of, whatever the others have."""


@dataclass(frozen=True)
class LanguageHealth:
    """The facts of one language: a row of the health table.

    Attributes
    ----------
    train, dev, test : rows
    dropped : rows without text or label that were left out, over all splits
    duplicates, leaks : rows (see Conventions)
    classes : labels present among the training rows
    majority_label, majority_share : the commonest training label, and its share
    label_shares : label -> share of the training rows (or words)
    median_length, p95_length : characters or words (see Conventions), over all rows
    script, script_share : the commonest script of the letters (ISO 15924), and its share
    """

    language: str
    name: str
    train: int
    dev: int
    test: int
    dropped: int
    duplicates: int
    leaks: int
    classes: int
    majority_label: str
    majority_share: float
    label_shares: Mapping[str, float]
    median_length: int
    p95_length: int
    script: str
    script_share: float


@dataclass(frozen=True)
class HealthWarning:
    """One thing to know, in plain words; language is "" for the whole corpus."""

    severity: Severity
    language: str
    sentence: str


MOST_ALIKE = 12
"""Languages of which a warning of one kind is said one by one."""


def gathered(warnings: Sequence[HealthWarning]) -> list[HealthWarning]:
    """Warnings with one line for what is said of many languages, numbers aside."""
    kinds: dict[tuple[str, str], list[HealthWarning]] = {}
    for one in warnings:
        own = one.sentence.removeprefix(f"{one.language} ") if one.language else one.sentence
        kinds.setdefault((one.severity, re.sub(r"[\d.,]+", "#", own)), []).append(one)
    found = []
    for alike in kinds.values():
        codes = list(dict.fromkeys(one.language for one in alike))
        if len(codes) <= MOST_ALIKE:
            found += alike
            continue
        own = alike[0].sentence.removeprefix(f"{codes[0]} ")
        found.append(HealthWarning(
            alike[0].severity, "", f"{len(codes):,} languages, such as {codes[0]}, which {own}"))
    return found


@dataclass(frozen=True)
class Health:
    """Facts of every language in the corpus's order, and warnings, the gravest first."""

    rows: tuple[LanguageHealth, ...]
    warnings: tuple[HealthWarning, ...]
    length_unit: Literal["characters", "words"]


def data_health(corpus: Corpus) -> Health:
    """Look a corpus over.

    Parameters
    ----------
    corpus : the data as it would be trained and tested on

    Returns
    -------
    Health
        One row a language, and what to beware of.
    """
    rows = tuple(_facts(corpus, code) for code in corpus.languages)
    warnings = [*_corpus_warnings(corpus, rows),
                *chain.from_iterable(_language_warnings(corpus, row, rows) for row in rows)]
    warnings.sort(key=lambda warning: SEVERITIES.index(warning.severity))  # stable
    unit: Literal["characters", "words"] = "words" if corpus.task == "token" else "characters"
    return Health(rows, tuple(warnings), unit)


def _facts(corpus: Corpus, code: str) -> LanguageHealth:
    train, dev, test = (corpus.split(code, name) for name in SPLITS)
    seen = set(train.texts)
    lengths = sorted(len(text) for split in (train, dev, test) for text in split.texts)
    labels = Counter(_labels(train))
    total = labels.total()
    (majority, count), = labels.most_common(1) or [("", 0)]
    script, share = main_script(
        chain.from_iterable(_strings(split) for split in (train, dev, test)))
    return LanguageHealth(
        language=code, name=corpus.languages[code].name,
        train=len(train), dev=len(dev), test=len(test),
        dropped=sum(sum(split.dropped.values()) for split in (train, dev, test)),
        duplicates=len(train) - len(seen),
        leaks=sum(text in seen for split in (dev, test) for text in split.texts),
        classes=len(labels), majority_label=majority,
        majority_share=count / total if total else 0.0,
        label_shares={label: labels[label] / total if total else 0.0 for label in corpus.labels},
        median_length=lengths[len(lengths) // 2] if lengths else 0,
        p95_length=lengths[int(len(lengths) * 0.95)] if lengths else 0,
        script=script, script_share=share)


def _labels(split: Split) -> Iterable[str]:
    """One label a row, or one a word."""
    words = split.labels and isinstance(split.labels[0], tuple)
    return chain.from_iterable(split.labels) if words else split.labels


def _strings(split: Split) -> Iterable[str]:
    """Texts, or words."""
    words = split.texts and isinstance(split.texts[0], tuple)
    return chain.from_iterable(split.texts) if words else split.texts


def _corpus_warnings(corpus: Corpus, rows: tuple[LanguageHealth, ...]) -> Iterator[HealthWarning]:
    yield from (HealthWarning("note", "", note) for note in corpus.notes)
    if len(corpus.trainable) < 2:
        yield HealthWarning("serious", "", "Fewer than two languages have training rows: there is "
                                           "nothing to compare.")
    if len(corpus.labels) < 2:
        yield HealthWarning("serious", "", f"All rows have one label ({''.join(corpus.labels)}): "
                                           "there is nothing to learn.")
    yield from (HealthWarning("caution", "", one) for one in slips(corpus))
    trained = [row for row in rows if row.train]
    if len({row.train for row in trained}) > 1:
        smallest, *_, largest = sorted(trained, key=lambda row: row.train)
        if largest.train > 4 * smallest.train:
            yield HealthWarning(
                "note", "", f"Sizes differ much: {largest.language} has {largest.train:,} "
                f"training rows, {smallest.language} {smallest.train:,}; small languages "
                "repeat their rows more often.")


def _language_warnings(corpus: Corpus, row: LanguageHealth,
                       rows: tuple[LanguageHealth, ...]) -> Iterator[HealthWarning]:
    for severity, sentence in chain(_size_warnings(row, rows), _label_warnings(corpus, row, rows),
                                    _text_warnings(corpus, row)):
        yield HealthWarning(severity, row.language, f"{row.language} {sentence}")


Finding = tuple[Severity, str]


def _size_warnings(row: LanguageHealth, rows: tuple[LanguageHealth, ...]) -> Iterator[Finding]:
    if not row.train + row.test:
        yield "serious", "has neither training nor test rows: leave it out."
    elif not row.train:
        yield "note", ("has no training rows: it is only a target, tested on what other "
                       "languages teach.")
    elif not row.test:
        yield "caution", "has no test rows: no model can be scored on it."
    middle = median(other.train for other in rows if other.train) if row.train else 0
    if row.train and (row.train < FEW_ROWS or row.train < middle / 4):
        few = f"the median is {middle:,.0f}" if row.train < middle / 4 else f"fewer than {FEW_ROWS}"
        yield "caution", f"has {row.train:,} training rows, {few}: its similarities will be noisy."


def _label_warnings(corpus: Corpus, row: LanguageHealth,
                    rows: tuple[LanguageHealth, ...]) -> Iterator[Finding]:
    if not row.train:
        return
    if row.classes == 1:
        yield "serious", (f"has one label only ({row.majority_label}) among its training rows: "
                          "its gradients say nothing of the task.")
        return
    if missing := [label for label, share in row.label_shares.items() if not share]:
        severity: Severity = "note" if corpus.task == "token" else "caution"  # rare tags are many
        yield severity, f"lacks {listing(missing, 80)} among its training rows."
    if row.majority_share > (0.95 if corpus.task == "token" else 0.8):
        yield "caution", (f"has {row.majority_share:.0%} {row.majority_label}: a model that always "
                          "says so looks good.")
    others = [other for other in rows if other.train and other is not row]
    if not others:
        return
    distance = sum(abs(share - sum(other.label_shares[label] for other in others) / len(others))
                   for label, share in row.label_shares.items()) / 2
    if distance > 0.2:
        yield "caution", (f"has another label balance than the others ({distance:.0%} of its "
                          "labels would have to change): groups may follow labels, not language.")


def _text_warnings(corpus: Corpus, row: LanguageHealth) -> Iterator[Finding]:
    language = corpus.languages[row.language]
    if row.dropped:
        yield "note", f"had {row.dropped:,} rows without text or label; they were left out."
    if row.duplicates > 0.05 * row.train:
        yield "caution", (f"repeats itself: {row.duplicates:,} of {row.train:,} training rows have "
                          "a text that stood before.")
    if row.leaks > 0.01 * (row.dev + row.test):
        yield "caution", (f"has {row.leaks:,} of {row.dev + row.test:,} dev and test rows among "
                          "its training rows: its scores may be too high.")
    yield from script_findings(language.name, language.script, row.script, row.script_share)
    if language.note:
        yield "note", f"stands for a choice: {language.note}."
    elif language.iso639_3 is None:
        yield "note", "is a language we do not know: no family, no script, no place."
