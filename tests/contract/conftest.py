"""The contract suite runs on every engine, each test with a database of its own.

`ADORM_ENGINES=memory,wire` chooses the engines; default is each one whose packages are installed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

import adorm
from adorm.testing import DynamoDBLocal
from tests.support.engines import Engine, by_client, chosen_engines, memory, wire


@pytest.fixture(params=chosen_engines())
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    name: str = request.param
    if name == "memory":
        return Engine(name, memory)
    local: DynamoDBLocal = request.getfixturevalue("dynamodb_local")
    # DynamoDB Local keeps a database for each access key id.
    access_key_id = uuid4().hex[:20].upper()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    if name == "wire":
        return Engine(name, wire(local.endpoint_url))
    return Engine(name, by_client(name, local.endpoint_url))


@pytest.fixture
async def db(engine: Engine) -> AsyncIterator[adorm.Database]:
    """An empty database on the engine at hand."""
    async with engine.connect() as database:
        yield database
