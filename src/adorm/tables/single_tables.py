"""The CreateTable request for a `SingleTable`: with its indexes and those of all its models."""

from __future__ import annotations

from typing import Any, cast

from adorm.dynamodb.limits import MAX_GLOBAL_INDEXES, MAX_LOCAL_INDEXES
from adorm.errors import UsageError
from adorm.models import ModelInfo, model_info
from adorm.schema.indexes import GlobalIndex, LocalIndex
from adorm.schema.single_table import SingleTable
from adorm.tables.options import Billing, KeyType, KeyTypes
from adorm.tables.requests import create_table_request

INDEX_KINDS = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def single_table_request(
    table: SingleTable, table_name: str, billing: Billing, key_types: KeyTypes | None
) -> dict[str, Any]:
    """The parameters of CreateTable. Every index with a list of attributes holds the type too.

    An attribute of a key that no model has is text.

    Args:
        key_types: S, N or B by the names of fields, or of attributes of a key that no model has.

    Raises:
        UsageError: two models want an attribute of a key in two types, or two indexes of one name;
            or as `create_table_request`.
    """
    given: dict[str, KeyType] = dict(key_types or {})
    unused: dict[str, KeyType] = dict(given)
    merged = _Merged(table)
    infos = [model_info(model) for model in table.models]
    request: dict[str, Any] = {}
    for info in infos:
        keys = [*info.key_fields, *(f for index in info.indexes.values() for f in index.key_fields)]
        names = [field.name for field in keys if field.name in given]
        own: dict[str, KeyType] = {name: given[name] for name in names}
        request = create_table_request(info, table_name, billing, own)
        merged.add(info, request)
        for name in own:
            unused.pop(name, None)
    merged.add_declared(unused)
    merged.check_count()
    definitions = [
        {"AttributeName": name, "AttributeType": tag} for name, (tag, _) in merged.types.items()
    ]
    request = {**request, "AttributeDefinitions": definitions}
    for kind in INDEX_KINDS:
        request.pop(kind, None)
        indexes = [index for index, its_kind, _ in merged.indexes.values() if its_kind == kind]
        if kind == INDEX_KINDS[0] and "ProvisionedThroughput" in request:
            throughput = request["ProvisionedThroughput"]
            indexes = [{**index, "ProvisionedThroughput": throughput} for index in indexes]
        if indexes:
            request[kind] = indexes
    return request


def time_to_live_attribute(table: SingleTable) -> str | None:
    """The attribute by which items of any of the models expire.

    Raises:
        UsageError: two models name two attributes, and a table has one.
    """
    found: dict[str, str] = {}
    for model in table.models:
        info = model_info(model)
        if info.ttl is not None:
            found.setdefault(info.ttl.attribute_name, info.name)
    if len(found) > 1:
        (name, owner), (other_name, other_owner) = list(found.items())[:2]
        raise UsageError(
            f"items of {owner} in {table!r} expire by the attribute {name!r}, those of "
            f"{other_owner} by {other_name!r}, and a table has one such attribute: give the ttl "
            "fields one name="
        )
    return next(iter(found), None)


class _Merged:
    """The key attributes and indexes of all models, each with the model that was the first."""

    def __init__(self, table: SingleTable) -> None:
        self._table = table
        self.types: dict[str, tuple[str, str]] = {}
        """By attribute name: S, N or B, and whose it is."""
        self.indexes: dict[str, tuple[dict[str, Any], str, str]] = {}
        """By name: the index, in which list of the request it is, and whose it is."""

    def add(self, info: ModelInfo, request: dict[str, Any]) -> None:
        """Take what the request for one model says."""
        for definition in request["AttributeDefinitions"]:
            name, tag = definition["AttributeName"], definition["AttributeType"]
            known, owner = self.types.setdefault(name, (tag, info.name))
            if known != tag:
                raise UsageError(
                    f"{name!r} is in a key of {self._table!r}: {owner} stores it as {known} and "
                    f"{info.name} as {tag}, and an attribute of a key has one type"
                )
        for kind in INDEX_KINDS:
            for index in request.get(kind, ()):
                self._add_index(info.name, kind, index)

    def _add_index(self, owner: str, kind: str, index: dict[str, Any]) -> None:
        index = {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        index["Projection"] = self._with_type(index)
        name = index["IndexName"]
        known, known_kind, first = self.indexes.setdefault(name, (index, kind, owner))
        if known_kind != kind or _shape(known) != _shape(index):
            raise UsageError(
                f"{first} and {owner} of {self._table!r} have an index {name!r} each, with another "
                "key or projection: give one of them another name, or declare it with the table"
            )

    def add_declared(self, types: dict[str, KeyType]) -> None:
        """Take the indexes of the table that are of no model.

        Args:
            types: of their attributes; those that are used are taken out.
        """
        for index in self._table.indexes.values():
            if index.name in self.indexes:
                continue
            is_global = isinstance(index, GlobalIndex)
            own = index.partition if isinstance(index, GlobalIndex) else None
            partition = own or (self._table.partition,)
            for name in (*partition, *index.sort):
                tag = types.pop(name, "S")
                self.types.setdefault(name, (tag, repr(self._table)))
            schema = [
                *({"AttributeName": name, "KeyType": "HASH"} for name in partition),
                *({"AttributeName": name, "KeyType": "RANGE"} for name in index.sort),
            ]
            made = {"IndexName": index.name, "KeySchema": schema, "Projection": _projection(index)}
            self._add_index(repr(self._table), INDEX_KINDS[0 if is_global else 1], made)
        if types:
            raise UsageError(
                f"key_types: {', '.join(map(repr, types))} is in no key of {self._table!r}; the "
                f"attributes of its keys are {', '.join(self.types)}"
            )

    def check_count(self) -> None:
        """Refuse more indexes than DynamoDB takes."""
        for kind, most in zip(INDEX_KINDS, (MAX_GLOBAL_INDEXES, MAX_LOCAL_INDEXES), strict=True):
            names = [name for name, (_, its_kind, _) in self.indexes.items() if its_kind == kind]
            if len(names) > most:
                what = "global" if kind == INDEX_KINDS[0] else "local"
                raise UsageError(
                    f"{self._table!r} and its models have {len(names)} {what} indexes; DynamoDB "
                    f"takes {most}: {', '.join(names)}"
                )

    def _with_type(self, index: dict[str, Any]) -> dict[str, Any]:
        """The projection of an index: a list of attributes holds the type too."""
        name, projection = self._table.type_attribute, index["Projection"]
        keys = {each["AttributeName"] for each in index["KeySchema"]}
        included = projection.get("NonKeyAttributes")
        if included is None or name is None or name in keys or name in included:
            return cast("dict[str, Any]", projection)
        return {**projection, "NonKeyAttributes": [*included, name]}


def _projection(index: GlobalIndex | LocalIndex) -> dict[str, Any]:
    if isinstance(index.projection, str):
        return {"ProjectionType": index.projection}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)}


def _shape(index: dict[str, Any]) -> tuple[Any, ...]:
    projection = index["Projection"]
    included = frozenset(projection.get("NonKeyAttributes", ()))
    return index["KeySchema"], projection["ProjectionType"], included
