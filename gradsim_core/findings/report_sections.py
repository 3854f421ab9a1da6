"""Sections that the reports of all findings share, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradsim_core.experiments.report import code_text, prose_text
from gradsim_core.spreadsheet import plain_text

Content = Mapping[str, Any]


def heading(question: str, content: Content) -> str:
    """The title, with what was asked about, and the verdict."""
    return (f"# {question} {prose_text(content['study']['name'], 80)}\n\n"
            f"**{prose_text(content['verdict'])}**")


def figure(name: str, words: str) -> str:
    """A figure that lies beside the report, with words for whoever cannot see it."""
    return f"![{prose_text(words)}]({name})"


def left_out_section(content: Content) -> str:
    """Languages that were not compared; empty where there are none."""
    if not content["left_out"]:
        return ""
    return "\n".join(["## Left out", "", *(
        f"- Language {prose_text(one['name'], 60)} ({prose_text(one['code'], 20)}): "
        f"{prose_text(one['reason'])}" for one in content["left_out"])])


def method_section(content: Content) -> str:
    """How the numbers were made, and what exactly they were made of."""
    study, versions = content["study"], content.get("versions") or {}
    return "\n".join([
        "## Method", "", *(f"- {prose_text(sentence, 1_000)}" for sentence in content["method"]),
        f"- Study: signature `{code_text(study['signature'])}`, data "
        f"{prose_text(study['source'], 200)}, model {prose_text(study['model'], 200)}, task "
        f"{prose_text(study['task'], 40)}; finding `{code_text(content['id'])}`.",
        "- Versions: " + ", ".join(f"{prose_text(name, 40)} {prose_text(version, 40)}"
                                   for name, version in versions.items()) + "."])


def method_line(content: Content, words: str) -> str:
    """What stands below a figure: how it was made, and of which study."""
    study = content["study"]
    return (f"{words} {len(content['languages'])} languages; study {study['signature']} "
            f"({plain_text(study['name'], 60)}), model {plain_text(study['model'], 60)}; finding "
            f"{content['id']}.")


def language_names(content: Content) -> dict[str, str]:
    """Code -> name of the languages that were compared."""
    return {one["code"]: one["name"] for one in content["languages"]}
