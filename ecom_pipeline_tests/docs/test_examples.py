from __future__ import annotations

import pytest

from ecom_pipeline_tests.examples import MODULES, OF_THE_DESK, assert_examples_hold


@pytest.mark.parametrize("module", sorted({*MODULES} - {*OF_THE_DESK}))
def test_examples_in_the_documentation_hold(module: str) -> None:
    assert_examples_hold(module)
