"""The services among the examples do what their READMEs say: as a user runs them, over a real
socket, in memory and over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adorm.testing import LocalDynamoDB
from tests.support.engines import REGION

ROOT = Path(__file__).parents[1]
START_TIMEOUT_S = 30.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@pytest.fixture(params=["memory", "wire"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """What in the environment takes an example to each engine."""
    if request.param == "memory":
        return {}
    local: LocalDynamoDB = request.getfixturevalue("local_dynamodb")
    return {
        "ORDERS_DB": "dynamodb",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": local.endpoint_url,
        "AWS_ACCESS_KEY_ID": uuid4().hex[:20].upper(),
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


@pytest.fixture(params=["fastapi", "aiohttp"])
def client(request: pytest.FixtureRequest, where: dict[str, str]) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        **where,
        "PYTHONPATH": str(ROOT / "src"),
        "PORT": str(port),
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, f"examples/{request.param}_service/app.py"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            until_s = time.monotonic() + START_TIMEOUT_S
            while not listens(port):
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(timeout=0.05)
                assert time.monotonic() < until_s, "it does not start"
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            printed, _ = process.communicate(timeout=20)
    assert "Traceback" not in printed
    assert process.returncode in {0, -signal.SIGTERM}, printed


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def test_a_service_for_orders_works_from_end_to_end(client: httpx.Client) -> None:
    line = {"sku": "tea", "quantity": 2, "price": "4.50"}
    ids: list[str] = []
    for _ in range(3):
        made = client.post("/customers/ada/orders", json={"lines": [line]})
        assert made.status_code == 201
        assert float(made.json()["total"]) == 9
        ids.append(made.json()["order_id"])
    found = client.get(f"/customers/ada/orders/{ids[0]}").json()
    assert (found["status"], found["version"], found["lines"][0]["quantity"]) == ("open", 1, 2)

    seen: list[str] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = client.get("/customers/ada/orders", params=params).json()
        seen += [order["order_id"] for order in page["items"]]
        if page["cursor"] is None:
            break
        params["cursor"] = page["cursor"]
    assert seen == ids[::-1]
    assert client.get("/customers/eve/orders", params=params).json()["code"] == "bad-cursor"
    assert client.get("/customers/ada/orders?limit=0").status_code in {400, 422}

    payment = f"/customers/ada/orders/{ids[1]}/payment"
    paid = client.post(payment, json={"version": 1})
    assert (paid.status_code, paid.json()["status"], paid.json()["version"]) == (200, "paid", 2)
    again = client.post(payment, json={"version": 1})
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert [reason["code"] for reason in again.json()["reasons"]] == [
        "version-conflict",
        "already-exists",
    ]
    assert client.post(payment, json={"version": 2}).json()["code"] == "already-exists"
    for status, count in (("paid", 1), ("open", 2)):
        assert client.get("/orders", params={"status": status}).json()["count"] == count

    missing = client.get("/customers/ada/orders/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    wrongs: list[Any] = [
        {"lines": []},
        {"lines": [{**line, "quantity": 0}]},
        {"lines": [{**line, "price": "x"}]},
        {},
        [],
    ]
    for wrong in wrongs:
        assert client.post("/customers/ada/orders", json=wrong).status_code in {400, 422}
    assert client.post("/customers/ada/orders", content=b"{").status_code in {400, 422}
    assert client.get("/orders?status=nope").status_code in {400, 422}
