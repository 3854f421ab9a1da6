"""Long trainings keep no memory that they do not use."""

import subprocess
import sys

import pytest

from gradsim_core.training import memory

_FRAGMENTED = """
import psutil
from gradsim_core.training.memory import STEPS_BETWEEN, give_back_memory

def resident():
    return psutil.Process().memory_info().rss / 2**20

kept = [bytearray(b"x") * 60_000 for _ in range(4_000)]  # 229 MiB, none of them mapped alone
full = resident()
kept = kept[::50]  # what is left stands between the holes, so that the heap cannot shrink
freed = resident()
give_back_memory(STEPS_BETWEEN + 1)
between = resident()
give_back_memory(2 * STEPS_BETWEEN)
print(full, freed, between, resident())
"""


@pytest.mark.skipif(memory._TRIM is None, reason="the C library here has no malloc_trim")
def test_holes_in_the_heap_are_given_back_every_few_steps() -> None:
    said = subprocess.run([sys.executable, "-c", _FRAGMENTED], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    full, freed, between, after = map(float, said.split())
    assert freed > full - 50  # holes alone give nothing back
    assert between == pytest.approx(freed, abs=5)
    assert after < full - 150


def test_peak_memory_is_in_bytes() -> None:
    assert 50e6 < memory.peak_memory_bytes() < 50e9
