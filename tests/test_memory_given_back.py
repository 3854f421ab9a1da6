"""Long trainings keep no memory that they do not use, and tell what they had."""

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


_LARGE_PARENT = """
import subprocess, sys
kept = b"x" * 800_000_000
print(subprocess.run([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE).stdout.decode())
"""
_CHILD = """
from gradsim_core.training.memory import peak_memory_bytes
before, kept = peak_memory_bytes(), b"x" * 200_000_000
print(before, peak_memory_bytes())
"""


def test_a_peak_is_of_the_process_itself_and_not_of_the_one_that_began_it() -> None:
    said = subprocess.run([sys.executable, "-c", _LARGE_PARENT, _CHILD], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    before, after = map(int, said.split())
    assert 5e6 < before < 400e6
    assert after - before == pytest.approx(200e6, rel=0.2)
