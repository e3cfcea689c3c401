"""`to_workbench`: models as a data model of NoSQL Workbench 3.0.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/workbench.Modeler.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adorm.clock import current_clock
from adorm.dynamodb.values import as_json
from adorm.errors import UsageError
from adorm.exchange.json_trees import merged
from adorm.exchange.stored_attributes import stored_attributes
from adorm.exchange.table_parts import IndexParts, KeyParts, TableParts, table_parts
from adorm.items.maps import to_attribute_map
from adorm.models import model_info
from adorm.tables.descriptions import KeyAttribute

FORMAT_NAME = "NoSQL Workbench"
REST = "__workbench__"
"""A class attribute of models that `models_from_workbench` wrote: the JSON text of what the file
says and models do not."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def to_workbench(
    *models: type[Any], samples: Mapping[type[Any], Iterable[Any]] | None = None
) -> dict[str, Any]:
    """Models as a data model of NoSQL Workbench 3.0, ready for `json.dumps`.

    Models of one table become one entry. A key that is made of parts is written as the attributes
    that it is stored in. What a file said beyond that (facets, capacity, data access, keys that
    adorm does not know) is written again for models that `models_from_workbench` made of it.

    Args:
        samples: instances by model, which become the sample data of their tables.

    Raises:
        UsageError: no model is given, a model has no table, models of one table have different
            keys, or a model has what the format can't say: an attribute of several types, a local
            index, an index of several attributes on a side.
    """
    if not models:
        raise UsageError("to_workbench() takes at least one model")
    tables: dict[str, list[TableParts]] = {}
    for model in models:
        parts = table_parts(model, FORMAT_NAME)
        tables.setdefault(parts.name, []).append(parts)
    data = _sample_data(models, samples or {})
    rest = _rest_of(models)
    is_new = not rest
    metadata = _metadata()
    written = {
        "ModelName": next(iter(tables)),
        "ModelMetadata": metadata,
        "DataModel": [_table(name, parts, data[name], is_new) for name, parts in tables.items()],
    }
    whole: dict[str, Any] = merged(written, rest)
    whole["ModelMetadata"]["DateLastModified"] = metadata["DateLastModified"]
    return whole


def _sample_data(
    models: Sequence[type[Any]], samples: Mapping[type[Any], Iterable[Any]]
) -> dict[str, list[Any]]:
    """The sample items of each table, as DynamoDB's JSON."""
    data: dict[str, list[Any]] = {str(model_info(model).table): [] for model in models}
    for model, instances in samples.items():
        info = model_info(model)
        if model not in models:
            raise UsageError(f"samples has {info.name}, which is none of the models given")
        for instance in instances:
            info.check_instance(instance)
            data[str(info.table)].append(as_json(to_attribute_map(instance, model=model)))
    return data


def _rest_of(models: Sequence[type[Any]]) -> dict[str, Any]:
    """What the files said that the models were made of: that of the first model, and the tables of
    all."""
    rest: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for text in dict.fromkeys(model.__dict__.get(REST) for model in models):
        if text is None:
            continue
        try:
            found: dict[str, Any] = json.loads(text)
            tables = {each["TableName"]: each for each in found.get("DataModel", ())} | tables
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(
                f"{REST} of a model is not what models_from_workbench() wrote: {error}"
            ) from error
        rest = found | rest
    names = {str(model_info(model).table) for model in models}
    kept = [table for name, table in tables.items() if name in names]
    return {**rest, "DataModel": kept} if rest else {}


def _metadata() -> dict[str, str]:
    now = current_clock().now()
    half = "AM" if now.hour < 12 else "PM"
    text = (
        f"{_MONTHS[now.month - 1]} {now.day:02d}, {now.year}, "
        f"{(now.hour - 1) % 12 + 1:02d}:{now.minute:02d} {half}"
    )
    return {
        "Author": "",
        "DateCreated": text,
        "DateLastModified": text,
        "Description": "",
        "AWSService": "Amazon DynamoDB",
        "Version": "3.0",
    }


def _table(
    name: str, models: Sequence[TableParts], data: list[Any], is_new: bool
) -> dict[str, Any]:
    first = models[0]
    for other in models[1:]:
        if other.key != first.key:
            raise UsageError(
                f"{first.info.name} and {other.info.name} name the table {name}, and their keys "
                "differ"
            )
    entry: dict[str, Any] = {
        "TableName": name,
        "KeyAttributes": _key(first.key),
        "NonKeyAttributes": _other_attributes(name, models),
    }
    indexes = _indexes(name, models)
    if indexes:
        entry["GlobalSecondaryIndexes"] = indexes
    entry["TableData"] = data
    if is_new:
        entry |= {"DataAccess": {"MySql": {}}, "BillingMode": "PAY_PER_REQUEST"}
    return entry


def _key_attribute(attribute: KeyAttribute) -> dict[str, str]:
    return {"AttributeName": attribute.name, "AttributeType": attribute.type}


def _key(key: KeyParts) -> dict[str, Any]:
    written = {"PartitionKey": _key_attribute(key.partition)}
    return written if key.sort is None else {**written, "SortKey": _key_attribute(key.sort)}


def _other_attributes(name: str, models: Sequence[TableParts]) -> list[dict[str, str]]:
    """The attributes of all models of a table, without its key."""
    tags: dict[str, str] = {}
    for parts in models:
        for attribute in stored_attributes(parts.info, FORMAT_NAME):
            known = tags.setdefault(attribute.name, attribute.tag)
            if known != attribute.tag:
                raise UsageError(
                    f"{parts.info.name}: {attribute.name} is stored as {attribute.tag}, in another "
                    f"model of table {name} as {known}, and {FORMAT_NAME} names one type"
                )
    keys = models[0].info.key_names
    return [
        {"AttributeName": name, "AttributeType": tag}
        for name, tag in tags.items()
        if name not in keys
    ]


def _indexes(name: str, models: Sequence[TableParts]) -> list[dict[str, Any]]:
    found: dict[str, IndexParts] = {}
    for parts in models:
        for index in parts.indexes:
            if not index.is_global:
                raise UsageError(
                    f"{parts.info.name}: index {index.name!r} is local, and {FORMAT_NAME} has only "
                    "global ones"
                )
            if found.setdefault(index.name, index) != index:
                raise UsageError(
                    f"{parts.info.name}: index {index.name!r} is another one in another model of "
                    f"table {name}"
                )
    return [
        {
            "IndexName": index.name,
            "KeyAttributes": _key(index.key),
            "Projection": {"ProjectionType": index.projection}
            if isinstance(index.projection, str)
            else {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)},
        }
        for index in found.values()
    ]
