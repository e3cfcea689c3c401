"""`IndexCheck`: which items of a table an index leaves out, and why.

DynamoDB leaves an item out of an index where an attribute of the index's key is absent. An index
that is added to a table also leaves out older items in which it has another type, or a value that
no key can have.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.ViolationDetection.html
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from adorm.checks import count
from adorm.dynamodb.limits import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.tables.descriptions import IndexDescription, KeyAttribute, read_description
from adorm.tables.wanted import wanted_table

Problem: TypeAlias = Literal["absent", "another_type", "empty", "too_long"]


@attrs.define(eq=False)
class IndexCheck:
    """How many items an index leaves out. Each is counted once, by its first problem in the order
    of the fields here."""

    checked: int = 0
    """All items of the model that were looked at."""
    absent: int = 0
    """Items without an attribute of the index's key."""
    another_type: int = 0
    """Items in which it has another type; NULL is one."""
    empty: int = 0
    """Items in which it is an empty text, or no bytes."""
    too_long: int = 0
    """Items in which it is longer than a key can be: 2,048 bytes for a partition key, 1,024 for a
    sort key."""
    samples: Sequence[Mapping[str, Any]] = attrs.field(factory=list[Mapping[str, Any]])
    """The first of them: `{"key": {"pk": {"S": "c1"}}, "attribute": "status", "problem":
    "absent"}`."""

    @property
    def left_out(self) -> int:
        """How many items the index leaves out."""
        return self.absent + self.another_type + self.empty + self.too_long


async def check_index(
    connection: Connection, model: type[Any], index_name: str, samples: int
) -> IndexCheck:
    """Read the whole table, and count what an index leaves out: see `Tables.check_index`."""
    count("check_index(samples=...)", samples, least=0)
    wanted = wanted_table(connection, model)
    binding = connection.binding(model)
    if index_name not in binding.info.indexes:
        raise UsageError(
            f"{binding.info.name} has no index {index_name!r}; "
            f"it has {', '.join(binding.info.indexes) or 'none'}"
        )
    index = read_description(wanted.request).indexes[index_name]
    result, shown = IndexCheck(), list[Mapping[str, Any]]()
    result.samples = shown
    request = _request(binding, index)
    while True:
        answer = await connection.call("Scan", request, subject=binding.info.name)
        for item in answer.get("Items") or ():
            if binding.is_other_kind(item):
                continue
            result.checked += 1
            found = _problem(index.key, item)
            if found is None:
                continue
            attribute, problem = found
            setattr(result, problem, getattr(result, problem) + 1)
            if len(shown) < samples:
                key = binding.key_attributes(item)
                shown.append({"key": key, "attribute": attribute, "problem": problem})
        if not (last := answer.get("LastEvaluatedKey")):
            return result
        request = {**request, "ExclusiveStartKey": last}


def _request(binding: Binding, index: IndexDescription) -> dict[str, Any]:
    """A Scan that reads the attributes of the two keys and of the kind."""
    info = binding.info
    names = [field.attribute_name for field in info.key_fields]
    names += [part.name for part in index.key]
    if info.discriminator is not None:
        names.append(info.discriminator.attribute_name)
    placeholders = {f"#{number}": name for number, name in enumerate(dict.fromkeys(names))}
    return {
        "TableName": binding.table_name,
        "ProjectionExpression": ", ".join(placeholders),
        "ExpressionAttributeNames": placeholders,
    }


def _problem(key: Sequence[KeyAttribute], item: AttributeMap) -> tuple[str, Problem] | None:
    """The first attribute of the index's key with the most basic problem, and that problem."""
    problems = {
        part.name: problem for part in key if (problem := _problem_of(part, item)) is not None
    }
    for problem in ("absent", "another_type", "empty", "too_long"):
        for name, found in problems.items():
            if found == problem:
                return name, problem
    return None


def _problem_of(part: KeyAttribute, item: AttributeMap) -> Problem | None:
    value = item.get(part.name)
    if value is None:
        return "absent"
    if part.type not in value:
        return "another_type"
    content: str | bytes = value[part.type]
    if part.type == "N":
        return None
    if isinstance(content, str):
        # transports that read JSON give bytes as base64 text
        content = a2b_base64(content) if part.type == "B" else content.encode()
    most = MAX_PARTITION_KEY_BYTES if part.key_type == "HASH" else MAX_SORT_KEY_BYTES
    if not content:
        return "empty"
    return "too_long" if len(content) > most else None
