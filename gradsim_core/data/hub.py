"""Data sets of the Hugging Face hub, or of a local copy, through the `datasets` library.

Conventions
-----------
No code of a data set is ever run: the library refuses loading scripts, and only its readers of
plain rows are let through. A data set that is a script is read from the Parquet copy that the hub
keeps of it (revision ``refs/convert/parquet``), unless a revision is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradsim_core.data.columns import record_parts
from gradsim_core.data.rows import Part, Row, listing, shown, split_name
from gradsim_core.data.tables import Table, named
from gradsim_core.errors import DataError

_READERS = ("parquet", "csv", "json", "arrow", "text", "conll")
"""Readers of `datasets` that hold rows of text and load no code."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")

PARQUET_COPY = "refs/convert/parquet"
"""Revision at which the hub keeps a Parquet copy of a data set, a folder a configuration."""


def hub_parts(hub: str, configs: Mapping[str, str | None], columns: Mapping[str, str],
              revision: str | None = None, untagged: str = "") -> list[Part]:
    """Read a data set's rows by language and split.

    Parameters
    ----------
    hub : hub id (owner/name), or a local folder that `datasets` can load
    configs : language -> configuration to load; {"": config} if a column says the language
    columns : role -> column name
    revision : commit, branch or tag
    untagged : tag of words that are left out

    Raises
    ------
    DataError
        If the data set cannot be loaded (unknown, offline, not plain rows), has no such
        column, or has no split named train, dev or test.
    """
    parts: list[Part] = []
    for language, config in configs.items():
        where = f"{shown(hub)}{f' ({config})' if config else ''}"
        splits = _loaded(hub, config, revision)
        names = {split: split_name(str(split)) for split in splits}
        if not any(names.values()) and len(splits) > 1:
            raise DataError(f"{where}: no split is named train, dev (validation) or test. "
                            f"There: {listing(splits)}. Save it as files with such names.")
        for split, data in splits.items():
            if names[split] is None and any(names.values()):
                continue  # "extra", "unlabelled": neither trained on nor tested on
            table = Table(data.column_names, _records(data, columns))
            parts += record_parts(table, columns, language or None, names[split],
                                  f"{where}, {split}")
    return [_tagged(part, untagged) for part in parts] if untagged else parts


def language_configs(template: str | None, languages: Sequence[str]) -> dict[str, str | None]:
    """The configuration of each language; one for all if the template names no language.

    Raises
    ------
    DataError
        If the template names a language but none is given, or has another field.
    """
    if template is None or "{language}" not in template:
        return {"": template}
    if not languages:
        raise DataError(f"hub_config {template[:60]!r} needs languages, in the spelling of the "
                        "hub's configurations. Give them under `languages`.")
    return {language: template.replace("{language}", language) for language in languages}


def _loaded(hub: str, config: str | None, revision: str | None) -> Mapping[str, Any]:
    """Split -> data set."""
    import datasets
    from datasets.exceptions import DatasetsError

    if not Path(hub).expanduser().is_dir() and not _HUB_ID.fullmatch(hub):
        raise DataError(f"hub {hub[:80]!r} is neither an id of the form owner/name nor a local "
                        "folder. Copy the id from the data set's page.")
    place = str(Path(hub).expanduser()) if Path(hub).expanduser().is_dir() else hub
    try:
        try:
            builder = datasets.load_dataset_builder(place, config, revision=revision)
        except RuntimeError:  # a loading script
            if revision is not None or place != hub:
                raise
            builder = datasets.load_dataset_builder(hub, data_dir=config, revision=PARQUET_COPY)
        reader = type(builder).__module__.split(".")[-1]
        if reader not in _READERS:
            raise DataError(f"{shown(hub)}: is read by {reader!r}, not as plain rows. "
                            f"Use a data set of {', '.join(_READERS[:3])} files.")
        builder.download_and_prepare()
        return builder.as_dataset()
    except ConnectionError as error:
        raise DataError(f"hub data set {hub[:80]}: the hub cannot be reached "
                        f"({str(error)[:80]}). Clone it where there is a network, and give the "
                        "folder: --data PATH (with --preset, if it is one).") from None
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        reason = " ".join(str(error).split())[:150]
        raise DataError(f"hub data set {shown(hub)}: cannot be loaded ({reason}). Check id, "
                        "configuration and revision, or give a local clone: --data PATH.") from None


def _records(data: Any, columns: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows of plain values, class numbers as names."""
    names = {name: found for name, kind in data.features.items()
             if (found := getattr(getattr(kind, "feature", kind), "names", None))}
    number = 0
    for batch in data.with_format(None).iter(batch_size=1000):
        for values in zip(*batch.values(), strict=True):
            number += 1
            yield number, {name: named(value, names[name]) if name in names else value
                           for name, value in zip(batch, values, strict=True)}


def _tagged(part: Part, untagged: str) -> Part:
    """The part without the words that carry the tag `untagged`."""
    rows = []
    for row in part.rows:
        pairs = [(word, tag) for word, tag in zip(row.text, row.label, strict=False)
                 if tag != untagged]
        rows.append(Row(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs),
                        row.topic, row.id))
    return part._replace(rows=rows)
