from __future__ import annotations

import pytest

from ecom_pipeline_tests.tables.world import World


@pytest.fixture(scope="session")
def empty() -> World:
    """A world without a row; what a test gives it within ``scratch`` is forgotten."""
    return World()
