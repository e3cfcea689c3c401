"""The engines that the contract suite runs on, and how to reach them."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import adorm

if TYPE_CHECKING:
    Connect = Callable[..., AbstractAsyncContextManager[adorm.Database]]

REGION = "eu-central-1"
NEEDS = {"memory": "moto", "wire": "httptools", "aiobotocore": "aiobotocore", "aioboto3": "aioboto3"}
"""Each engine, and the package it can't do without."""


def chosen_engines() -> list[str]:
    names = [name.strip() for name in os.environ.get("ADORM_ENGINES", "").split(",") if name.strip()]
    unknown = [name for name in names if name not in NEEDS]
    if unknown:
        raise pytest.UsageError(f"ADORM_ENGINES names {', '.join(unknown)}: there are {', '.join(NEEDS)}")
    lacking = [name for name in names if find_spec(NEEDS[name]) is None]
    if lacking:
        raise pytest.UsageError(f"ADORM_ENGINES names {', '.join(lacking)}, which is not installed here")
    return names or [name for name, package in NEEDS.items() if find_spec(package) is not None]


@attrs.frozen
class Engine:
    """One engine, with a place of its own for one test."""

    name: str
    connect: Connect
    """`async with engine.connect(retry=...) as db`, with the options of `adorm.connect`.

    Connections of one engine object see the same tables, but for memory, where each has its own.
    """

    @property
    def is_moto(self) -> bool:
        """True where moto answers, which is laxer than DynamoDB: a test that differs says so by name."""
        return self.name == "memory"


@asynccontextmanager
async def memory(**options: Any) -> AsyncGenerator[adorm.Database, None]:
    async with adorm.connect("memory", **options) as database:
        yield database


def wire(endpoint_url: str) -> Connect:
    @asynccontextmanager
    async def connect(**options: Any) -> AsyncGenerator[adorm.Database, None]:
        where: dict[str, Any] = {"region": REGION, "endpoint_url": endpoint_url, **options}
        async with adorm.connect(**where) as database:
            yield database

    return connect


def by_client(name: str, endpoint_url: str) -> Connect:
    @asynccontextmanager
    async def connect(**options: Any) -> AsyncGenerator[adorm.Database, None]:
        async with new_client(name, endpoint_url) as client, adorm.connect(client=client, **options) as database:
            yield database

    return connect


_sessions: dict[str, Any] = {}


def new_client(name: str, endpoint_url: str) -> AbstractAsyncContextManager[Any]:
    """A client of aiobotocore or aioboto3 for DynamoDB, one attempt a call, with the credentials of the environment."""
    if name not in _sessions:  # it holds the service's description, which takes a while to read
        _sessions[name] = import_module("aioboto3").Session() if name == "aioboto3" else import_module("aiobotocore.session").get_session()
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
