"""The Lambda example does what its README says: as a user runs it, and as its template deploys
it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import adorm
from adorm.lambda_runtime import LambdaHandler
from adorm.models import model_info
from adorm.testing import LocalDynamoDB, stream_event, stream_record
from examples.lambda_orders import app

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "lambda_orders"
RUN_TIMEOUT_S = 80


def run(*options: str, **environment: str) -> str:
    command = [sys.executable, str(EXAMPLE / "invoke.py"), "--frozen-s", "0.3", *options]
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "error",
        **environment,
    }
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "log: a record of a stream failed: INSERT of Order" in done.stderr
    return done.stdout


def check_tour(printed: str, *, keeps: bool) -> None:
    parts = re.split(r"^(?=\S)", printed, flags=re.MULTILINE)[1:]
    cold, warm, frozen, retried, timed_out, goes_on, killed, next_one, stream, report = parts
    first = re.search(r"api: cold start in process (\d+)", cold)
    assert first is not None
    for part in (warm, frozen, retried, timed_out, goes_on, killed):
        assert f"api: warm start in process {first[1]}" in part
    for part, status in (
        (cold, 201),
        (warm, 200),
        (frozen, 200),
        (retried, 201),
        (timed_out, 503),
        (goes_on, 201),
    ):
        assert f'"statusCode": {status}' in part
    assert "the same order: True" in retried
    assert all(
        f"'{phase}'" in cold
        for phase in ("interpreter", "imports", "models", "credentials", "connect", "first_call")
    )
    assert "Task timed out after 1.00 seconds" in killed
    assert "api: cold start" in next_one
    assert f'"statusCode": {200 if keeps else 404}' in next_one
    assert "-> 2 of 3 records come again" in stream
    assert '{"batchItemFailures": []}' in stream
    if keeps:
        assert '"orders": 1' in report
        assert '"checkpoint"' in report
        assert '{"orders": 2, "total": "12.2"}' in report
    else:
        assert '{"orders": 0, "total": "0"}' in report


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_lambda_is_played_in_memory() -> None:
    check_tour(run(), keeps=False)


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_lambda_is_played_over_http(local_dynamodb: LocalDynamoDB) -> None:
    check_tour(
        run(
            "--endpoint-url",
            local_dynamodb.endpoint_url,
            AWS_ACCESS_KEY_ID=uuid4().hex[:20].upper(),
        ),
        keeps=True,
    )


# ---- the template


def template() -> dict[str, Any]:
    yaml: Any = import_module("yaml")

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML comes without types
        """Reads `!Sub x` as `{"Sub": "x"}`."""

    def tagged(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
        return {suffix: node.value}

    Loader.add_multi_constructor("!", tagged)
    loaded: dict[str, Any] = yaml.load((EXAMPLE / "template.yaml").read_text(), Loader)
    return loaded


def test_the_template_names_what_is_there() -> None:
    resources = template()["Resources"]
    functions = {
        name: each["Properties"]
        for name, each in resources.items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    for properties in functions.values():
        module, _, name = properties["Handler"].partition(".")
        assert module == "app"
        assert isinstance(getattr(app, name), LambdaHandler)
    events = functions["Stream"]["Events"]["Changes"]["Properties"]
    assert events["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (
        resources[
            events["DestinationConfig"]["OnFailure"]["Destination"]["GetAtt"].partition(".")[0]
        ]["Type"]
        == "AWS::SQS::Queue"
    )
    assert functions["Api"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def test_the_template_makes_the_tables_that_the_models_need() -> None:
    tables = [
        each["Properties"]
        for each in template()["Resources"].values()
        if each["Type"] == "AWS::DynamoDB::Table"
    ]
    made = {table["TableName"]["Sub"].removeprefix("${AWS::StackName}-"): table for table in tables}
    needed = {info.table: info for info in map(model_info, app.TABLES)}
    assert made.keys() == needed.keys()
    for name, table in made.items():
        assert tuple(part["AttributeName"] for part in table["KeySchema"]) == needed[name].key_order
        assert {part["AttributeName"] for part in table["AttributeDefinitions"]} == needed[
            name
        ].key_names
        ttl = needed[name].ttl
        assert table.get("TimeToLiveSpecification", {}).get("AttributeName") == (
            None if ttl is None else ttl.attribute_name
        )


# ---- the API's answers


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        for model in app.TABLES:
            await db.ensure_table(model)
        yield db


@pytest.mark.anyio
async def test_what_clients_do_wrong_is_told_to_them(db: adorm.Database) -> None:
    async def status(route: str, body: str = "", key: str = "k1", order_id: str = "o1") -> int:
        event = {
            "routeKey": route,
            "pathParameters": {"customer_id": "ada", "order_id": order_id},
            "headers": {"idempotency-key": key},
            "body": body,
        }
        return (await app.api.__wrapped__(event, None, db))["statusCode"]

    post, get = (
        "POST /customers/{customer_id}/orders",
        "GET /customers/{customer_id}/orders/{order_id}",
    )
    for wrong in (
        "",
        "[]",
        "{}",
        '{"lines": []}',
        '{"lines": [{}]}',
        '{"lines": [{"sku": "tea", "quantity": 0, "price": "1"}]}',
    ):
        assert await status(post, wrong) == 400
    assert await status(post, '{"lines": [{"sku": "tea", "quantity": 1, "price": "x"}]}') == 400
    assert (
        await status(post, '{"lines": [{"sku": "tea", "quantity": 1, "price": "4.50"}]}', key="")
        == 400
    )
    assert await status(post, '{"lines": [{"sku": "tea", "quantity": 1, "price": "4.50"}]}') == 201
    assert await status(post, '{"lines": [{"sku": "tea", "quantity": 2, "price": "4.50"}]}') == 422
    assert await status(get) == 404
    assert await status("PUT /") == 404


@pytest.mark.anyio
async def test_a_change_that_comes_twice_counts_once(db: adorm.Database) -> None:
    order = app.Order(customer_id="ada", lines=[app.Line("tea", 2, Decimal("4.50"))])
    event = stream_event(stream_record(new=order))
    for _ in range(2):
        assert await app.stream.__wrapped__(event, None, db) == {"batchItemFailures": []}
    customer = await db.table(app.Customer).get("ada")
    assert (customer.orders, customer.spent) == (1, Decimal(9))
