from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

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


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The plugin is named, so that the test does not depend on how adorm is installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "adorm.testing.plugin", "-p", "no:cacheprovider", "-W", "error", *arguments, str(directory)],
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
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n")
    done = run_pytest(tmp_path, "-p", "anyio.pytest_plugin")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(find_spec("pytest_asyncio") is None, reason="needs pytest-asyncio")
def test_adorm_db_works_with_pytest_asyncio_in_auto_mode(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.format(mark=""))
    done = run_pytest(
        tmp_path, "-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_loading_the_plugin_loads_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'botocore', 'aiobotocore', 'aiohttp', 'moto', 'boto3', 'opentelemetry'}"
    (tmp_path / "test_it.py").write_text(f"import sys\ndef test_light(): assert not {heavy} & set(sys.modules)\n")
    done = run_pytest(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
