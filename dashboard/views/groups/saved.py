"""Groupings kept with the study: saved, opened, renamed, deleted, compared, brought as files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.aside import put_aside
from dashboard.escaping import markdown_text, plain_text
from dashboard.loads.data import store
from dashboard.loads.groupings import ShownGroups, saved_reading
from dashboard.loads.saved import MOST_MEGABYTES, Brought, Saved, brought, saved_of
from dashboard.selection import Selection
from dashboard.shown import Picture
from dashboard.state import bound, current_selection, select
from dashboard.views.chart import table_height
from dashboard.words.groups import compared, comparison_table, how_made, saved_table
from dashboard.words.summaries import count
from gradsim_core import (
    LONGEST_NAME,
    GradSimError,
    SavedGrouping,
    csv_text,
    delete_saved,
    rename_saved,
    save_grouping,
)

MOST_COMPARED = 6
_MOST_TOLD = 10
_NUMBERS = ("Adjusted Rand index", "Objective of the first", "Of the second", "Difference")


def save_shown(signature: str, decision: Mapping[str, Any], groups: ShownGroups) -> None:
    """The button that keeps the groups shown with the study, under a name."""
    made = groups.made
    kept = next((one for one in saved_of(signature).groupings if one.decision == decision), None)
    with st.popover("Save as …", icon=":material/bookmark_add:",
                    help="Keeps these groups with the study, to be opened and compared later."):
        if kept:
            st.caption(f"They are kept already, as {markdown_text(kept.name, 60)}.")
        usual = f"{count(made.k, 'group')} {how_made(made.strategy)}"
        name = st.text_input("Name", usual, max_chars=LONGEST_NAME, key="saved.name",
                             help="A name that is taken gets a number.")
        if st.button("Save", type="primary", key="saved.save"):
            try:
                save_grouping(store(), signature, name, decision)
            except GradSimError as error:
                st.error(markdown_text(error))
            else:
                st.toast(f"Saved. It stands under *Saved groupings* on this page: "
                         f"{markdown_text(name, 60)}")


def show_opened(opened: SavedGrouping) -> None:
    """Say which saved grouping is shown in place of the rule's, and how to leave it."""
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{markdown_text(opened.name, 60)}**, a saved grouping, is shown in place of "
                    "what a rule makes.")
        st.button("Back to the rule", on_click=_leave, key="saved.leave",
                  help="Choose strategy, K, sizes and links again; the saved grouping stays.")


def show_saved(selection: Selection, signature: str, groups: ShownGroups,
               decision: Mapping[str, Any], shown: Picture) -> None:
    """Show what is kept with the study, compare it, and let files of groups in."""
    st.subheader("Saved groupings", anchor=False)
    saved = saved_of(signature)
    if saved.damaged:
        st.warning(f"{count(len(saved.damaged), 'saved grouping')} could not be read and "
                   f"{'was' if len(saved.damaged) == 1 else 'were'} set aside: "
                   f"{', '.join(saved.damaged[:5])}. The others are whole.")
    kept, against, files = st.tabs(["Kept", "Compare", "Bring a file"])
    with kept:
        _kept(selection, signature, saved)
    with against:
        _compare(selection, saved, groups, decision, shown)
    with files:
        _bring(signature, groups)


def _kept(selection: Selection, signature: str, saved: Saved) -> None:
    if not saved.groupings:
        st.caption("None yet. “Save as …”, above, keeps the groups that are shown.")
        return
    names = {one.id: one.name for one in saved.groupings}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        known = hashlib.sha256(repr(names).encode()).hexdigest()[:12]  # a browser keeps words
        name = st.selectbox("Saved grouping", list(names), key=f"saved.which.{known}", width=340,
                            index=list(names).index(selection.opened)
                            if selection.opened in names else 0,
                            format_func=lambda one: plain_text(names.get(one, one), 60),
                            help="Those of this study, by name.")
        st.button("Open it", type="primary", key="saved.open", on_click=_open,
                  args=(signature, name), disabled=name == selection.opened and
                  not selection.edits, help="Shows it in place of what the rule makes.")
        with st.popover("Rename …"):
            new = st.text_input("New name", names[name], max_chars=LONGEST_NAME,
                                key=f"saved.rename.{name}", help="A name that is taken gets a "
                                                                 "number.")
            if st.button("Rename", key="saved.rename"):
                _rename(signature, name, new)
        with st.popover("Delete …"):
            st.markdown(f"Delete **{markdown_text(names[name], 60)}** for everybody who uses this "
                        "cache?")
            if st.button("Delete it", key="saved.delete"):
                delete_saved(store(), signature, name)
                select(**_without(selection, name))
                st.rerun()
    table = saved_table(saved.groupings)
    st.dataframe({key: [plain_text(cell, 80) if isinstance(cell, str) else cell for cell in column]
                  for key, column in table.items()}, hide_index=True,
                 height=table_height(len(saved.groupings)),
                 column_config={"Objective": st.column_config.NumberColumn(format="%.3f")})


def _rename(signature: str, name: str, new: str) -> None:
    """Rename a saved grouping; its id stays, so the address that names it stands."""
    try:
        rename_saved(store(), signature, name, new)
    except GradSimError as error:
        st.error(markdown_text(error))
        return
    st.rerun()


def _without(selection: Selection, name: str) -> dict[str, Any]:
    left = tuple(one for one in selection.compared if one != name)
    return {"compared": left, **({"opened": "", "edits": (), "undone": 0}
                                 if selection.opened == name else {})}


def _open(signature: str, name: str) -> None:
    """Show a saved grouping, with the similarity read as it was then."""
    one = saved_of(signature).get(name)
    if one is not None:
        select(opened=name, **put_aside(current_selection()), **_read_as(one.decision))


def _leave() -> None:
    select(opened="", **put_aside(current_selection()))


def _read_as(decision: Mapping[str, Any]) -> dict[str, Any]:
    reading = saved_reading(decision)
    return {"blocks": reading.blocks, "reading": reading.reading,
            "correction": reading.correction or "", "snapshot": reading.snapshot}


def _compare(selection: Selection, saved: Saved, groups: ShownGroups,
             decision: Mapping[str, Any], shown: Picture) -> None:
    if not saved.groupings:
        st.caption("Save a grouping first: it can then be held against the one shown, and against "
                   "others.")
        return
    names = {one.id: one.name for one in saved.groupings}
    st.multiselect("Hold against the groups shown", list(names), max_selections=MOST_COMPARED,
                   format_func=lambda one: plain_text(names.get(one, one), 60),
                   placeholder="one or several saved groupings",
                   help="Every two of them are compared, and each with the groups shown.",
                   **bound("compared", [one for one in selection.compared if one in names]))
    chosen = [one for one in saved.groupings if one.id in selection.compared]
    if not chosen:
        return
    title = "shown" if groups.changes or not groups.saved else f"shown: {groups.saved.name}"
    table = comparison_table([compared(title, decision), *(
        compared(one.name, one.decision) for one in chosen)], shown.found, shown.names)
    st.dataframe({key: [plain_text(cell, 300) if isinstance(cell, str) else cell
                        for cell in column] for key, column in table.items()}, hide_index=True,
                 column_config=dict.fromkeys(_NUMBERS, st.column_config.NumberColumn(
                     format="%.3f", width="small")))
    st.caption("Adjusted Rand index: 1 for the same groups, about 0 for groups that agree by "
               "chance, over the languages that both group. Who moves: the fewest languages that "
               "turn the first into the second. Objectives are those of the similarity shown.")
    st.download_button("Comparison as CSV", csv_text([list(table), *zip(*table.values(),
                                                                        strict=True)]),
                       f"gradsim-{decision['study']['signature'][:8]}-compared.csv", "text/csv",
                       on_click="ignore", help="The table, with all digits.")


def _bring(signature: str, groups: ShownGroups) -> None:
    file = st.file_uploader(
        "A file of groups", ["json", "yaml", "yml"],
        key="saved.file", max_upload_size=MOST_MEGABYTES,
        help="What “Decision as JSON” wrote: it is derived anew before it is opened. Groups may be "
             'written by hand: {"north": ["deu", "nld"], "south": ["spa", "ita"]}.')
    if file is None:
        return
    try:
        found = brought(signature, groups.reading, file.name, file.getvalue())
    except GradSimError as error:
        st.error(markdown_text(error))
        return
    _tell(found, signature)
    if found.signature != signature:
        st.caption(f"They are of study {markdown_text(found.signature)}, which is opened with "
                   "them.")
    if st.button("Open these groups", type="primary", key="saved.bring"):
        name = save_grouping(store(), found.signature, found.name, found.decision)
        select(study=found.signature[:8], opened=name, **put_aside(current_selection()),
               **_read_as(found.decision))
        st.rerun()


def _tell(found: Brought, signature: str) -> None:
    n_groups = len(found.decision["groups"])
    if found.differences:
        st.warning(
            f"The file does not hold: {count(len(found.differences), 'thing')} in it "
            f"{'differs' if len(found.differences) == 1 else 'differ'} from what its own study and "
            "rule give. Opened are its groups, as made by hand, with the numbers of this cache.")
        st.markdown("\n".join(f"- {markdown_text(line)}" for line in
                              found.differences[:_MOST_TOLD]))
        if len(found.differences) > _MOST_TOLD:
            st.caption(f"… and {len(found.differences) - _MOST_TOLD} more.")
    elif found.decision["rule"]["strategy"] == "hand":
        left = sum(one["reason"] == "left out by hand" for one in found.decision["not_grouped"])
        st.success(f"{count(n_groups, 'group')} made by hand" + (
            f"; {count(left, 'language')} left out." if left else ", with every language."))
    else:
        st.success(f"The file holds: the same {count(n_groups, 'group')} follow from its study "
                   "and rule.")
