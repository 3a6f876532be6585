"""Everything here needs a real CUDA device."""

from pathlib import Path

import pytest
from numba import config
from roadside_kernels.launch import gpu_available


def pytest_collection_modifyitems(items):
    """Mark what lies here, and skip it where nothing can run it."""
    absent = "the simulator is no device" if config.ENABLE_CUDASIM else "no CUDA device"
    present = gpu_available() and not config.ENABLE_CUDASIM
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            if not present:
                item.add_marker(pytest.mark.skip(reason=absent))
