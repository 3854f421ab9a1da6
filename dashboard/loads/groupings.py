"""The groups that pages show: those of the rule or a saved grouping, and as edited by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.editing import edited, live_edits
from dashboard.loads.pictures import grouping, picture
from dashboard.loads.saved import saved_of
from dashboard.selection import Selection, reading_of, rule_of
from gradsim_core import (
    Grouping,
    NamedGroup,
    Reading,
    Rule,
    SavedGrouping,
    Similarity,
    placed_languages,
    serving_groups,
    unique_names,
)


@dataclass(frozen=True)
class ShownGroups:
    """Groups of a study's languages.

    Attributes
    ----------
    rule : what they come from
    made : the groups, over the languages of `placed_languages`
    names : of the groups
    group_of : code -> position of the group that serves the language; not those left out
    codes : of all languages that can be grouped, in the order of the study
    reading : how the similarity is read that they are scored by
    saved : the saved grouping that they are, or began as
    changes : how many edits by hand are in them
    told : what the reader should know about how they came to be; plain text
    """

    rule: Rule
    made: Grouping
    names: tuple[str, ...]
    group_of: Mapping[str, int]
    codes: tuple[str, ...]
    reading: Reading
    saved: SavedGrouping | None = None
    changes: int = 0
    told: tuple[str, ...] = ()

    def members(self) -> list[list[str]]:
        """Codes of the languages that each group serves."""
        return [[code for code, at in self.group_of.items() if at == number]
                for number in range(len(self.names))]

    def left_out(self) -> list[str]:
        """Codes of the languages that stand in no group."""
        return [code for code in self.codes if code not in self.group_of]


def shown_groups(signature: str, selection: Selection) -> ShownGroups:
    """The groups that the selection asks for.

    Raises
    ------
    GroupingError
        If the rule cannot be met.
    """
    reading = reading_of(selection)
    found = picture(signature, reading).found
    codes = [found.languages[i] for i in placed_languages(found)]
    saved = saved_of(signature).get(selection.opened) if selection.opened else None
    if saved is None:
        rule, told = _asked(signature, reading, selection, codes)
        if selection.opened:
            told.append("The saved grouping that this address names is not here (any more): shown "
                        "are the groups of the rule.")
    else:
        rule, reading, told = _opened(signature, reading, saved.decision, found, codes)
    groups = _shown(rule, grouping(signature, reading, rule), codes, reading, saved)
    live = live_edits(selection.edits, selection.undone)
    if not live:
        return _told(groups, told)
    changed = edited(_named(groups), live, codes)
    told += [f"A change does not fit these groups and is skipped: {why}."
             for why in dict.fromkeys(changed.skipped)]
    if not changed.applied:
        return _told(groups, told)
    if groups.made.strategy == "overlapping":
        told.append("Groups edited by hand do not overlap: each language stands in the group that "
                    "served it.")
    hand = hand_rule(groups.rule, changed.groups)
    return _told(_shown(hand, grouping(signature, reading, hand), codes, reading, saved,
                        changed.applied), told)


def hand_rule(rule: Rule, groups: Sequence[NamedGroup]) -> Rule:
    """The rule that gives these groups, with the limits of the one that they come from."""
    return Rule(strategy="hand", hand=tuple(groups), smallest=rule.smallest, largest=rule.largest,
                must_link=rule.must_link, cannot_link=rule.cannot_link, alone=rule.alone)


def group_names(rule: Rule, made: Grouping) -> tuple[str, ...]:
    """Names of groups: those that somebody gave, else their numbers."""
    return unique_names(one.name for one in rule.hand) if rule.hand else tuple(
        f"group {at + 1}" for at in range(len(made.groups)))


def saved_reading(decision: Mapping[str, Any]) -> Reading:
    """How the similarity of a decision was read."""
    return Reading.model_validate({key: decision["similarity"].get(key)
                                   for key in Reading.model_fields})


def _asked(signature: str, reading: Reading, selection: Selection,
           codes: Sequence[str]) -> tuple[Rule, list[str]]:
    """The rule of the selection, so that it can be met, and what was changed for that.

    Random groups have no best number, so that a free K is that of the best groups; a link to a
    language that cannot be grouped says nothing.
    """
    together, apart = ([code for code in linked if code in codes]
                       for linked in (selection.together, selection.apart))
    gone = [code for code in dict.fromkeys((*selection.together, *selection.apart))
            if code not in codes]
    rule = rule_of(replace(selection, together=tuple(together), apart=tuple(apart)))
    if rule.strategy == "random" and rule.k is None:
        best = grouping(signature, reading, rule.model_copy(update={"strategy": "exact"}))
        rule = rule.model_copy(update={"k": best.k})
    return rule, [f"{code} cannot be grouped under this reading, so that what keeps it together "
                  "with or apart from others is left out." for code in gone]


def _opened(signature: str, reading: Reading, decision: Mapping[str, Any], found: Similarity,
            codes: Sequence[str]) -> tuple[Rule, Reading, list[str]]:
    """The rule and the reading of a saved grouping; made by hand where they do not give it."""
    rule, asked = Rule.model_validate(decision["rule"]), decision["similarity"]
    groups = [[one["code"] for one in group["languages"]] for group in decision["groups"]]
    same = (asked.get("reading"), asked.get("correction"), asked.get("step")) == (
        found.reading, found.correction, found.step) and \
        asked.get("block_names") == list(found.blocks)
    if same:
        own = saved_reading(decision)
        made = grouping(signature, own, rule)
        if [[codes[i] for i in members] for members in made.groups] == groups:
            return rule, own, []
    serves = serving_groups(decision)
    held = [NamedGroup(name=group["name"], languages=members) for at, group in enumerate(
        decision["groups"]) if (members := tuple(c for c in codes if serves.get(c) == at))]
    told = ["These groups were saved under another reading of the similarity; objective and cards "
            "are those of the reading shown."] if not same else []
    return hand_rule(Rule(), held), reading, told


def _shown(rule: Rule, made: Grouping, codes: Sequence[str], reading: Reading,
           saved: SavedGrouping | None, changes: int = 0) -> ShownGroups:
    serves = {code: at for code, at in zip(codes, made.serves, strict=True) if at >= 0}
    return ShownGroups(rule, made, group_names(rule, made), serves, tuple(codes), reading, saved,
                       changes)


def _named(groups: ShownGroups) -> list[NamedGroup]:
    return [NamedGroup(name=name, languages=tuple(members)) for name, members in
            zip(groups.names, groups.members(), strict=True) if members]


def _told(groups: ShownGroups, told: Sequence[str]) -> ShownGroups:
    return replace(groups, told=tuple(told))
