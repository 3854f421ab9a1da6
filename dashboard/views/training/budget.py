"""How long new models are trained: steps, and rows a language and step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.selection import Selection
from dashboard.state import bound
from dashboard.views.folds import fold

MOST_STEPS, MOST_ROWS = 100_000, 4096


def choose_training(selection: Selection, study: Mapping[str, Any], times: int = 1) -> None:
    """Let the reader choose the budget of every new model.

    Parameters
    ----------
    study : the study's settings
    times : how many times the study's steps are usual
    """
    usual, rows = times * study["steps"], study["batch_size"]
    changed = bool(selection.trial_steps or selection.trial_rows)
    with fold("How long each model is trained", "budget", usual=changed), \
            st.container(horizontal=True, gap="medium"):
        st.number_input(
            "Steps", 0, MOST_STEPS, width=150,
            help=f"0 stands for {usual:,}, {_usual(times)}. Models that score no better than the "
                 "most frequent label need more.",
            **bound("trial_steps", selection.trial_steps))
        st.number_input(
            "Rows a language and step", 0, MOST_ROWS, step=2, width=190,
            help=f"An even number; 0 stands for the study's own {rows:,}.",
            **bound("trial_rows", selection.trial_rows, lambda n: {"trial_rows": n + n % 2}))


def _usual(times: int) -> str:
    return "as many as the study's own" if times == 1 else f"{times} times the study's own"
