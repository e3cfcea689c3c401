"""A table of as many items as wanted that takes no memory: each item is made from its number when
it is read.

    stub = StubTable(200_000, page_size=500)
    db = adorm.connect("memory", wrap=stub.instead_of)           # or wrap=lambda _:
    faults(recorder(stub)) numbers = db.table(Number)

It answers at once (or after `latency_s` on `clock`) Scan, Query, BatchGetItem, BatchWriteItem,
GetItem and PutItem, checks requests as DynamoDB does where a fan-out could go wrong, and counts
what was read. What was written lies over the numbered items; scans and queries see only written
items that have a number of the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from anyio.lowlevel import checkpoint

import adorm
from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ServiceError
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error

TABLE = "numbers"


@adorm.model(table=TABLE)
class Number:
    """An item of `StubTable(n)`: its id is its number, in nine digits."""

    number_id: str = adorm.partition_key()
    value: int = 0

    @classmethod
    def id_of(cls, number: int) -> str:
        return f"{number:09}"


@adorm.model(table=TABLE)
class Entry:
    """An item of `StubTable(n, per_partition=k)`: partitions `p0`, `p1` … of k entries each, in the
    order of their numbers."""

    partition: str = adorm.partition_key()
    number: int = adorm.sort_key()
    value: int = 0


def value_of(number: int) -> int:
    """The attribute `value` of an item that nobody wrote."""
    return number * 7 % 1000


class StubTable(Transport):
    """See the module. `matches` decides on items where a request has a filter; without it a filter
    is refused."""

    def __init__(
        self,
        items: int,
        *,
        page_size: int = 1000,
        per_partition: int | None = None,
        latency_s: float | None = None,
        clock: Clock = SYSTEM_CLOCK,
        read_units_per_item: float = 0.5,
        matches: Callable[[AttributeMap], bool] | None = None,
    ) -> None:
        self.items = items
        self.page_size = page_size
        """Items that make a page full, as 1 MB does."""
        self.per_partition = per_partition
        self.latency_s = latency_s
        self.clock = clock
        self.read_units_per_item = read_units_per_item
        self.matches = matches
        self.pages: Counter[int | None] = Counter()
        """Pages answered, by segment; None for scans without segments and for queries."""
        self.keys_read: Counter[str] = Counter()
        """How often a batch or a get read each key, by partition key, or partition and sort key
        with a slash between."""
        self.read_units = 0.0
        self._written: dict[str, AttributeMap | None] = {}

    def instead_of(self, _engine: Transport) -> Transport:
        """For `connect("memory", wrap=...)`: this table in the place of the engine."""
        return self

    def item(self, key: AttributeMap) -> AttributeMap | None:
        """The item as it is stored."""
        name = self._name(key)
        return self._written[name] if name in self._written else self._numbered(self._number(key))

    def pages_of(self, segment: int, total_segments: int) -> int:
        """How many pages a scan of that segment takes."""
        first, last = self._range(segment, total_segments)
        return max(1, -(-(last - first) // self.page_size))

    # ---- the transport

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        if self.latency_s is None:
            await checkpoint()
        else:
            await self.clock.sleep(self.latency_s)
        answers: Mapping[str, Callable[[Request], Answer]] = {
            "Scan": self._scan,
            "Query": self._query,
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "GetItem": self._get,
            "PutItem": self._put,
            "ListTables": lambda _: {"TableNames": [TABLE]},
        }
        if operation not in answers:
            raise _invalid(operation, "the stub does not have this operation")
        return answers[operation](request)

    # ---- scans and queries

    def _scan(self, request: Request) -> Answer:
        if ("Segment" in request) != ("TotalSegments" in request):
            raise _invalid("Scan", "Segment and TotalSegments go together")
        segment: int | None = request.get("Segment")
        total: int = request.get("TotalSegments", 1)
        if not (1 <= total <= 1_000_000 and 0 <= (segment or 0) < total):
            raise _invalid("Scan", f"segment {segment} of {total}")
        first, last = self._range(segment or 0, total)
        start = self._start(request)
        if start is not None and not first <= start < last:
            raise _invalid("Scan", "The provided starting key is outside the segment")
        self.pages[segment] += 1
        return self._page("Scan", request, iter(range(first if start is None else start + 1, last)))

    def _query(self, request: Request) -> Answer:
        found = re.fullmatch(r"(#\w+) = (:\w+)", request.get("KeyConditionExpression", ""))
        if self.per_partition is None or found is None:
            raise _invalid(
                "Query", "the stub has only whole partitions, and only with per_partition="
            )
        partition = str(request["ExpressionAttributeValues"][found[2]]["S"])
        first = int(partition.removeprefix("p")) * self.per_partition
        last = min(self.items, first + self.per_partition)
        start = self._start(request)
        self.pages[None] += 1
        if request.get("ScanIndexForward", True):
            return self._page(
                "Query", request, iter(range(first if start is None else start + 1, last))
            )
        return self._page(
            "Query", request, iter(range((last if start is None else start) - 1, first - 1, -1))
        )

    def _page(self, operation: str, request: Request, numbers: Iterator[int]) -> Answer:
        filtered = "FilterExpression" in request
        if filtered and self.matches is None:
            raise _invalid(operation, "the stub evaluates no filter: StubTable(matches=...)")
        counted = request.get("Select") == "COUNT"
        limit = min(request.get("Limit", self.page_size), self.page_size)
        items: list[AttributeMap] = []
        count = scanned = 0
        number: int | None = None
        for number in numbers:
            scanned += 1
            item = self._stored(number)
            if item is not None and (not filtered or self.matches is None or self.matches(item)):
                count += 1
                if not counted:
                    items.append(_projected(item, request))
            if scanned == limit:
                break
        answer: Answer = {"Count": count, "ScannedCount": scanned}
        if not counted:
            answer["Items"] = items
        # DynamoDB does not look ahead: a page that Limit made full names a last key, even where
        # nothing follows it.
        more = next(numbers, None) is not None or (
            scanned == limit and request.get("Limit") == limit
        )
        if scanned == limit and more and number is not None:
            answer["LastEvaluatedKey"] = self._key(number)
        return self._with_units(request, answer, scanned * self.read_units_per_item)

    # ---- batches and single items

    def _batch_get(self, request: Request) -> Answer:
        asked = request["RequestItems"][TABLE]
        keys: list[AttributeMap] = asked["Keys"]
        names = [self._name(key) for key in keys]
        _check_batch("BatchGetItem", names, 100)
        self.keys_read.update(names)
        found = [item for key in keys if (item := self.item(key)) is not None]
        answer: Answer = {
            "Responses": {TABLE: [_projected(item, asked) for item in reversed(found)]},
            "UnprocessedKeys": {},
        }
        return self._with_units(request, answer, len(keys) * self.read_units_per_item, listed=True)

    def _batch_write(self, request: Request) -> Answer:
        changes: dict[str, AttributeMap | None] = {}
        entries: list[dict[str, Any]] = request["RequestItems"][TABLE]
        _check_batch("BatchWriteItem", [self._name(_key_of_change(entry)) for entry in entries], 25)
        for entry in entries:
            changes[self._name(_key_of_change(entry))] = (
                entry["PutRequest"]["Item"] if "PutRequest" in entry else None
            )
        self._written.update(changes)
        return self._with_units(
            request, {"UnprocessedItems": {}}, float(len(entries)), listed=True, reading=False
        )

    def _get(self, request: Request) -> Answer:
        self.keys_read[self._name(request["Key"])] += 1
        item = self.item(request["Key"])
        return self._with_units(
            request, {} if item is None else {"Item": item}, self.read_units_per_item
        )

    def _put(self, request: Request) -> Answer:
        if "ConditionExpression" in request:
            raise _invalid("PutItem", "the stub evaluates no condition")
        self._written[self._name(request["Item"])] = request["Item"]
        return self._with_units(request, {}, 1.0, reading=False)

    # ---- numbers and keys

    def _range(self, segment: int, total_segments: int) -> tuple[int, int]:
        return segment * self.items // total_segments, (segment + 1) * self.items // total_segments

    def _key(self, number: int) -> AttributeMap:
        if self.per_partition is None:
            return {"number_id": {"S": Number.id_of(number)}}
        return {
            "partition": {"S": f"p{number // self.per_partition}"},
            "number": {"N": str(number)},
        }

    def _number(self, key: AttributeMap) -> int:
        """The number of a key, -1 for one that the table does not have."""
        text = str(key["number_id"]["S"] if self.per_partition is None else key["number"]["N"])
        return int(text) if text.isdecimal() and self._key(int(text)).items() <= key.items() else -1

    def _name(self, item: AttributeMap) -> str:
        if self.per_partition is None:
            return str(item["number_id"]["S"])
        return f"{item['partition']['S']}/{item['number']['N']}"

    def _numbered(self, number: int) -> AttributeMap | None:
        if not 0 <= number < self.items:
            return None
        return {**self._key(number), "value": {"N": str(value_of(number))}}

    def _stored(self, number: int) -> AttributeMap | None:
        if not self._written:
            return self._numbered(number)
        return self.item(self._key(number))

    def _start(self, request: Request) -> int | None:
        key = request.get("ExclusiveStartKey")
        return None if key is None else self._number(key)

    def _with_units(
        self,
        request: Request,
        answer: Answer,
        units: float,
        *,
        listed: bool = False,
        reading: bool = True,
    ) -> Answer:
        if reading:
            self.read_units += units
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            consumed: dict[str, Any] = {"TableName": TABLE, "CapacityUnits": units}
            if request["ReturnConsumedCapacity"] == "INDEXES":
                consumed["Table"] = {"CapacityUnits": units}
            answer["ConsumedCapacity"] = [consumed] if listed else consumed
        return answer


def _key_of_change(entry: Mapping[str, Any]) -> AttributeMap:
    key: AttributeMap = (
        entry["PutRequest"]["Item"] if "PutRequest" in entry else entry["DeleteRequest"]["Key"]
    )
    return key


def _projected(item: AttributeMap, request: Mapping[str, Any]) -> AttributeMap:
    """Only whole attributes are understood, not paths into them."""
    expression = request.get("ProjectionExpression")
    if expression is None:
        return item
    names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
    wanted = {names.get(part.strip(), part.strip()) for part in str(expression).split(",")}
    return {name: value for name, value in item.items() if name in wanted}


def _check_batch(operation: str, names: list[str], most: int) -> None:
    if not 1 <= len(names) <= most:
        raise _invalid(operation, f"{len(names)} entries: 1 to {most} fit in a request")
    if len(set(names)) < len(names):
        raise _invalid(operation, "Provided list of item keys contains duplicates")


def _invalid(operation: str, message: str) -> ServiceError:
    return service_error(
        {"__type": "x#ValidationException", "message": message}, operation=operation, status=400
    )
