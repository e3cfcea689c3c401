"""Two tables with a few items, and statements about them, for the tests of PartiQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError

Value = dict[str, Any]
Item = dict[str, Value]
Statement = str | tuple[str, Sequence[Value]]


def text(content: str) -> Value:
    return {"S": content}


def number(content: float | str) -> Value:
    return {"N": str(content)}


EVERYTHING: Item = {
    "pk": text("one"),
    "s": text("abc"),
    "empty": text(""),
    "n": number(5),
    "b": {"B": "AQIDBA=="},
    "ss": {"SS": ["a", "b", "c"]},
    "ns": {"NS": ["1", "2", "3"]},
    "bs": {"BS": ["AQ==", "Ag=="]},
    "l": {"L": [text("x"), text("y"), {"M": {"deep": number(1)}}]},
    "m": {"M": {"sub": text("x"), "other": number(1)}},
    "gone": {"NULL": True},
    "flag": {"BOOL": True},
    "kind": text("S"),
}
"""An item of the table `Things` with an attribute of each type."""

SK_1_TO_4 = range(1, 5)


def order(partition: str, at: int) -> Item:
    """An item of the table `Orders`: its totals fall while its sort key rises."""
    return {
        "pk": text(partition),
        "sk": number(at),
        "status": text("open" if at % 2 else "paid"),
        "total": number(100 - at),
        "note": text(f"{partition}{at}"),
    }


@attrs.frozen
class Shop:
    """An engine with the tables `Things` (partition key `pk`) and `Orders` (`pk` and number `sk`).

    `Orders` has the global indexes `by-status` (`status`, `total`; holds `note` too) and
    `keys-only` (`status`), and the local index `by-total` (`pk`, `total`; keys only).
    """

    engine: Engine

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.engine.call(operation, request)

    def run(self, statement: str, *parameters: Value, **request: Any) -> dict[str, Any]:
        if parameters:
            request["Parameters"] = list(parameters)
        return self.call("ExecuteStatement", Statement=statement, **request)

    def items(self, statement: str, *parameters: Value, **request: Any) -> list[Item]:
        found: list[Item] = self.run(statement, *parameters, **request)["Items"]
        return found

    def notes(self, statement: str, *parameters: Value, **request: Any) -> list[str]:
        """The notes of the orders that a SELECT finds, in order."""
        found = self.items(statement, *parameters, **request)
        return [each["note"]["S"] for each in found]

    def holds(self, condition: str, *parameters: Value) -> bool:
        """Whether a condition holds for the item of `Things`."""
        statement = f"SELECT pk FROM \"Things\" WHERE pk = 'one' AND {condition}"
        return bool(self.items(statement, *parameters))

    def error(self, statement: str, *parameters: Value, **request: Any) -> EngineError:
        try:
            answer = self.run(statement, *parameters, **request)
        except EngineError as error:
            return error
        raise AssertionError(answer)

    def refusal(self, statement: str, *parameters: Value, **request: Any) -> str:
        """The message of the `ValidationException` that a statement gets."""
        error = self.error(statement, *parameters, **request)
        assert error.code == "ValidationException"
        return error.message

    def refused_condition(self, condition: str, *parameters: Value) -> str:
        return self.refusal(f'SELECT * FROM "Things" WHERE {condition}', *parameters)

    def thing(self, key: str = "one") -> Item | None:
        answer = self.call("GetItem", TableName="Things", Key={"pk": text(key)})
        found: Item | None = answer.get("Item")
        return found

    def batch(self, *statements: Statement, **request: Any) -> list[dict[str, Any]]:
        asked = [_member(each) for each in statements]
        answer = self.call("BatchExecuteStatement", Statements=asked, **request)
        responses: list[dict[str, Any]] = answer["Responses"]
        return responses

    def transaction(self, *statements: Statement, **request: Any) -> dict[str, Any]:
        asked = [_member(each) for each in statements]
        return self.call("ExecuteTransaction", TransactStatements=asked, **request)

    def refused_transaction(self, *statements: Statement) -> EngineError:
        try:
            answer = self.transaction(*statements)
        except EngineError as error:
            return error
        raise AssertionError(answer)

    def reasons(self, *statements: Statement) -> list[dict[str, Any]]:
        """The reasons for which a transaction is cancelled."""
        error = self.refused_transaction(*statements)
        assert error.code == "TransactionCanceledException"
        reasons: list[dict[str, Any]] = error.fields["CancellationReasons"]
        codes = ", ".join(each["Code"] for each in reasons)
        assert error.message == (
            "Transaction cancelled, please refer cancellation reasons for specific reasons"
            f" [{codes}]"
        )
        return reasons


def _member(statement: Statement) -> dict[str, Any]:
    if isinstance(statement, str):
        return {"Statement": statement}
    return {"Statement": statement[0], "Parameters": list(statement[1])}


def open_shop() -> Shop:
    """A shop with one item in `Things`, and orders `a` and `b` with sort keys 1 to 4."""
    shop = Shop(Engine())
    shop.call(
        "CreateTable",
        TableName="Things",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    shop.call(
        "CreateTable",
        TableName="Orders",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("pk", "S"), ("sk", "N"), ("status", "S"), ("total", "N"))
        ],
        KeySchema=_keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": _keys("status", "total"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]},
            },
            {
                "IndexName": "keys-only",
                "KeySchema": _keys("status"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-total",
                "KeySchema": _keys("pk", "total"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    shop.call("PutItem", TableName="Things", Item=EVERYTHING)
    for partition in "ab":
        for at in SK_1_TO_4:
            shop.call("PutItem", TableName="Orders", Item=order(partition, at))
    return shop


def _keys(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    return keys if sort is None else [*keys, {"AttributeName": sort, "KeyType": "RANGE"}]
