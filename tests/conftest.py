"""What every test may use: the event loop, and DynamoDB Local, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from adorm.testing import DynamoDBLocal, DynamoDBLocalMissing, fetch_dynamodb_local

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
NEED_DYNAMODB_LOCAL = {"dynamodb_local", "engine"}

ASYNCIO: tuple[str, dict[str, Any]] = ("asyncio", {})
UVLOOP: tuple[str, dict[str, Any]] = ("asyncio", {"use_uvloop": True})
LOOPS = [pytest.param(ASYNCIO, id="asyncio"), *([pytest.param(UVLOOP, id="uvloop")] if find_spec("uvloop") else [])]
"""Parameters for modules that run on both loops: `@pytest.fixture(params=LOOPS)` over `anyio_backend`."""

_missing = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return ASYNCIO


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch DynamoDB Local where a test may want it: here, where no test's time limit runs. Then forget the machine's own AWS."""
    wanted = any(NEED_DYNAMODB_LOCAL.intersection(getattr(item, "fixturenames", ())) for item in session.items)
    if wanted and not session.config.option.collectonly:
        try:
            fetch_dynamodb_local()
        except DynamoDBLocalMissing as error:
            session.config.stash[_missing] = str(error)
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def dynamodb_local(request: pytest.FixtureRequest) -> Iterator[DynamoDBLocal]:
    """DynamoDB Local, one for the whole run: use an access key id of your own to have a database of your own."""
    problem = request.config.stash.get(_missing, None)
    local = DynamoDBLocal()
    if problem is None:
        try:
            local.start()
        except DynamoDBLocalMissing as error:
            problem = request.config.stash[_missing] = str(error)
    if problem is not None:
        if IN_CI:
            pytest.fail(f"in CI DynamoDB Local must run: {problem}", pytrace=False)
        pytest.skip(f"DYNAMODB LOCAL DOES NOT RUN: {problem}")
    with local:
        yield local


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    problem = config.stash.get(_missing, None)
    if problem is not None:
        terminalreporter.write_line(f"!!!! NOTHING WAS TESTED AGAINST DYNAMODB LOCAL: {problem}", red=True, bold=True)
