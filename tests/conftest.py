"""Shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a formula compiles it, which no deadline should count. The gate draws the
# same examples every time; everyone else's runs look for new ones.
settings.register_profile("compiled", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("compiled")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published cases and real input beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"reference data not found at {SHARED_DATA}")
    return SHARED_DATA
