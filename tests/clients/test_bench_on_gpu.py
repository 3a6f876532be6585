"""The benchmark of pairs on a GPU, a real one or a simulated one."""

import pytest
from roadside_cli.benchmarks.pairs import pairs_benchmark
from roadside_kernels.launch import gpu_available


@pytest.mark.skipif(not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one")
def test_pairs_are_counted_and_as_exact_on_a_gpu():
    figures = pairs_benchmark("gpu", receptors=256, segments=3, repeats=1)
    assert figures["pairs"] > 0
    assert figures["pairs_per_second"] > 0
    assert figures["seconds_with_copies"] > 0
    assert figures["relative_error_of_sums"] < 1e-4
