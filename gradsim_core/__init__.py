"""GradSim: which languages help each other in multilingual training, and which do not.

The public names of the engine. Importing this package loads neither torch nor transformers;
`run_study` and `estimate_study`, which need them, load them when they are first used.
"""

from __future__ import annotations

import os
from typing import Any

# Idle OpenMP threads that spin cost other processes up to 35x: set before torch can be loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
