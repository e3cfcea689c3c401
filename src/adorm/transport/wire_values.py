"""Requests and answers in the types that botocore and moto take and that JSON has."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast


def plain_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """A copy for botocore or moto: mappings as dicts, sequences and sets as lists, B values as
    `bytes`. It shares nothing that can be changed.

    A B value may be base64 text, as in DynamoDB's JSON: `{"B": "AP8="}`.
    """
    return {key: _plain(key, value) for key, value in request.items()}


def _plain(key: str, value: object) -> object:
    if isinstance(value, str):
        return base64.b64decode(value) if key == "B" else value
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {name: _plain(name, part) for name, part in mapping.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = cast("list[object]", value)
        return [_plain("B" if key == "BS" else "", part) for part in parts]
    return value


def epoch_seconds(value: object) -> Any:
    """A copy with every datetime as seconds since 1970, such as `CreationDateTime` in JSON."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return {name: epoch_seconds(part) for name, part in mapping.items()}
    if isinstance(value, list):
        parts = cast("list[object]", value)
        return [epoch_seconds(part) for part in parts]
    return value
