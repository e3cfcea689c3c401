from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import trio

import adorm

ROOT = Path(__file__).parents[2]

SUITE = """
import pytest
import adorm

@adorm.model(table="plugin-notes")
class Note:
    id: str = adorm.partition_key()

{mark}
@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_has_a_database_of_its_own(adorm_db, turn):
    await adorm_db.create_table(Note)
    await adorm_db.table(Note).create(Note(id="n1"))
    assert await adorm_db.table(Note).get("n1") == Note(id="n1")
"""


SYNC_SUITE = """
import asyncio
import pytest
import adorm

@adorm.model(table="plugin-notes")
class Note:
    id: str = adorm.partition_key()

@pytest.fixture
def notes(adorm_db):
    asyncio.run(adorm_db.create_table(Note))
    return adorm_db.table(Note)

def test_it_is_not_used(adorm_db):
    pass

def test_it_is_used_in_one_loop(adorm_db):
    async def use():
        await adorm_db.create_table(Note)
        await adorm_db.table(Note).create(Note(id="n1"))
    asyncio.run(use())

def test_it_is_used_in_several_loops(notes):
    asyncio.run(as_coroutine(notes.create(Note(id="n1"))))
    assert asyncio.run(as_coroutine(notes.get("n1"))) == Note(id="n1")

async def as_coroutine(operation):
    return await operation
"""


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The plugin is named, so that the test does not depend on how adorm is installed.
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "adorm.testing.plugin",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            *arguments,
            str(directory),
        ],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_the_package_announces_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"adorm": "adorm.testing.plugin"}


def test_adorm_db_works_with_anyios_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark="@pytest.mark.anyio"))
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n"
    )
    done = run_pytest(tmp_path, "-p", "anyio.pytest_plugin")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


ASYNCIO_PLUGIN = (
    "-p",
    "pytest_asyncio.plugin",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)


def test_adorm_db_works_with_pytest_asyncio_in_auto_mode(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark=""))
    done = run_pytest(tmp_path, *ASYNCIO_PLUGIN, "-o", "asyncio_mode=auto")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_adorm_db_works_with_pytest_asyncio_in_strict_mode(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark="@pytest.mark.asyncio"))
    done = run_pytest(tmp_path, *ASYNCIO_PLUGIN, "-o", "asyncio_mode=strict")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("scope", ["session", "module", "class", "function"])
def test_adorm_db_works_in_a_loop_that_tests_share(tmp_path: Path, scope: str) -> None:
    (tmp_path / "test_it.py").write_text(
        SUITE.format(mark=f'@pytest.mark.asyncio(loop_scope="{scope}")')
    )
    done = run_pytest(tmp_path, *ASYNCIO_PLUGIN, "-o", "asyncio_mode=strict")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_adorm_db_works_in_every_worker_of_xdist(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark="@pytest.mark.asyncio"))
    done = run_pytest(
        tmp_path, *ASYNCIO_PLUGIN, "-o", "asyncio_mode=strict", "-p", "xdist.plugin", "-n", "2"
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_adorm_db_works_in_tests_and_fixtures_that_are_not_async(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SYNC_SUITE)
    done = run_pytest(tmp_path)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_on_trio_the_fixture_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark="@pytest.mark.anyio"))
    done = run_pytest(tmp_path, "-p", "anyio.pytest_plugin")
    assert "2 passed, 2 errors" in done.stdout, done.stdout + done.stderr
    assert "adorm runs on asyncio, and anyio's plugin runs this test on trio" in done.stdout
    assert 'return "asyncio"' in done.stdout


def test_a_call_on_trio_says_what_to_do() -> None:
    async def call() -> None:
        await adorm.connect("memory").open()

    async def call_with_a_deadline() -> None:
        async with adorm.deadline(1):
            await adorm.connect("memory").call("ListTables", {})

    for calling in (call, call_with_a_deadline):
        with pytest.raises(
            adorm.UsageError, match="adorm runs on asyncio, and no event loop of asyncio runs here"
        ):
            trio.run(calling)


def test_loading_the_plugin_loads_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'botocore', 'aiobotocore', 'aiohttp', 'moto', 'boto3', 'opentelemetry'}"
    (tmp_path / "test_it.py").write_text(
        f"import sys\ndef test_light(): assert not {heavy} & set(sys.modules)\n"
    )
    done = run_pytest(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
