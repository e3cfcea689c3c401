"""The engines that the contract suite runs on, and how to reach them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

import adorm

if TYPE_CHECKING:
    Connect = Callable[..., AbstractAsyncContextManager[adorm.Database]]

REGION = "eu-central-1"
NEEDS = {
    "memory": "adorm",
    "wire": "adorm",
    "aiobotocore": "aiobotocore",
    "aioboto3": "aioboto3",
    "moto": "moto",
    "ministack": "adorm",
    "endpoint": "adorm",
}
"""Each engine, and the package it can't do without.

- memory: adorm's own DynamoDB, inside the process.
- wire: the same over HTTP, by adorm's wire.
- aiobotocore, aioboto3: the same over HTTP, by such a client.
- moto: moto's, inside the process, which is laxer than DynamoDB.
- ministack: another emulator over HTTP, that nobody here wrote, by adorm's wire. See
tests/support/ministack.py. - endpoint: whatever answers at `ADORM_TEST_ENDPOINT`, by adorm's wire,
with the credentials and the region of the environment.
"""

ENDPOINT_URL = os.environ.get("ADORM_TEST_ENDPOINT", "")
ENDPOINT_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name.startswith("AWS_")
}
"""Read when the tests are collected: tests/conftest.py then forgets the machine's own AWS."""


def chosen_engines() -> list[str]:
    """The engines that `ADORM_ENGINES=memory,wire` names; by default each one that is installed,
    and `endpoint` where there is one."""
    names = [
        name.strip() for name in os.environ.get("ADORM_ENGINES", "").split(",") if name.strip()
    ]
    unknown = [name for name in names if name not in NEEDS]
    if unknown:
        raise pytest.UsageError(
            f"ADORM_ENGINES names {', '.join(unknown)}: there are {', '.join(NEEDS)}"
        )
    lacking = [name for name in names if find_spec(NEEDS[name]) is None]
    if lacking:
        raise pytest.UsageError(
            f"ADORM_ENGINES names {', '.join(lacking)}, which is not installed here"
        )
    if "endpoint" in names and not ENDPOINT_URL:
        raise pytest.UsageError(
            "ADORM_ENGINES names endpoint: ADORM_TEST_ENDPOINT=http://... says where that is"
        )
    return names or [
        name
        for name, package in NEEDS.items()
        if find_spec(package) is not None and (name != "endpoint" or ENDPOINT_URL)
    ]


@attrs.frozen
class Engine:
    """One engine, with a place of its own for one test."""

    name: str
    connect: Connect
    """`async with engine.connect(retry=...) as db`, with the options of `adorm.connect`.

    Connections of one engine object see the same tables, but for memory and moto, where each has
    its own.
    """

    @property
    def is_shared(self) -> bool:
        """True where two connections see the same tables."""
        return self.name not in INSIDE

    @property
    def is_exact(self) -> bool:
        """True where figures of capacity are the service's own."""
        return not self.is_moto and not self.is_ministack

    @property
    def is_moto(self) -> bool:
        """True where moto answers, which is laxer than DynamoDB: a test that differs says so by
        name."""
        return self.name == "moto"

    @property
    def is_ministack(self) -> bool:
        """True where ministack answers, which differs from DynamoDB in places: a test that differs
        says so by name."""
        return self.name == "ministack"


def inside(where: Literal["memory", "moto"]) -> Connect:
    """Connections to a DynamoDB inside the process, each its own."""

    @asynccontextmanager
    async def connect(**options: Any) -> AsyncGenerator[adorm.Database, None]:
        async with adorm.connect(where, **options) as database:
            yield database

    return connect


INSIDE = {"memory": inside("memory"), "moto": inside("moto")}


def wire(endpoint_url: str, **defaults: Any) -> Connect:
    """Connections to an endpoint by adorm's own wire."""

    @asynccontextmanager
    async def connect(**options: Any) -> AsyncGenerator[adorm.Database, None]:
        where: dict[str, Any] = {
            "region": REGION,
            "endpoint_url": endpoint_url,
            **defaults,
            **options,
        }
        async with adorm.connect(**where) as database:
            yield database

    return connect


def by_client(name: str, endpoint_url: str) -> Connect:
    """Connections to an endpoint by a client of aiobotocore or aioboto3."""

    @asynccontextmanager
    async def connect(**options: Any) -> AsyncGenerator[adorm.Database, None]:
        async with (
            new_client(name, endpoint_url) as client,
            adorm.connect(client=client, **options) as database,
        ):
            yield database

    return connect


_sessions: dict[str, Any] = {}


def new_client(name: str, endpoint_url: str) -> AbstractAsyncContextManager[Any]:
    """A client of aiobotocore or aioboto3 for DynamoDB, one attempt a call, with the credentials of
    the environment."""
    if name not in _sessions:  # it holds the service's description, which takes a while to read
        _sessions[name] = (
            import_module("aioboto3").Session()
            if name == "aioboto3"
            else import_module("aiobotocore.session").get_session()
        )
    session = _sessions[name]
    create = session.client if name == "aioboto3" else session.create_client
    client: AbstractAsyncContextManager[Any] = create(
        "dynamodb",
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        config=import_module("aiobotocore.config").AioConfig(retries={"total_max_attempts": 1}),
    )
    return client


async def delete_tables(connect: Connect, prefix: str) -> None:
    """Delete every table whose name begins so, where a test's tables are not its own database."""
    async with connect(table_prefix="") as db:
        request: dict[str, Any] = {"ExclusiveStartTableName": prefix}
        while True:
            answer = await db.call("ListTables", request)
            names = [name for name in answer["TableNames"] if name.startswith(prefix)]
            for name in names:
                await db.delete_table(name)
            if "LastEvaluatedTableName" not in answer or len(names) < len(answer["TableNames"]):
                return
            request = {"ExclusiveStartTableName": answer["LastEvaluatedTableName"]}
