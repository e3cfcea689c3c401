"""`parse_path`: the untyped way to a document path, from text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from adorm.dynamodb.limits import MAX_NESTING
from adorm.errors import UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.map_keys import Step

MAX_KEPT = 512
"""The untyped paths that are kept, of all that a process uses."""

_PIECE = re.compile(
    r"""(?P<name>[^.\[\]"']+)|\[(?P<index>\d+)\]|\["(?P<key>[^"]*)"\]|\['(?P<key2>[^']*)'\]|(?P<dot>\.)"""
)


def parse_path(text: str) -> DocumentPath:
    """An untyped path from `dotted.name[0]`; a name with a dot in it is written `labels["a.b"]`."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise UsageError(f"a path is text such as 'lines[0].price', not {text!r}")
    return _parse(str.__str__(text))


@lru_cache(maxsize=MAX_KEPT)
def _parse(text: str) -> DocumentPath:
    steps: list[Step] = []
    position, after_dot = 0, True
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None or (piece["dot"] is not None and after_dot):
            raise UsageError(
                f"no path: {text!r}, at position {position}; "
                "write it like 'lines[0].price' or 'labels[\"a.b\"]'"
            )
        position = piece.end()
        if piece["dot"] is not None:
            after_dot = True
            continue
        if piece["name"] is not None:
            if not after_dot:
                raise UsageError(f"no path: {text!r}: a dot is missing before {piece['name']!r}")
            steps.append(piece["name"])
        elif piece["index"] is not None:
            steps.append(int(piece["index"]))
        else:
            steps.append(piece["key"] if piece["key"] is not None else piece["key2"])
            if not steps[-1]:
                raise UsageError(f"no path: {text!r}: DynamoDB's maps have no empty keys")
        after_dot = False
    if not steps or after_dot or isinstance(steps[0], int):
        raise UsageError(
            f"no path: {text!r}; it starts with an attribute name, and ends with a name, key or "
            "index"
        )
    if len(steps) > MAX_NESTING:
        raise UsageError(f"{text!r}: a document path has at most {MAX_NESTING} levels")
    return DocumentPath(None, tuple(steps), Any, None, text, is_kept=True)
