"""Loops on all cores wait for one another: without OpenMP, two at once would end the process."""

import os
import subprocess
import sys

import pytest

TWO_AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import prange, threading_layer
from roadside_kernels.launch import on_all_cores


def count_up(found):
    for i in prange(found.size):
        for k in range(1000):
            found[i] += k


loop = on_all_cores(count_up)
arrays = [np.zeros(2000) for _ in range(64)]
with ThreadPoolExecutor(8) as threads:
    list(threads.map(loop, arrays))
assert all((array == 499500).all() for array in arrays)
print(threading_layer())
"""


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
def test_loops_of_many_threads_run_where_there_is_no_openmp():
    found = subprocess.run(
        [sys.executable, "-c", TWO_AT_ONCE],
        env=os.environ | {"NUMBA_THREADING_LAYER": "workqueue"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "workqueue"
