"""The judges that the fuzzer holds the engine against, and the two faults that would drown others.

ministack and dynoxide make an item of its key alone where an UpdateItem only removes attributes of
an item that is not there. The service makes none. Every later answer about that table would differ,
so a corrected endpoint takes such an item away again.

ministack compares numbers as the request spells them: it does not find the item with the key 1 by
the key 1.0. Its endpoint spells each number as the service does, in requests and in answers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from tests.conformance.endpoints import served

SERVICE = "DynamoDB_20120810"
REPOSITORY = Path(__file__).parents[2]
TEXT = r'"(?:[^"\\]|\\.)*"'
NUMBERS = re.compile(rf'(?<="N": ){TEXT}|(?<="NS": )\[(?:{TEXT}(?:, )?)*\]')
"""The number, or the list of numbers, of each N and NS in JSON, as `json.dumps` writes it."""
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
CLAUSE = re.compile(r"(?<![\w.#:])(SET|ADD|REMOVE|DELETE)(?=\s)", re.IGNORECASE)


class FuzzerMissing(Exception):
    """The fuzzer is not there. The text says where it was looked for."""


def find_fuzzer() -> Path:
    """The folder that holds `difffuzz/`: ADORM_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("ADORM_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "difffuzz" / "run.py").is_file():
        raise FuzzerMissing(f"there is no {folder / 'difffuzz'}: name its folder by ADORM_SHARED")
    return folder.resolve()


def load_fuzzer(folder: Path) -> tuple[Any, Any, Any, Any]:
    """The fuzzer's modules gen, minimise, run and wire: untyped, and not installed here."""
    sys.path.insert(0, str(folder))
    names = ("gen", "minimise", "run", "wire")
    gen, minimise, run, wire = (import_module(f"difffuzz.{name}") for name in names)
    return gen, minimise, run, wire


def find_dynoxide() -> str | None:
    """The program `dynoxide`: ADORM_DYNOXIDE, or on the PATH; None where there is none."""
    named = os.environ.get("ADORM_DYNOXIDE")
    return named or shutil.which("dynoxide")


@contextmanager
def dynoxide(program: str) -> Generator[str, None, None]:
    """Start dynoxide and give its URL."""
    # Its parser needs a large stack for nested expressions, or the process ends.
    os.environ.setdefault("RUST_MIN_STACK", "1000000000")
    with served([program, "serve", "--host", "127.0.0.1", "--port", "{port}"]) as url:
        yield url


class CorrectedEndpoint:
    """One of the fuzzer's endpoints, for a judge that has the first fault above, or both."""

    def __init__(self, endpoint: Any, *, spell_numbers: bool) -> None:
        self._endpoint = endpoint
        self._spell_numbers = spell_numbers
        self.name: str = endpoint.name

    def send(self, operation: str, body: str, service: str = SERVICE) -> Any:
        """Send one request, and take away again what the service would not have made."""
        if self._spell_numbers:
            body = NUMBERS.sub(lambda found: spell(found.group()), body)
        made = self._made_of_keys_alone(operation, body) if service == SERVICE else []
        reply = self._endpoint.send(operation, body, service)
        if not reply.ok:
            return reply
        if self._spell_numbers:
            told = NUMBERS.sub(lambda found: spell(found.group()), json.dumps(reply.body))
            reply.body = json.loads(told)
        for table, key in made:
            self._endpoint.send("DeleteItem", json.dumps({"TableName": table, "Key": key}))
        if made and operation == "UpdateItem":
            reply.body.pop("Attributes", None)
        return reply

    def _made_of_keys_alone(self, operation: str, body: str) -> list[tuple[str, Any]]:
        """Table and key of each item that a request would wrongly make."""
        found: list[tuple[str, Any]] = []
        for update in updates(operation, body):
            if only_removes(update):
                where = {"TableName": update["TableName"], "Key": update["Key"]}
                text = json.dumps({**where, "ConsistentRead": True})
                reply = self._endpoint.send("GetItem", text)
                if reply.ok and not mapping(reply.body).get("Item"):
                    found.append((update["TableName"], update["Key"]))
        return found


def spell(text: str) -> str:
    """A number, or a list of them, as JSON: each as the service spells it, if it is one."""
    read: Any = json.loads(text)
    if isinstance(read, str):
        return json.dumps(spelled(read))
    return json.dumps([spelled(str(one)) for one in elements(read)])


def spelled(number: str) -> str:
    """`1.50` as `1.5`, `1e2` as `100`. What is no number, or out of range, stays as it is."""
    if not PLAIN.fullmatch(number):
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    if not value:
        return "0" if abs(value.adjusted()) <= 125 else number
    if len(value.as_tuple().digits) > 38 or not -130 <= value.adjusted() <= 125:
        return number
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def updates(operation: str, body: str) -> list[Mapping[str, Any]]:
    """The updates that a request holds, as far as it is well formed."""
    if operation not in ("UpdateItem", "TransactWriteItems"):
        return []
    request = mapping(json.loads(body))
    parts = [request]
    if operation == "TransactWriteItems":
        listed = elements(request.get("TransactItems"))
        parts = [mapping(mapping(part).get("Update")) for part in listed]
    return [part for part in parts if part.keys() >= {"TableName", "Key"}]


def only_removes(update: Mapping[str, Any]) -> bool:
    """Whether an update can do nothing but remove attributes, or members of a set."""
    expression = update.get("UpdateExpression")
    if isinstance(expression, str):
        clauses = {clause.upper() for clause in CLAUSE.findall(expression)}
        return bool(clauses) and clauses <= {"REMOVE", "DELETE"}
    actions = mapping(update.get("AttributeUpdates"))
    return bool(actions) and all(
        mapping(action).get("Action") == "DELETE" for action in actions.values()
    )


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object of JSON, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def elements(value: object) -> Sequence[Any]:
    """The value if it is a list of JSON, else an empty one."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()
