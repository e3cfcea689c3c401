"""Fixtures of the tests of PartiQL."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import Shop, open_shop


@pytest.fixture
def shop() -> Shop:
    return open_shop()
