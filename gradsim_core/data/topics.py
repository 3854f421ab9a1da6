"""Topics of rows that the data itself does not tell: from a file, or from the rows' ids.

Conventions
-----------
A topics file is JSON: ``{"topics": {KEY: TOPIC, ...}, ...}``, or the inner object alone. A key is
a text's own key (`text_key`: without regard to case, so it does not matter whether a study
lower-cases), as `gradsim topics` writes it, or the text itself. A row whose text has no key keeps
no topic. Topics from a file replace those that the data has; topics from ids only fill in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradsim_core.data.corpus import Corpus, Split
from gradsim_core.data.rows import Part, shown
from gradsim_core.errors import DataError

SCHEMA = "gradsim.topics/1"
_KEY_LENGTH = 16


def text_key(text: str | tuple[str, ...]) -> str:
    """Key of a text, or of a sentence's words, whatever its capitals."""
    return hashlib.sha256(plain(text).casefold().encode("utf-8", "surrogatepass")).hexdigest()[
        :_KEY_LENGTH]


def plain(text: str | tuple[str, ...]) -> str:
    """A text as it is, or a sentence's words with spaces between them."""
    return text if isinstance(text, str) else " ".join(text)


def load_topics(path: str | Path) -> dict[str, str]:
    """Read a topics file: key or text -> topic.

    Raises
    ------
    DataError
        If it cannot be read, is not JSON, or is not an object of texts.
    """
    where = shown(path)
    try:
        found: Any = json.loads(Path(path).expanduser().read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise DataError(f"{where}: cannot be read ({reason}). Give a file that `gradsim topics` "
                        "wrote.") from None
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{where}{line}: not JSON ({str(error)[:60]}). Give a file that `gradsim "
                        "topics` wrote.") from None
    topics = found.get("topics", found) if isinstance(found, dict) else found
    if not isinstance(topics, dict) or not topics or not all(
            isinstance(topic, str) for topic in topics.values()):
        raise DataError(f"{where}: topics are an object that gives each text (or its key) one "
                        'topic, such as {"topics": {"a text": "news"}}. Write it so, or make it '
                        "with `gradsim topics`.")
    return topics


def with_topics(corpus: Corpus, topics: Mapping[str, str], where: str) -> Corpus:
    """The corpus with topics from a file, in place of its own.

    Raises
    ------
    DataError
        If not one text has a topic there.
    """
    def told(split: Split) -> Split:
        own = tuple(topics.get(text_key(text), topics.get(plain(text), "")) for text in split.texts)
        return replace(split, topics=own if any(own) else ())

    splits = {code: {name: told(split) for name, split in by_name.items()}
              for code, by_name in corpus.splits.items()}
    if not any(split.topics for by_name in splits.values() for split in by_name.values()):
        raise DataError(f"{where}: none of its {len(topics):,} texts stands in {corpus.source}. "
                        "Make topics of this data with `gradsim topics`.")
    return replace(corpus, splits=splits)


def topics_from_ids(parts: list[Part], patterns: Mapping[str, str]) -> list[Part]:
    """Rows without a topic get that of the first pattern that their whole id fits."""
    if not patterns:
        return parts
    compiled = [(re.compile(pattern), topic) for pattern, topic in patterns.items()]

    def topic_of(name: str) -> str:
        return next((topic for pattern, topic in compiled if pattern.fullmatch(name)), "")

    return [part._replace(rows=[row if row.topic else row._replace(topic=topic_of(row.id))
                                for row in part.rows]) for part in parts]
