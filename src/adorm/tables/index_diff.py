"""How the key and the indexes of a table differ from those of a model, as steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from adorm.tables.descriptions import IndexDescription, KeyAttribute, TableDescription, projects
from adorm.tables.options import Billing
from adorm.tables.steps import Step, Turn
from adorm.tables.wanted import WantedTable, may_lack_key

FILLS = "fills from the table: one write unit a KB of each item; no writes are blocked"
NO_REPLACEMENT = "copy the items to a new table with migrate_to"


@attrs.frozen
class Indexes:
    """The indexes that a spec asks for, beside those of its table."""

    table: WantedTable
    wanted: TableDescription
    """What its request asks for."""
    found: TableDescription

    def steps(self) -> Iterator[Step]:
        """The steps for the table's key and its indexes."""
        if self.wanted.key != self.found.key:
            yield Step(
                f"key {_listed(self.wanted.key)}",
                "key",
                "impossible",
                f"the table's key is {_listed(self.found.key)}, and DynamoDB can't change it: "
                f"{NO_REPLACEMENT}",
            )
        for name, index in self.wanted.indexes.items():
            yield from self._index_steps(index, self.found.indexes.get(name))
        for name, index in self.found.indexes.items():
            if name not in self.wanted.indexes and index.is_global and index.status != "DELETING":
                yield Step(
                    delete_text(name),
                    f"index {name}",
                    "extra",
                    "the model does not name it; kept, unless allow= names it",
                    self._update({"Delete": {"IndexName": name}}),
                    turn=Turn.DELETE,
                )

    def _index_steps(
        self, index: IndexDescription, present: IndexDescription | None
    ) -> Iterator[Step]:
        if present is None or present.status == "DELETING":
            yield self._add(index)
            return
        if (
            present.is_global == index.is_global
            and present.key == index.key
            and projects(present, index)
        ):
            return
        if not (present.is_global and index.is_global):
            yield Step(
                f"change index {described(index)}",
                f"index {index.name}",
                "impossible",
                f"it is {_kind(present)} {described(present)} now, and DynamoDB makes local "
                f"indexes only with their table: {NO_REPLACEMENT}",
            )
            return
        yield Step(
            f"replace index {described(index)}",
            f"index {index.name}",
            "danger",
            f"it is {described(present)} now; it is deleted, then added under its name, and "
            "queries of it fail meanwhile",
            self._update({"Delete": {"IndexName": index.name}}),
            turn=Turn.REPLACE,
            follow_up=add_text(index),
            needs=self._conflict(index),
        )

    def _add(self, index: IndexDescription) -> Step:
        if not index.is_global:
            return Step(
                f"add local index {described(index)}",
                f"index {index.name}",
                "impossible",
                f"DynamoDB makes local indexes only with their table: {NO_REPLACEMENT}",
            )
        why = FILLS
        if may_lack_key(self.table.spec, index.name):
            why += (
                "; it leaves out items without its key: "
                f'check_index({self.table.owner}, "{index.name}") counts them'
            )
        return Step(
            add_text(index),
            f"index {index.name}",
            "change",
            why,
            self._create(index),
            turn=Turn.ADD,
            needs=self._conflict(index),
        )

    def _create(self, index: IndexDescription) -> dict[str, Any]:
        (created,) = (
            dict(each)
            for each in self.table.request["GlobalSecondaryIndexes"]
            if each["IndexName"] == index.name
        )
        created.pop("ProvisionedThroughput", None)
        billing: Billing = self.table.spec.billing or self.found.billing
        units = self.table.spec.index_units(index.name, billing)
        if units is not None:
            created["ProvisionedThroughput"] = units.as_parameters()
        # DynamoDB wants the types of the table's present key attributes beside those of the index.
        types = {part.name: part.type for part in self._key_parts(self.found)}
        types |= {part.name: part.type for part in index.key}
        definitions = [
            {"AttributeName": name, "AttributeType": type_tag} for name, type_tag in types.items()
        ]
        return {**self._update({"Create": created}), "AttributeDefinitions": definitions}

    def _update(self, change: Mapping[str, Any]) -> dict[str, Any]:
        return {"TableName": self.table.table_name, "GlobalSecondaryIndexUpdates": [change]}

    def _conflict(self, index: IndexDescription) -> str:
        """The step that deletes an index in which an attribute of this index has another type."""
        types = {part.name: part.type for part in index.key}
        for name, other in self.found.indexes.items():
            if name not in self.wanted.indexes and any(
                types.get(part.name, part.type) != part.type for part in other.key
            ):
                return delete_text(name)
        return ""

    @staticmethod
    def _key_parts(table: TableDescription) -> Iterator[KeyAttribute]:
        yield from table.key
        for index in table.indexes.values():
            yield from index.key


def add_text(index: IndexDescription) -> str:
    """The text of the step that adds an index."""
    return f"add index {described(index)}"


def delete_text(name: str) -> str:
    """The text of the step that deletes an index."""
    return f"delete index {name}"


def described(index: IndexDescription) -> str:
    """The index in a step's text: `by-status (status, created_at; ALL)`.

    The attributes of one side of the key are joined by `+`.
    """
    sides = [
        "+".join(part.name for part in index.key if part.key_type == side)
        for side in ("HASH", "RANGE")
    ]
    projection = index.projection
    held = projection if isinstance(projection, str) else f"keys, {', '.join(projection)}"
    return f"{index.name} ({', '.join(filter(None, sides))}; {held})"


def _kind(index: IndexDescription) -> str:
    return "global" if index.is_global else "local"


def _listed(key: tuple[KeyAttribute, ...]) -> str:
    return ", ".join(str(part) for part in key) or "nothing"
