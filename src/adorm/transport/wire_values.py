"""Requests and answers as plain JSON would have them, for the transports that do not write the JSON
themselves."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast


def plain_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that shares nothing mutable: mappings as dicts, sequences as lists, B values as
    `bytes`.

    B values may come as base64 text, which is how DynamoDB's JSON has them: `{"B": "AP8="}`.
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
    """The same value with every datetime as seconds since 1970: what DynamoDB's JSON has for
    `CreationDateTime` and its like."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return {name: epoch_seconds(part) for name, part in mapping.items()}
    if isinstance(value, list):
        parts = cast("list[object]", value)
        return [epoch_seconds(part) for part in parts]
    return value
