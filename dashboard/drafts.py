"""A study that is being described: one text of YAML, which a form and an editor both change.

Conventions
-----------
Pure. The text is what was typed, and stands in the page's address: it may be half a study, or
anything at all. A form shows what can be shown of it, and changes single settings in it, so that
comments and the order of lines stay. Settings at their defaults are left out.

``data: ''`` says that data of one's own are meant but not named yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import yaml

from gradsim_core import GradSimError, HeldFile, Study, settings_in, study_from, study_yaml

MOST_CHARACTERS = 8000
"""Of a draft: servers refuse addresses that are much longer."""

FILE_NAME = "study.yaml"
"""What a draft is called where an error names a line of it."""

Source = Literal["preset", "own", "hub"]
SOURCE_SETTINGS = ("preset", "data", "hub", "hub_config", "hub_revision", "columns", "languages",
                   "task", "topics")
"""Settings that mean nothing once the data are others."""

DEFAULTS = study_from({})


@dataclass(frozen=True)
class Draft:
    """What a text says so far.

    Attributes
    ----------
    text : as it was typed
    values : settings as they stand, not checked; empty where the text is no YAML
    study : the study, if it is one already
    problem : why it is none, with the line; plain text
    readable : whether single settings can be changed in it
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    study: Study | None = None
    problem: str = ""
    readable: bool = True

    @property
    def source(self) -> Source:
        """Where the data come from."""
        if self.values.get("hub") is not None:
            return "hub"
        return "own" if self.values.get("data") is not None and not self.values.get("preset") \
            else "preset"

    @property
    def named(self) -> bool:
        """Whether the data are named."""
        return {"hub": bool(self.values.get("hub")), "own": bool(self.values.get("data")),
                "preset": True}[self.source]

    def shown(self, name: str) -> Any:
        """The value of a setting that a form can show: its own if it is possible, else the default.
        """
        value = self.values.get(name)
        try:
            return getattr(study_from({"snapshots": 1, name: value}), name)
        except GradSimError:
            return getattr(DEFAULTS, name)


def draft_of(text: str) -> Draft:
    """Understand a text as far as possible."""
    try:
        values, _ = settings_in(text, FILE_NAME)
    except GradSimError as error:
        return Draft(text, problem=str(error), readable=False)
    values = {str(key): value for key, value in values.items()}
    draft = Draft(text, values)
    if not draft.named:
        return draft
    try:
        return Draft(text, values, study_of(text))
    except GradSimError as error:
        return Draft(text, values, problem=str(error))


def study_of(text: str) -> Study:
    """The study that a text describes.

    Raises
    ------
    GradSimError
        If it is none; names the line.
    """
    values, lines = settings_in(text, FILE_NAME)
    return study_from(values, FILE_NAME, lines)


def changed(text: str, **settings: Any) -> str:
    """The text with these settings; None, or the default, takes a setting out.

    Examples
    --------
    >>> changed("seed: 1  # mine\\nsteps: 20\\n", steps=30)
    'seed: 1  # mine\\nsteps: 30\\n'
    """
    for name, value in settings.items():
        text = _set(text, name, value)
    return text


def with_steps(text: str, steps: int | None) -> str:
    """The text with so many steps (None: the default), and no more snapshots than steps."""
    steps = DEFAULTS.steps if steps is None else steps
    snapshots = draft_of(text).shown("snapshots")
    return changed(text, steps=steps, **({"snapshots": steps} if snapshots > steps else {}))


def from_source(text: str, source: Source) -> str:
    """The text with data from elsewhere, and without what belonged to the data before."""
    text = changed(text, **dict.fromkeys(SOURCE_SETTINGS))
    return {"preset": text, "own": f"data: ''\n{text}", "hub": f"hub: ''\n{text}"}[source]


def _set(text: str, name: str, value: Any) -> str:
    values, lines = settings_in(text, FILE_NAME)
    kept = value is not None and (value != getattr(DEFAULTS, name) or name == "data")
    if isinstance(value, tuple):
        value = list(value)
    block = f"{name}: {_in_a_line(value)}\n" if kept else ""
    own, numbers = text.split("\n"), sorted(lines.values())
    if len(set(numbers)) < len(values) or any(
            not own[number - 1].lstrip("\"'").startswith(key) for key, number in lines.items()):
        rest = {key: value for key, value in values.items() if key != name}  # one line, in braces
        return (yaml.safe_dump(rest, sort_keys=False, allow_unicode=True) if rest else "") + block
    if name not in values:
        return f"{text}{chr(10) if text and not text.endswith(chr(10)) else ''}{block}"
    first = lines[name] - 1
    last = next((number - 1 for number in numbers if number > first + 1), len(own))
    while last > first + 1 and (not own[last - 1].strip() or own[last - 1].lstrip()[0] == "#"):
        last -= 1  # blank lines and comments belong to what follows
    own[first:last] = block.rstrip("\n").split("\n") if block else []
    return "\n".join(own)


def _in_a_line(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=100_000)
    return text.removesuffix("...\n").strip()


def text_from_upload(file: HeldFile) -> str:
    """A draft from a study file: as it was written, or shortened where it is too long.

    Raises
    ------
    GradSimError
        If it is no study, or stays too long.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise GradSimError(f"{file.name[:100]}: not UTF-8 text ({error.reason} at byte "
                           f"{error.start}). Save it as UTF-8.") from None
    if len(text) > 100_000:
        raise GradSimError(f"{file.name[:100]}: has {len(text):,} characters, and no study is "
                           "that long. Is it another file?")
    values, lines = settings_in(text, file.name[:100])
    study = study_from(values, file.name[:100], lines)
    if len(text) > MOST_CHARACTERS:
        text = study_yaml(study)
    if len(text) > MOST_CHARACTERS:
        raise GradSimError(f"{file.name[:100]}: is longer than {MOST_CHARACTERS:,} characters even "
                           "without comments. Start it with `gradsim run` instead.")
    return text


def bounds(name: str) -> tuple[Any, Any]:
    """The least and the largest value of a number among the settings; None where there is none."""
    least, most = None, None
    for one in Study.model_fields[name].metadata:
        least = getattr(one, "ge", getattr(one, "gt", least))
        most = getattr(one, "le", getattr(one, "lt", most))
    return least, most


def choices(name: str) -> Sequence[str]:
    """The values of a setting that is one of a few words."""
    return [str(one) for kind in (Study.model_fields[name].annotation,
                                  *get_args(Study.model_fields[name].annotation))
            for one in get_args(kind) if isinstance(one, str)]


def help_for(name: str) -> str:
    """What a setting means, in the words of the command line's help."""
    return Study.model_fields[name].description or ""
