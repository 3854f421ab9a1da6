"""Where a run is computed: a choice that appears where Ray is installed.

It belongs to the machine, not to what is looked at, so it is not in the page's address.
"""

from __future__ import annotations

import streamlit as st

from gradsim_core import Place, has_ray

_PLACES = ("This machine", "Ray cluster")
_PLACE_HELP = ("A cluster takes the same work to more machines, with the same results. It must see "
               "the cache folder and the data.")
_ADDRESS_HELP = ("host:port of the cluster's head. Empty: what RAY_ADDRESS says where this "
                 "dashboard runs, else a cluster of this machine alone.")


def choose_place(key: str) -> Place:
    """The place that is chosen for what a button starts.

    Parameters
    ----------
    key : tells choices on one page apart
    """
    if not has_ray():
        return Place()
    if st.segmented_control("Computed on", _PLACES, default=_PLACES[0], required=True,
                            help=_PLACE_HELP, key=f"place.{key}") != _PLACES[1]:
        return Place()
    address = st.text_input("Address of the cluster", key=f"place.{key}.address", max_chars=200,
                            placeholder="head:6379", help=_ADDRESS_HELP)
    st.caption("Times said here are for this machine: a cluster's workers are not counted.")
    return Place("ray", address.strip() or None)
