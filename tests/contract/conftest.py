"""The contract suite runs on every engine, each test with a database of its own.

`ADORM_ENGINES=memory,wire` chooses the engines; default is each one whose packages are installed,
ministack among them. `ADORM_TEST_ENDPOINT=http://127.0.0.1:8000` adds any endpoint (AWS itself,
DynamoDB Local, ScyllaDB's Alternator): its tables are named `adorm-test-...`, and each test removes
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import anyio
import pytest

import adorm
from adorm.testing import LocalDynamoDB
from tests.support.engines import (
    ENDPOINT_ENVIRONMENT,
    ENDPOINT_URL,
    INSIDE,
    REGION,
    Engine,
    by_client,
    chosen_engines,
    delete_tables,
    wire,
)
from tests.support.ministack import new_account


@pytest.fixture(params=chosen_engines())
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    name: str = request.param
    if name in INSIDE:
        yield Engine(name, INSIDE[name])
        return
    if name == "endpoint":
        for variable in (
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_EC2_METADATA_DISABLED",
        ):
            monkeypatch.delenv(variable)
        for variable, value in ENDPOINT_ENVIRONMENT.items():
            monkeypatch.setenv(variable, value)
        prefix = f"adorm-test-{uuid4().hex[:8]}-"
        region = (
            ENDPOINT_ENVIRONMENT.get("AWS_REGION")
            or ENDPOINT_ENVIRONMENT.get("AWS_DEFAULT_REGION")
            or REGION
        )
        connect = wire(ENDPOINT_URL, region=region, table_prefix=prefix)
        yield Engine(name, connect)
        anyio.run(delete_tables, connect, prefix)
        return
    # Each access key id is an account of its own, with tables of its own.
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    if name == "ministack":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", new_account())
        yield Engine(name, wire(request.getfixturevalue("ministack_url")))
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", uuid4().hex[:20].upper())
    local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
    yield Engine(
        name, wire(local.endpoint_url) if name == "wire" else by_client(name, local.endpoint_url)
    )


@pytest.fixture
async def db(engine: Engine) -> AsyncIterator[adorm.Database]:
    """An empty database on the engine at hand."""
    async with engine.connect() as database:
        yield database
