"""The services of the examples under load with random disconnects: `bench/service_load.py`, bounded
by a count of requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adorm.testing import LocalDynamoDB

ROOT = Path(__file__).parents[2]
CLIENTS, REQUESTS = 100, 8


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("service", ["fastapi", "aiohttp"])
def test_a_service_under_load_makes_no_error_and_leaves_nothing_behind(
    service: str, local_dynamodb: LocalDynamoDB
) -> None:
    command = [
        sys.executable,
        "bench/service_load.py",
        "--services",
        service,
        "--clients",
        str(CLIENTS),
        "--requests",
        str(REQUESTS),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)[service]
    assert told["errors"] == {}
    assert told["after"]["logged"] == {}
    assert told["holds"] == dict.fromkeys(told["holds"], True), told
    assert told["requests"] == CLIENTS * REQUESTS
    assert sum(told["disconnects"].values()) > 0
    assert told["after"]["most"]["connections"] <= 64
    assert done.returncode == 0
