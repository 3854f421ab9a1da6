"""The groups as a Python script: to read, to copy, to take away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.views.folds import fold
from gradsim_core import GradSimError, training_script

_BYTE_MODEL = "tiny-bytes"


def show_training_script(decision: Mapping[str, Any], name: str) -> None:
    """Show a script that trains one model for each group, once it is asked for.

    Parameters
    ----------
    name : of the file, without its ending
    """
    with fold("Copy as Python", "script", icon=":material/code:") as folded:
        if not folded.open:
            return
        try:
            text = training_script(decision)
        except GradSimError as error:
            st.caption(markdown_text(error))
            return
        st.markdown("Trains one model for each group with `datasets` and `transformers`, reads the "
                    "rows that the groups were measured on, and saves a folder a group with a "
                    "table of which language goes to which model. What you may want to change "
                    "stands first.")
        if decision["study"]["study"].get("model") == _BYTE_MODEL:
            st.info("This study used GradSim's own small byte model, which has no hub id. The "
                    "script names a common multilingual encoder instead: put your own model at "
                    "`MODEL`.")
        st.download_button("Script as .py", text.encode("utf-8", "backslashreplace"), f"{name}.py",
                           "text/x-python", on_click="ignore",
                           help="Run it where GradSim is installed: python, then the file's name. "
                                "The command `gradsim script` prints the same.")
        st.code(text, language="python", wrap_lines=True)
