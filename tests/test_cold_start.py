"""What a new process loads before its first item: a cold start is made of imports. See
docs/decisions/0020."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.support.loopback import LoopbackServer

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]

FIRST_READ = """
    import asyncio
    import datetime
    import sys

    import adorm


    @adorm.model
    class Line:
        sku: str
        quantity: int = 1


    @adorm.model(table="customers")
    class Customer:
        customer_id: str = adorm.partition_key()
        name: str = ""


    @adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status")])
    class Order:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        status: str = "open"
        lines: list[Line] = adorm.attribute(factory=list)
        created_at: datetime.datetime = adorm.created_at()
        version: int = adorm.version()


    async def main():
        async with adorm.connect(endpoint_url=sys.argv[1]) as db:
            print(await db.table(Order).get_or_none("c1", "o1"))


    asyncio.run(main())
"""

MAY_BE_LOADED = {"adorm", "attr", "attrs", "httptools", "orjson"}
"""Of all that is installed."""

STANDARD_BUT_SLOW = {
    "dataclasses",
    "email",
    "http",
    "inspect",
    "json",
    "pathlib",
    "random",
    "typing_extensions",
    "urllib",
    "uuid",
    "xml",
}
"""Not to be loaded by adorm itself; some are by what it stands on."""

LOADED_BY_OTHERS = {"dataclasses", "inspect", "uuid"}  # attrs and orjson
LOADED_FOR_AN_ENDPOINT_URL = {"urllib"}
LOADED_BY_THE_CODEC = {"json"}

UNUSED = {
    "batch.batch_options",
    "batch.gather",
    "batch.get",
    "calls.hedge",
    "calls.hooks",
    "calls.pace",
    "concurrency.pool",
    "expressions.conditions",
    "expressions.paths",
    "items.retriable",
    "items.update",
    "items.write",
    "lambda_runtime",
    "locks",
    "outcomes",
    "query.planner",
    "query.query",
    "scan",
    "tables.lifecycle",
    "transport.credentials.aws_session",
    "transport.credentials.processes",
    "transport.errors",
    "transport.redaction",
    "transport.wire.answers",
    "tx.block",
}

MOST_MODULES = 106
"""Of adorm, for a first read. Each takes 0.1 ms beside what is in it: merge what is always loaded
together, or load it later, before you raise this."""


def run(code: str, *arguments: str) -> list[str]:
    """What a new process prints, with the standard modules that every asyncio program has loaded
    beforehand."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "COV", "PYTHON"))
    }
    environment |= {
        "PYTHONPATH": str(ROOT / "src"),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "HOME": "/nonexistent",
    }
    command = [sys.executable, "-S", "-c", SITE + textwrap.dedent(code) + REPORT, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# Without `site` no editable install's finder runs, which loads modules of its own.
PACKAGES = [path for path in sys.path if "site-packages" in path]
SITE = (
    f"import sys; sys.path += {PACKAGES!r}\nimport asyncio, datetime, ssl\nbefore = "
    "set(sys.modules)\n"
)
REPORT = "\nprint(*sorted(set(sys.modules) - before))\n"


def foreign(modules: set[str]) -> set[str]:
    """The packages among them that are not Python's own."""
    return {
        package for name in modules if "cython" not in (package := name.split(".")[0])
    } - sys.stdlib_module_names


def test_importing_adorm_loads_adorm_alone() -> None:
    (loaded,) = run("import adorm")
    assert set(loaded.split()) == {
        "adorm",
        "adorm.support",
        "adorm.support.lazy_names",
    }


def test_the_names_of_models_load_nothing_of_the_network() -> None:
    (line,) = run("import adorm; adorm.model; adorm.attribute; adorm.GlobalIndex; adorm.UsageError")
    loaded = set(line.split())
    assert foreign(loaded) <= MAY_BE_LOADED - {"httptools"}
    assert not {
        name
        for name in loaded
        if name.startswith(("adorm.transport", "adorm.query", "adorm.expressions", "adorm.calls"))
    }


async def test_a_first_read_loads_what_it_uses_and_no_more() -> None:
    item = {
        "customer_id": {"S": "c1"},
        "order_id": {"S": "o1"},
        "created_at": {"S": "2026-11-21T08:30:00.000000Z"},
    }
    async with LoopbackServer(lambda _operation, _request: {"Item": item}) as server:
        lines = await anyio.to_thread.run_sync(run, FIRST_READ, server.url)
    assert lines[0].startswith("Order(customer_id='c1', order_id='o1'")
    loaded = set(lines[1].split())
    assert foreign(loaded) == MAY_BE_LOADED
    assert (
        loaded & STANDARD_BUT_SLOW
        <= LOADED_BY_OTHERS | LOADED_FOR_AN_ENDPOINT_URL | LOADED_BY_THE_CODEC
    )
    assert not {name for name in loaded if name.removeprefix("adorm.") in UNUSED}
    assert sum(name.startswith("adorm") for name in loaded) <= MOST_MODULES
