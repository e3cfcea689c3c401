"""The engine against a slow and obvious model: a dict of items that each read filters and sorts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError
from adorm.memory.values.sizes import item_bytes

Item = dict[str, Any]

TABLE: dict[str, Any] = {
    "TableName": "things",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
        {"AttributeName": "g", "AttributeType": "S"},
        {"AttributeName": "l", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-l",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "l", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-g",
            "KeySchema": [
                {"AttributeName": "g", "KeyType": "HASH"},
                {"AttributeName": "l", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
HELD: dict[str, set[str] | None] = {
    "by-l": {"pk", "sk", "l"},
    "by-g": {"pk", "sk", "g", "l", "n"},
}
"""What the entries of each index hold."""

partitions = st.sampled_from(["a", "b", "ü"])
sorts = st.integers(-3, 6)
small = st.integers(-2, 4)
optional = st.fixed_dictionaries(
    {},
    optional={
        "g": st.sampled_from(["x", "y"]).map(lambda text: {"S": text}),
        "l": small.map(lambda number: {"N": str(number)}),
        "n": small.map(lambda number: {"N": str(number)}),
        "extra": st.sampled_from([{"S": "s"}, {"BOOL": True}, {"SS": ["p", "q"]}]),
    },
)


def key_of(pk: str, sk: int) -> Item:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def number(item: Item, name: str) -> Decimal:
    return Decimal(item[name]["N"])


class EngineAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine()
        self.engine.call("CreateTable", TABLE)
        self.items: dict[tuple[str, int], Item] = {}

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.engine.call(operation, {"TableName": "things", **request})

    @rule(pk=partitions, sk=sorts, rest=optional)
    def put(self, pk: str, sk: int, rest: Item) -> None:
        item = {**key_of(pk, sk), **rest}
        answer = self.call("PutItem", Item=item, ReturnValues="ALL_OLD")
        assert answer.get("Attributes") == self.items.get((pk, sk))
        self.items[pk, sk] = item

    @rule(pk=partitions, sk=sorts, bound=small, rest=optional)
    def put_on_condition(self, pk: str, sk: int, bound: int, rest: Item) -> None:
        item = {**key_of(pk, sk), **rest}
        old = self.items.get((pk, sk), {})
        holds = "n" in old and number(old, "n") > bound
        try:
            self.call(
                "PutItem",
                Item=item,
                ConditionExpression="n > :bound",
                ExpressionAttributeValues={":bound": {"N": str(bound)}},
            )
        except EngineError as error:
            assert error.code == "ConditionalCheckFailedException"
            assert not holds
        else:
            assert holds
            self.items[pk, sk] = item

    @rule(pk=partitions, sk=sorts)
    def delete(self, pk: str, sk: int) -> None:
        answer = self.call("DeleteItem", Key=key_of(pk, sk), ReturnValues="ALL_OLD")
        assert answer.get("Attributes") == self.items.pop((pk, sk), None)

    @rule(pk=partitions, sk=sorts, plus=small, group=st.sampled_from(["x", "y", None]))
    def update(self, pk: str, sk: int, plus: int, group: str | None) -> None:
        new = dict(self.items.get((pk, sk), key_of(pk, sk)))
        new["n"] = {"N": str((number(new, "n") if "n" in new else 0) + plus)}
        values: Item = {":plus": {"N": str(plus)}}
        if group is None:
            new.pop("g", None)
            expression = "ADD n :plus REMOVE g"
        else:
            new["g"] = values[":group"] = {"S": group}
            expression = "SET g = :group ADD n :plus"
        answer = self.call(
            "UpdateItem",
            Key=key_of(pk, sk),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        assert answer["Attributes"] == new
        self.items[pk, sk] = new

    @rule(pk=partitions, sk=sorts)
    def remove_only(self, pk: str, sk: int) -> None:
        self.call("UpdateItem", Key=key_of(pk, sk), UpdateExpression="REMOVE extra")
        if (pk, sk) in self.items:
            self.items[pk, sk] = {
                name: value for name, value in self.items[pk, sk].items() if name != "extra"
            }

    @rule(
        keys=st.lists(st.tuples(partitions, sorts), min_size=1, max_size=4, unique=True),
        fails=st.booleans(),
    )
    def transact(self, keys: list[tuple[str, int]], fails: bool) -> None:
        parts: list[Any] = [
            {"Put": {"TableName": "things", "Item": key_of(*key)}} for key in keys[:-1]
        ]
        condition = "attribute_not_exists(pk)" if keys[-1] in self.items else "attribute_exists(pk)"
        last = {"TableName": "things", "Key": key_of(*keys[-1])}
        if fails:
            parts.append({"ConditionCheck": {**last, "ConditionExpression": condition}})
        else:
            parts.append({"Delete": last})
        try:
            self.engine.call("TransactWriteItems", {"TransactItems": parts})
        except EngineError as error:
            assert fails
            codes = [reason["Code"] for reason in error.fields["CancellationReasons"]]
            assert codes == ["None"] * (len(parts) - 1) + ["ConditionalCheckFailed"]
        else:
            assert not fails
            self.items |= {key: key_of(*key) for key in keys[:-1]}
            self.items.pop(keys[-1], None)

    @rule(pk=partitions, sk=sorts)
    def get(self, pk: str, sk: int) -> None:
        assert self.call("GetItem", Key=key_of(pk, sk)).get("Item") == self.items.get((pk, sk))

    @rule(
        pk=partitions,
        low=sorts,
        operator=st.sampled_from(["=", "<", "<=", ">", ">=", "BETWEEN"]),
        forward=st.booleans(),
        page=st.integers(1, 4),
    )
    def query(self, pk: str, low: int, operator: str, forward: bool, page: int) -> None:
        high = low + 3
        tests: dict[str, Callable[[int], bool]] = {
            "=": lambda sk: sk == low,
            "<": lambda sk: sk < low,
            "<=": lambda sk: sk <= low,
            ">": lambda sk: sk > low,
            ">=": lambda sk: sk >= low,
            "BETWEEN": lambda sk: low <= sk <= high,
        }
        wanted = tests[operator]
        expected = [
            item
            for (partition, sk), item in sorted(self.items.items())
            if partition == pk and wanted(sk)
        ]
        values = {":pk": {"S": pk}, ":low": {"N": str(low)}}
        condition = f"pk = :pk AND sk {operator} :low"
        if operator == "BETWEEN":
            condition += " AND :high"
            values[":high"] = {"N": str(high)}
        found = self.pages(
            "Query",
            page,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=forward,
        )
        assert list(found) == (expected if forward else expected[::-1])

    @rule(bound=small, page=st.integers(1, 4), segments=st.integers(1, 3))
    def scan(self, bound: int, page: int, segments: int) -> None:
        found = [
            item
            for segment in range(segments)
            for item in self.pages(
                "Scan",
                page,
                Segment=segment,
                TotalSegments=segments,
                FilterExpression="n >= :bound",
                ExpressionAttributeValues={":bound": {"N": str(bound)}},
            )
        ]
        expected = [
            item for item in self.items.values() if "n" in item and number(item, "n") >= bound
        ]
        assert sorted(found, key=str) == sorted(expected, key=str)

    def pages(self, operation: str, page: int, **request: Any) -> Iterator[Item]:
        more: dict[str, Any] = {}
        while True:
            answer = self.call(operation, **request, **more, Limit=page)
            assert answer["ScannedCount"] <= page
            assert answer["Count"] == len(answer["Items"])
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    @invariant()
    def indexes_hold_what_they_should(self) -> None:
        for index, held in HELD.items():
            keys = {"by-l": ("pk", "l"), "by-g": ("g", "l")}[index]
            expected = [
                {name: value for name, value in item.items() if held is None or name in held}
                for item in self.items.values()
                if all(key in item for key in keys)
            ]
            found = list(self.pages("Scan", 2, IndexName=index))
            assert sorted(found, key=str) == sorted(expected, key=str)

    @invariant()
    def sizes_are_those_of_the_items(self) -> None:
        items = self.engine.database().tables["things"].items
        sizes = [item_bytes(stored.item()) for _, stored in items.between()]
        assert [stored.size for _, stored in items.between()] == sizes
        assert items.size == sum(sizes)

    @invariant()
    def an_index_is_ordered(self) -> None:
        for group in ("x", "y"):
            found = self.call(
                "Query",
                IndexName="by-g",
                KeyConditionExpression="g = :g",
                ExpressionAttributeValues={":g": {"S": group}},
            )["Items"]
            assert [number(item, "l") for item in found] == sorted(
                number(item, "l") for item in found
            )


TestEngineAgainstModel = EngineAgainstModel.TestCase
TestEngineAgainstModel.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
