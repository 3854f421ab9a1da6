"""Changing the groups by hand: languages to other groups, groups merged, split and renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import streamlit as st

from dashboard.aside import forgotten, kept_groups, taken_up
from dashboard.editing import (
    MOST_EDITS,
    leave_out,
    live_edits,
    merge,
    move_to,
    new_group,
    rename,
    with_edit,
    with_undone,
)
from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.groupings import ShownGroups
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import bound, current_selection, select
from dashboard.views.folds import fold
from dashboard.words.groups import changes_words, halves, kept_words, shown_name
from dashboard.words.summaries import count
from gradsim_core import LONGEST_NAME


def show_editing(selection: Selection, shown: Picture, groups: ShownGroups) -> None:
    """Let the reader change the groups; every change stands in the address."""
    with fold("Change the groups by hand", "edit", icon=":material/edit:",
              usual=bool(selection.edits)):
        _undoing(selection)
        if len(live_edits(selection.edits, selection.undone)) >= MOST_EDITS:
            st.info(f"An address holds {MOST_EDITS} changes. Save these groups, open them, and go "
                    "on from there.")
            return
        _languages(selection, shown, groups)
        _groups(shown, groups)


def show_aside(selection: Selection, signature: str) -> None:
    """Offer edited groups of the study back that were left for others, the last first."""
    for at, kept in enumerate(reversed(selection.aside)):
        left = kept_groups(kept)
        changes = len(live_edits(left.edits, left.undone))
        if not changes or not signature.startswith(left.study):
            continue
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown("Your edited groups are kept: " + markdown_text(kept_words(
                changes, left.k, left.strategy, bool(left.opened))) + ".")
            st.button("Take them up again", icon=":material/undo:", key=f"aside.take.{at}",
                      on_click=_take_up, args=(kept,),
                      help="Shows them as they were left. Groups that are edited now are kept in "
                           "their place.")
            st.button("Forget them", type="tertiary", key=f"aside.forget.{at}", on_click=_forget,
                      args=(kept,), help="Keeps them no longer; this cannot be undone.")


def _undoing(selection: Selection) -> None:
    n_edits, undone = len(selection.edits), min(selection.undone, len(selection.edits))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Undo", icon=":material/undo:", shortcut="Mod+Z", disabled=undone >= n_edits,
                  on_click=_undo, args=(1,), key="editing.undo",
                  help="Takes the last change back; all of them, one by one.")
        st.button("Redo", icon=":material/redo:", shortcut="Mod+Shift+Z", disabled=not undone,
                  on_click=_undo, args=(-1,), key="editing.redo",
                  help="Makes the change again that was undone last.")
        st.button("Drop all changes", type="tertiary", disabled=not n_edits, on_click=select,
                  kwargs={"edits": (), "undone": 0}, key="editing.drop",
                  help="Back to the groups as they were made; this cannot be undone.")
        st.caption(changes_words(n_edits - undone, undone))


def _languages(selection: Selection, shown: Picture, groups: ShownGroups) -> None:
    chosen = [code for code in selection.chosen if code in groups.codes]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.multiselect("Languages", groups.codes, placeholder="one or several", width=350,
                       format_func=lambda code: plain_text(shown.label(code), 60),
                       help="They are marked in every picture; what you click there stands here.",
                       **bound("editing", chosen, lambda codes: {"chosen": tuple(codes)}))
        to = _choose_group("Move to", "editing.to", groups)
        st.button("Move", disabled=not chosen or to is None, key="editing.move", on_click=_change,
                  args=(lambda: move_to(chosen, str(to)),),
                  help="Puts the languages into that group.")
        st.button("Make them a group", disabled=not chosen, key="editing.new", on_click=_change,
                  args=(lambda: new_group(chosen),),
                  help="Takes the languages out of their groups, into one of their own.")
        st.button("Leave them out", disabled=not chosen, key="editing.out", on_click=_change,
                  args=(lambda: leave_out(chosen),),
                  help="Takes the languages out of all groups. Move them to have them back.")


def _groups(shown: Picture, groups: ShownGroups) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        one = _choose_group("Group", "editing.group", groups)
        if one is None:
            return
        members = groups.members()[groups.group_of[one]]
        first, second = halves(shown.found, members)
        st.button("Split in two", disabled=not second, key="editing.split", on_click=_change,
                  args=(lambda: new_group(second),),
                  help="Cuts the tree of its languages at the top: " + " | ".join(
                      ", ".join(markdown_text(shown.names.get(code, code), 40) for code in part[:8])
                      + (" …" if len(part) > 8 else "") for part in (first, second) if part))
        other = _choose_group("Merge with", "editing.with", groups, without=one)
        st.button("Merge", disabled=other is None, key="editing.merge", on_click=_change,
                  args=(lambda: merge(one, str(other)),),
                  help="Puts both groups' languages together, under the first one's name.")
        st.text_input("New name", key="editing.name", max_chars=LONGEST_NAME, width=200,
                      placeholder=plain_text(groups.names[groups.group_of[one]], 40),
                      help="Names stand in the exported file; they change no number.")
        st.button("Rename", key="editing.rename", on_click=_rename, args=(one,),
                  help="Gives the group the name that is written here.")


def _choose_group(label: str, key: str, groups: ShownGroups, without: str = "") -> str | None:
    """A group, meant by its first language.

    A browser keeps the words that it chose, not what they stand for; so groups with other words
    have another widget, which begins where the last one was.
    """
    held = groups.members()
    named = {members[0]: f"{shown_name(name)} ({count(len(members), 'language')})"
             for name, members in zip(groups.names, held, strict=True) if members}
    offered = [one for one in named if one != without]
    last = groups.group_of.get(st.session_state.get(key, ""))
    anchor = held[last][0] if last is not None else None
    words = hashlib.sha256(repr((offered, named)).encode()).hexdigest()[:12]
    chosen = st.selectbox(label, offered, key=f"{key}.{words}", width=230,
                          index=offered.index(anchor) if anchor in offered else 0,
                          format_func=lambda one: plain_text(named.get(one, one), 80),
                          help="Groups as they stand now." if label != "Merge with" else
                          "The other group; its languages join the first.")
    if chosen is not None:
        st.session_state[key] = chosen
    return chosen


def _change(edit: Callable[[], str]) -> None:
    selection = current_selection()
    select(**with_edit(selection.edits, selection.undone, edit()))


def _undo(by: int) -> None:
    selection = current_selection()
    select(**with_undone(selection.edits, selection.undone, by))


def _take_up(kept: str) -> None:
    select(**taken_up(current_selection(), kept))


def _forget(kept: str) -> None:
    select(**forgotten(current_selection(), kept))


def _rename(anchor: str) -> None:
    name = st.session_state["editing.name"]
    if name.strip():
        _change(lambda: rename(anchor, name))
        st.session_state["editing.name"] = ""
