"""Advice for an update that DynamoDB refuses because it does not fit the stored item.

DynamoDB's message names neither the path nor a remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from adorm.errors import ValidationFailed
from adorm.expressions.arithmetic import Sum
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.updates import Add, Append, Clause, Delete, Set

_LAST_STEP = re.compile(r"(\.[^.\[\]]+|\[[^\[\]]*\])$")


def explain_refusal(error: ValidationFailed, clauses: Iterable[Clause[Any]]) -> None:
    """Set the error's `advice`: the paths that the refusal may be about, and what to do."""
    advice = [each for clause in clauses if (each := _advice(error.detail, clause)) is not None]
    if advice:
        error.advice = "; ".join(dict.fromkeys(advice))


def _advice(message: str, clause: Clause[Any]) -> str | None:
    path = clause.path
    if "document path" in message:
        if path.is_top_level:
            return None
        parent = _LAST_STEP.sub("", path.spelled)
        return (
            f"{path} lies in {parent}, which is absent, NULL or of another type in this item: "
            f".set({parent}, ...) as a whole first"
        )
    if "incorrect data type" in message:
        return _wrong_type(clause, path)
    if "does not exist in the item" in message and isinstance(clause, Set):
        operands = _paths_in(clause.value)
        if operands:
            return (
                f"{path} is computed from {' and '.join(map(str, operands))}, which this item does "
                "not have. The defaults of the model do not count here; add() counts absent as 0"
            )
    return None


def _wrong_type(clause: Clause[Any], path: DocumentPath) -> str | None:
    if isinstance(clause, Append):
        stored, empty = "no list", "[]"
    elif isinstance(clause, (Add, Delete)) and isinstance(
        clause.value if isinstance(clause, Add) else clause.members, (set, frozenset)
    ):
        stored, empty = "no set of such members", "set()"
    elif isinstance(clause, Add) or (isinstance(clause, Set) and isinstance(clause.value, Sum)):
        stored, empty = "no number", "0"
    else:
        return None
    return (
        f"what is stored at {path} is {stored}, perhaps NULL, and can't be added to: "
        f'.set({path}, {empty}) first, with .when(attr({path}).type_is("NULL")), '
        "or save() the item"
    )


def _paths_in(value: object) -> list[DocumentPath]:
    """The paths in the value of a set clause."""
    if isinstance(value, Sum):
        return [side for side in (value.left, value.right) if isinstance(side, DocumentPath)]
    return [value] if isinstance(value, DocumentPath) else []
