"""Small data folders for the tests of the readers, and the message of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradsim_core.data import Corpus, load_corpus
from gradsim_core.data.readers import load_parts
from gradsim_core.data.rows import Row
from gradsim_core.errors import DataError
from gradsim_core.study import Study

TSV = "text\tlabel\ngut\tpos\nschlecht\tneg\n"

CONLLU = """# sent_id = a1
# text = Vámonos _
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
2.1\tgone\tgo\tVERB\t_\t_\t_\t_\t1:conj\t_
3\t_\t_\tPUNCT\t_\t_\t1\tpunct\t_\t_

# sent_id = a2
1\tx\t_\t_\t_\t_\t0\troot\t_\t_
"""


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def folder(root: Path, content: str | bytes, name: str = "train.tsv") -> Path:
    """A folder with one file of one language."""
    write(root / "deu" / name, content)
    return root


def corpus_of(root: Path, **settings: Any) -> Corpus:
    return load_corpus(Study(data=str(root), **settings))


def rows_in(root: Path, **columns: str) -> list[Row]:
    return [row for part in load_parts(root, columns) for row in part.rows]


def refusal(call: Callable[[], object]) -> str:
    """The message of the DataError that a call raises."""
    with pytest.raises(DataError) as caught:
        call()
    assert len(str(caught.value)) <= 400
    return str(caught.value)
