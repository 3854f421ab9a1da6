"""What a page says when something goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.escaping import markdown_text
from gradsim_core import GradSimError

logger = logging.getLogger(__name__)


@contextmanager
def problems_shown() -> Iterator[None]:
    """Show our own errors in their own words, and of others only that there was one."""
    try:
        yield
    except GradSimError as error:
        st.error(markdown_text(error))
    except Exception:
        logger.exception("A page failed.")
        st.error("This part of the page failed, and it is our fault. The details stand in the "
                 "server's log. Reload the page, or choose another view in the sidebar.")
