"""How deeply the lists and maps of an item are nested.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-attributes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.codec.failures import Piece, ValueFailure
from adorm.dynamodb.limits import MAX_NESTING
from adorm.errors import BadValue


def check_nesting(attribute_map: Mapping[str, Any]) -> None:
    """Refuse values that are nested more deeply than DynamoDB allows.

    Args:
        attribute_map: an item, or one value under an empty name.
    """
    for name, value in attribute_map.items():
        path = _path_below(value, MAX_NESTING - 1)
        if path is not None:
            failure = ValueFailure(
                f"nested deeper than the {MAX_NESTING} levels that DynamoDB keeps"
            )
            raise failure.under(*([name, *path] if name else path))


def _path_below(attribute_value: Mapping[str, Any], levels: int) -> list[Piece] | None:
    """The path to a list or map below `levels` others; None where there is none."""
    for tag, payload in attribute_value.items():
        if tag in ("L", "M"):
            if levels == 0:
                return []
            for piece, item in enumerate(payload) if tag == "L" else payload.items():
                below = _path_below(item, levels - 1)
                if below is not None:
                    return [piece, *below]
    return None


def nested_too_deeply(subject: str) -> BadValue:
    """The error for a value that Python itself can't follow to its end."""
    return BadValue(
        f"{subject}: nested deeper than the {MAX_NESTING} levels that DynamoDB keeps, or holding "
        "itself"
    )
