"""adorm's pytest plugin: the fixture `adorm_db`.

A plain fixture: it works with every plugin that runs async tests, in every mode, and with tests
that call `asyncio.run`. pytest loads this at each start where adorm is installed, so it imports
nothing heavy before the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from adorm.database import Database


@pytest.fixture
def adorm_db(request: pytest.FixtureRequest) -> Database:
    """An empty database in memory, for one test. It opens at first use."""
    _refuse_trio(request)
    from adorm.connecting import connect

    return connect("memory")


def _refuse_trio(request: pytest.FixtureRequest) -> None:
    """Fail on trio, on which anyio's plugin runs each test too where it is installed."""
    if "anyio_backend" not in request.fixturenames:
        return
    backend: object = request.getfixturevalue("anyio_backend")
    # A name, or a tuple of a name and options.
    name = cast("tuple[object, ...]", backend)[0] if isinstance(backend, tuple) else backend
    if name == "trio":
        pytest.fail(
            "adorm runs on asyncio, and anyio's plugin runs this test on trio. "
            "Put this into conftest.py:\n\n"
            '@pytest.fixture\ndef anyio_backend() -> str:\n    return "asyncio"\n',
            pytrace=False,
        )
