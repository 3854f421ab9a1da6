"""The majority baseline: what is scored without learning anything but the most frequent label.

Conventions
-----------
The label is the most frequent one among the language's own training rows (tags among its words
in token tasks), or, where it has none, among the training rows of all languages. Of equally
frequent labels the first in the corpus's order is taken.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from gradsim_core.data import load_corpus
from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.errors import DataError
from gradsim_core.scores.trained import load_record
from gradsim_core.storage.store import Store
from gradsim_core.study import Study
from gradsim_core.training.metrics import sequence_scores, token_scores

LEARNED = 0.05
"""Above always giving the most frequent label: less is not worth calling a skill."""

_ENTRY = "scores/majority.json"

Baseline = dict[str, dict[str, float]]


def majority_baseline(corpus: Corpus, split: str = "test") -> Baseline:
    """Score the most frequent training label on every language.

    Returns
    -------
    dict
        Code -> metric -> fraction, as trials are scored; a language without rows in the split
        is absent.
    """
    counts = {code: _counts(corpus.split(code, "train"), corpus.task)
              for code in corpus.languages}
    pooled = sum(counts.values(), Counter())
    found = {}
    for code in corpus.languages:
        rows = corpus.split(code, split)
        label = _most_frequent(counts[code] or pooled, corpus.labels)
        if len(rows):
            found[code] = _scores(rows, label, corpus)
    return found


def _counts(split: Split, task: str) -> Counter[str]:
    return Counter(split.labels if task == "sequence" else chain.from_iterable(split.labels))


def _most_frequent(counts: Counter[str], labels: tuple[str, ...]) -> str:
    return max(labels, key=lambda label: counts[label])  # the first of equals


def _scores(rows: Split, label: str, corpus: Corpus) -> dict[str, float]:
    if corpus.task == "sequence":
        return sequence_scores(rows.labels, [label] * len(rows))
    return token_scores(rows.labels, [[label] * len(tags) for tags in rows.labels],
                        entities=corpus.metric == "entity_f1")


def load_majority(store: Store, signature: str, split: str = "test") -> Baseline:
    """The majority baseline of a study; reckoned from its data the first time, then kept.

    Raises
    ------
    DataError
        If the data cannot be read any more, or have changed since.
    StoreError
        If the study is not in the store.
    """
    kept = store.read_json(signature, _ENTRY)
    if kept is None:
        kept = _reckoned(store, signature)
        store.write_json(signature, _ENTRY, kept)
    return kept[split]


def _reckoned(store: Store, signature: str) -> dict[str, Baseline]:
    record = load_record(store, signature)
    corpus = load_corpus(Study.model_validate(record["study"]))
    if corpus.fingerprints() != record["data_fingerprints"]:
        raise DataError(f"{record['source'][:120]}: the data are not those that study {signature} "
                        "was run on, so their majority baseline is not its. Restore them, or run "
                        "the study on these.")
    return {split: majority_baseline(corpus, split) for split in ("dev", "test")}
