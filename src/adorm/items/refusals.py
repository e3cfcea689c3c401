"""What DynamoDB means when an update does not fit the stored item: it names no path or remedy."""

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
    """Add to a refusal which paths it may be about, and what to do."""
    told = [advice for clause in clauses if (advice := _advice(error.detail, clause)) is not None]
    if told:
        error.advice = "; ".join(dict.fromkeys(told))


def _advice(refusal: str, clause: Clause[Any]) -> str | None:
    location = clause.path
    if "document path" in refusal:
        if location.is_top_level:
            return None
        parent = _LAST_STEP.sub("", location.spelled)
        return f"{location} lies in {parent}, which is absent, NULL or of another type in this item: .set({parent}, ...) as a whole first"
    if "incorrect data type" in refusal:
        return _wrong_type(clause, location)
    if "does not exist in the item" in refusal and isinstance(clause, Set):
        read = _read(clause.value)
        if read:
            paths = " and ".join(map(str, read))
            return (
                f"{location} is computed of {paths}, which this item does not have, "
                "whatever default the model knows: add() counts absent as 0"
            )
    return None


def _wrong_type(clause: Clause[Any], location: DocumentPath) -> str | None:
    if isinstance(clause, Append):
        wanted, empty = "no list", "[]"
    elif isinstance(clause, (Add, Delete)) and isinstance(
        clause.value if isinstance(clause, Add) else clause.members, (set, frozenset)
    ):
        wanted, empty = "no set of such members", "set()"
    elif isinstance(clause, Add) or (isinstance(clause, Set) and isinstance(clause.value, Sum)):
        wanted, empty = "no number", "0"
    else:
        return None
    return (
        f"what is stored at {location} is {wanted}, NULL perhaps, which no clause adds to: "
        f".set({location}, {empty}) first, "
        f'.when(attr({location}).type_is("NULL")), or save() the item'
    )


def _read(value: object) -> list[DocumentPath]:
    if isinstance(value, Sum):
        return [side for side in (value.left, value.right) if isinstance(side, DocumentPath)]
    return [value] if isinstance(value, DocumentPath) else []
