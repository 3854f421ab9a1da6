"""Backends: where work is done, and how tasks are mapped over what is there.

Conventions
-----------
A *backend* maps a function over tasks and gives (number of the task, result) in the order in which
they end; callers know no more of it. Function, tasks and results travel as bytes in memory. The
*place* is said once, around the work (`computed_at`), as the number of threads is said to a
numerical library: what trains asks for it, and what lies between need not hand it on.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradsim_core.backends.cluster import on_ray
from gradsim_core.backends.place import Place, computed_at, place_here
from gradsim_core.backends.processes import Backend, WorkerDied, end_with_parent, local

BACKENDS: Mapping[str, Backend] = {"local": local, "ray": on_ray}

__all__ = ["BACKENDS", "Backend", "Place", "WorkerDied", "computed_at", "end_with_parent",
           "local", "on_ray", "place_here"]
