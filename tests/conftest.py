"""What every test may use: the event loop, adorm's own DynamoDB over HTTP, and ministack, each
started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings

from adorm.testing import LocalDynamoDB
from tests.support.environment import ASYNCIO, IN_CI
from tests.support.ministack import MinistackMissing, ministack

# Machines are shared, so hypothesis does not fail a test for its time.
settings.register_profile("adorm", deadline=None)
settings.load_profile("adorm")

_missing = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return ASYNCIO


def pytest_collection_finish() -> None:
    """Forget the machine's own AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def local_dynamodb() -> Iterator[LocalDynamoDB]:
    """adorm's DynamoDB over HTTP, one for the whole run: use an access key id of your own to have a
    database of your own."""
    with LocalDynamoDB() as local:
        yield local


@pytest.fixture(scope="session")
def ministack_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """ministack, one for the whole run: use an access key id of `new_account()` to have a database
    of your own."""
    with ExitStack() as stack:
        try:
            endpoint_url = stack.enter_context(ministack())
        except MinistackMissing as error:
            if IN_CI:
                pytest.fail(f"in CI ministack must run: {error}", pytrace=False)
            request.config.stash[_missing] = str(error)
            pytest.skip(f"MINISTACK DOES NOT RUN: {error}")
        yield endpoint_url


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    problem = config.stash.get(_missing, None)
    if problem is not None:
        terminalreporter.write_line(
            f"!!!! NOTHING WAS TESTED AGAINST MINISTACK: {problem}", red=True, bold=True
        )
