"""What every test shares: quiet machine settings, Hypothesis, and where the real data lies.

Conventions
-----------
No test reaches a network. A test on the real data takes the fixture ``data_root`` and is skipped,
with the reason, when GRADSIM_DATA is not set. Under ``--dist loadfile`` the tests of one file go to
one worker, so that what a module sets up is set up once (groups of tests are no groups under
pytest 9.2 and pytest-xdist 3.8: all tests are dealt one by one).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports torch. Child processes inherit them too.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"

# No deadline: a shared machine is slow at times. The build server tries the same cases each time.
settings.register_profile("gradsim", deadline=None, derandomize=bool(os.environ.get("CI")),
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gradsim")

@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with the real data sets, named by GRADSIM_DATA."""
    value = os.environ.get("GRADSIM_DATA")
    if not value:
        pytest.skip("GRADSIM_DATA is not set: name the folder that holds afrisenti/, ud-pud/ …")
    root = Path(value)
    assert (root / "afrisenti").is_dir(), f"GRADSIM_DATA={value} holds no folder afrisenti/"
    return root
