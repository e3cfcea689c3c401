"""Trees of JSON: maps and lists in them, and two trees as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

NAMES_OF_ENTRIES = ("TableName", "IndexName", "AttributeName", "FacetName")
"""What tells the entries of a list in a NoSQL Workbench file apart."""


def as_map(value: object) -> Mapping[str, Any] | None:
    """The value, if it is a map."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> list[Any] | None:
    """The value, if it is a list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def entry_name(entry: object) -> str | None:
    """What tells an entry of a list from the others; None where it has no name."""
    content = as_map(entry) or {}
    return next((str(content[name]) for name in NAMES_OF_ENTRIES if name in content), None)


def merged(ours: object, theirs: object) -> Any:
    """Two trees as one. Where both have a value that is no map and no list, it is theirs.

    Entries of lists are told by their names; texts that only they have come last.
    """
    our_map, their_map = as_map(ours), as_map(theirs)
    if our_map is not None and their_map is not None:
        both = {name: merged(our_map[name], their_map[name]) for name in our_map.keys() & their_map}
        return {**our_map, **their_map, **both}
    our_list, their_list = as_list(ours), as_list(theirs)
    if our_list is None or their_list is None:
        return theirs
    by_name = {entry_name(each): each for each in their_list}
    named: list[Any] = []
    for each in our_list:
        name = entry_name(each)
        named.append(each if name is None else merged(each, by_name.get(name, each)))
    return named + [each for each in their_list if isinstance(each, str) and each not in our_list]
