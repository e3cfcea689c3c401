"""Imitates Lambda on this machine.

    python examples/lambda_orders/invoke.py          # a database in memory, one in each process
    python examples/lambda_orders/invoke.py --endpoint-url http://127.0.0.1:8000

Execution environments are processes. They are frozen between invocations and killed at the limit.
Needs `pip install adorm`. It does not run on Windows, which cannot freeze a process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import adorm
from adorm.testing import Faults, stream_event, stream_record

HERE = Path(__file__).parent
INIT_LIMIT_S = 30.0


# ---- Lambda's side


class Environment:
    """One execution environment: a process with the function loaded."""

    def __init__(self, function: str, variables: Mapping[str, str]) -> None:
        environment = {
            **os.environ,
            **variables,
            "AWS_LAMBDA_FUNCTION_NAME": f"orders-{function}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "_HANDLER": f"app.{function}",
        }
        command = [sys.executable, __file__, "--serve", function]
        self._process = subprocess.Popen(  # noqa: S603
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.pid = self._process.pid
        if self._read(INIT_LIMIT_S) is None:
            raise SystemExit("the function could not be loaded")
        self._freeze()

    def invoke(self, event: object, limit_s: float, trouble: str | None) -> dict[str, Any] | None:
        """What came of it; None where the limit passed, and the process was killed."""
        if self._process.stdin is None:
            raise SystemExit("no pipe to the function")
        os.kill(self.pid, signal.SIGCONT)
        self._process.stdin.write(
            json.dumps({"event": event, "limit_s": limit_s, "trouble": trouble}) + "\n"
        )
        self._process.stdin.flush()
        told = self._read(limit_s)
        if told is None:
            self.end()
        else:
            self._freeze()
        return told

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.communicate()

    def _read(self, limit_s: float) -> dict[str, Any] | None:
        if (
            self._process.stdout is None
            or not select.select([self._process.stdout], [], [], limit_s)[0]
        ):
            return None
        line = self._process.stdout.readline()
        told: dict[str, Any] | None = json.loads(line) if line else None
        return told

    def _freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)


class Function:
    """A Lambda function: at most one environment here, made when there is none."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self._name = name
        self._variables = variables
        self._environment: Environment | None = None

    def invoke(self, event: object, *, limit_s: float = 10.0, trouble: str | None = None) -> Any:
        """Invoke it as Lambda does, and print what Lambda would log; gives the answer, None for a
        failure."""
        began_s = time.monotonic()
        start = "warm"
        if self._environment is None:
            self._environment, start = Environment(self._name, self._variables), "cold"
        init_s = time.monotonic() - began_s
        began_s = time.monotonic()
        told = self._environment.invoke(event, limit_s, trouble)
        took_s = time.monotonic() - began_s
        print(
            f"  {self._name}: {start} start in process "
            f"{self._environment.pid}{f', init {init_s:.2f} s' if start == 'cold' else ''}"
        )
        if told is None:
            self._environment = None
            print(
                f"  Task timed out after {limit_s:.2f} seconds: the process was killed, with all "
                "that it kept"
            )
            return None
        if told["cold_start"]:
            print(f"  the start, in seconds: {told['cold_start']}")
        if "error" in told:
            print(f"  failed after {took_s:.2f} of {limit_s:g} s: {told['error']}")
            return None
        print(f"  answered after {took_s:.2f} of {limit_s:g} s: {short(told['answer'])}")
        return told["answer"]

    def deliver(self, event: dict[str, Any], *, trouble: str | None = None) -> None:
        """Deliver a batch of a stream as the event source mapping does: what failed, and what
        follows it, comes again."""
        while event["Records"]:
            told = self.invoke(event, limit_s=60.0, trouble=trouble)
            failed: set[str] = (
                set()
                if told is None
                else {failure["itemIdentifier"] for failure in told["batchItemFailures"]}
            )
            numbers: list[str] = [
                record["dynamodb"]["SequenceNumber"] for record in event["Records"]
            ]
            begin = (
                0
                if told is None
                else min((numbers.index(number) for number in failed), default=len(numbers))
            )
            event = {"Records": event["Records"][begin:]}
            trouble = None
            if event["Records"]:
                print(f"  -> {len(event['Records'])} of {len(numbers)} records come again")

    def end(self) -> None:
        """No longer needed: Lambda kills its environment."""
        if self._environment is not None:
            self._environment.end()


def short(answer: object) -> str:
    text = json.dumps(answer)
    return text if len(text) <= 150 else f"{text[:150]}..."


# ---- the process's side


def functions_of_app() -> Any:
    """The module, as Lambda loads it: by its name, from the function's directory."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return import_module("app")


class Context:
    """What Lambda tells the function of its invocation, as far as this one asks."""

    def __init__(self, limit_s: float) -> None:
        self._ends_s = time.monotonic() + limit_s

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends_s - time.monotonic()) * 1000))


def serve(function: str) -> None:
    """Load the function, and run it for each line that comes."""
    logging.basicConfig(level=logging.WARNING, format="  log: %(message)s")
    faults = Faults()
    connect = adorm.connect

    def connect_with_faults(*where: Any, **options: Any) -> adorm.Database:
        return connect(*where, **options, wrap=faults, hooks=[adorm.CallHooks(before_call=block)])

    blocked: list[float] = []

    def block(_call: object) -> None:
        if blocked:
            time.sleep(blocked.pop())  # as a synchronous client does

    with patch("adorm.connect", connect_with_faults):
        handler = getattr(functions_of_app(), function)
        print(json.dumps({"ready": function}), flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            match asked["trouble"]:
                case "slow":
                    faults.on("GetItem", "PutItem").delay(60)
                case "blocked":
                    blocked.append(60.0)
                case "refused":
                    faults.on("TransactWriteItems", call=2).refuse("AccessDeniedException")
                case _:
                    pass
            first = adorm.cold_start_report().first_call_s is None
            told: dict[str, Any]
            try:
                told = {"answer": handler(asked["event"], Context(asked["limit_s"]))}
            except Exception as error:  # noqa: BLE001  # of the function's own
                told = {"error": f"{type(error).__name__}: {error}"}
            report = adorm.cold_start_report()
            phases = {
                name.removesuffix("_s"): round(seconds, 3)
                for name, seconds in report._asdict().items()
                if seconds is not None
            }
            print(json.dumps({**told, "cold_start": phases if first else {}}), flush=True)
            faults.clear()


# ---- the tour


def post(customer_id: str, key: str, **line: object) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "POST /customers/{customer_id}/orders",
        "pathParameters": {"customer_id": customer_id},
        "headers": {"idempotency-key": key},
        "body": json.dumps({"lines": [line]}),
    }


def get(customer_id: str, order_id: str) -> dict[str, Any]:
    path = {"customer_id": customer_id, "order_id": order_id}
    return {
        "version": "2.0",
        "routeKey": "GET /customers/{customer_id}/orders/{order_id}",
        "pathParameters": path,
        "headers": {},
    }


def tour(variables: Mapping[str, str], frozen_s: float) -> None:
    app = functions_of_app()
    functions = {name: Function(name, variables) for name in ("api", "stream", "report")}
    api, stream, report = functions.values()
    try:
        print("Cold: the process begins, warms up, and answers")
        placed = api.invoke(post("ada", "first", sku="tea", quantity=2, price="4.50"))
        order = json.loads(placed["body"])

        print("Warm: the same process, the same connection")
        api.invoke(get("ada", order["order_id"]))

        print(
            f"Frozen for {frozen_s:g} s in between: nothing ran meanwhile, and the first call works"
        )
        time.sleep(frozen_s)
        api.invoke(get("ada", order["order_id"]))

        print("Retried: the same idempotency key gives the same order")
        again = api.invoke(post("ada", "first", sku="tea", quantity=2, price="4.50"))
        print(f"  the same order: {json.loads(again['body'])['order_id'] == order['order_id']}")

        print("Timed out: DynamoDB does not answer; the handler does, before Lambda's limit")
        api.invoke(get("ada", order["order_id"]), limit_s=1.0, trouble="slow")
        print("... and the process goes on")
        api.invoke(post("ada", "second", sku="cake", quantity=1, price="3.20"))

        print("Killed: code that blocks can't be cancelled, and Lambda ends the process")
        api.invoke(get("ada", order["order_id"]), limit_s=1.0, trouble="blocked")
        print(
            "... so the next invocation is a cold start"
            + (" (and memory is empty)" if variables.get("ORDERS_DB") == "memory" else "")
        )
        api.invoke(get("ada", order["order_id"]))

        print(
            "The stream brings three orders; one of them fails, and comes again with what follows "
            "it"
        )
        orders = [
            adorm.from_plain(app.Order, {**order, "order_id": f"o{number}"}) for number in range(3)
        ]
        stream.deliver(
            stream_event(
                *(stream_record(new=each, table_name=table_name(variables)) for each in orders)
            ),
            trouble="refused",
        )

        print(
            "A report stops before its limit, and goes on in the next invocation from its "
            "checkpoint"
        )
        if variables.get("ORDERS_DB") == "memory":
            print("  (in memory it finds no order: each process has a database of its own)")
        state: Any = {}
        limit_s = 1.5
        while True:
            state = report.invoke(state, limit_s=limit_s)
            limit_s = 10.0
            if state is None or "checkpoint" not in state:
                break
    finally:
        for function in functions.values():
            function.end()


def table_name(variables: Mapping[str, str]) -> str:
    return f"{variables.get('TABLE_PREFIX', '')}orders"


async def make_tables() -> None:
    async with adorm.connect(table_prefix=os.environ.get("TABLE_PREFIX", "")) as db:
        for model in functions_of_app().TABLES:
            await db.ensure_table(model)


def main() -> None:
    parser = argparse.ArgumentParser(description="Play Lambda with the functions of app.py.")
    parser.add_argument("--endpoint-url", help="of a DynamoDB; without it, a database in memory")
    parser.add_argument(
        "--frozen-s", type=float, default=1.0, help="how long to freeze the process for"
    )
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    variables = {"ORDERS_DB": "memory"}
    if options.endpoint_url:
        local = {
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "LOCAL",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        variables = {name: os.environ.get(name, value) for name, value in local.items()}
        variables["AWS_ENDPOINT_URL_DYNAMODB"] = options.endpoint_url
        os.environ.update(variables)
        asyncio.run(make_tables())
    tour(variables, options.frozen_s)


if __name__ == "__main__":
    main()
