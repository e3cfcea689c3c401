"""Who does not ask for telemetry does not load it, and who asks without the package is told what to
install."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import adorm
from adorm.errors import UsageError
from tests.support.environment import refusing_port

UNUSED = {
    "adorm.calls.details",
    "adorm.calls.hooks",
    "adorm.calls.observe",
    "adorm.telemetry",
    "opentelemetry",
}


def loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stdout.split())


def test_a_database_without_hooks_loads_none_of_it() -> None:
    with refusing_port() as port:
        code = f"""
import asyncio, adorm
async def main():
    url, once = "http://127.0.0.1:{port}", adorm.RetryPolicy(max_attempts=1)
    async with adorm.connect(endpoint_url=url, region="eu-central-1", retry=once) as db:
        try:
            await db.call("ListTables", {{}})
        except adorm.ConnectionFailed:
            pass
import os
os.environ |= {{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}}
asyncio.run(main())
"""
        assert loaded_by(code) & UNUSED == set()


def test_logs_need_no_opentelemetry() -> None:
    loaded = loaded_by("import adorm; adorm.LogCalls(); adorm.OpenTelemetry")
    assert "adorm.telemetry.otel" in loaded
    assert "opentelemetry" not in loaded


def test_without_the_package_construction_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(sys.modules):
        if name.startswith("adorm.telemetry.otel_"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(UsageError, match=r'needs opentelemetry-api: pip install "adorm\[otel\]"'):
        adorm.OpenTelemetry()


def test_it_shows_nothing_of_its_inside() -> None:
    assert repr(adorm.OpenTelemetry()) == "adorm.OpenTelemetry()"
