"""Modules whose source adorm has written: run, and asked for their models."""

from __future__ import annotations

from typing import Any

from adorm.models import OPTIONS, model_info
from adorm.tables.descriptions import read_description
from adorm.tables.requests import create_table_request


def run(source: str) -> dict[str, Any]:
    """What a module of this source has, by name."""
    namespace: dict[str, Any] = {"__name__": "generated_models"}
    exec(compile(source, "<generated>", "exec", dont_inherit=True), namespace)
    return namespace


def models_in(source: str) -> list[type[Any]]:
    """The models of a source that have a table, in their order."""
    return [
        found
        for found in run(source).values()
        if isinstance(found, type) and getattr(found.__dict__.get(OPTIONS), "table", None)
    ]


def table_of(model: type[Any]) -> tuple[object, object]:
    """The key and the indexes of a model's table."""
    info = model_info(model)
    described = read_description(create_table_request(info, str(info.table)))
    return described.key, described.indexes
