"""What several tests of batches use."""

from __future__ import annotations

import pytest

from adorm.codec.compiled.pages import WORTHWHILE_BYTES


@pytest.fixture(params=[WORTHWHILE_BYTES, 0], ids=["as JSON", "from bytes"])
def read_both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are parsed as JSON, and straight from their bytes."""
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", request.param)
