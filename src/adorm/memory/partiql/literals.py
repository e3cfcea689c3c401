"""Internal: converts literals of statements to attribute values.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.data-types.html
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import MAX_NESTING
from adorm.memory.partiql.nodes import (
    Bag,
    Call,
    Case,
    Constant,
    Ion,
    ListNode,
    Missing,
    Name,
    Node,
    Parameter,
    Path,
    Struct,
    TypeTest,
)
from adorm.memory.partiql.paths import empty_name
from adorm.memory.values.canonical import Value, canonical_value
from adorm.memory.values.numbers import canonical_number

_KINDS: dict[type, str] = {
    Bag: "Bag",
    Call: "Call",
    Constant: "Lit",
    ListNode: "List",
    Missing: "Missing",
    Name: "Id",
    Parameter: "Parameter",
    Path: "Path",
    Struct: "Struct",
    TypeTest: "IsType",
}


def type_name_of(node: Node) -> str | None:
    """The service's name for the type of a node; None for operators and statements."""
    if isinstance(node, Case):
        return "SimpleCase" if node.is_simple else "SearchedCase"
    return _KINDS.get(type(node))


def literal_value(node: Node, path: str = "root", depth: int = 0) -> Value:
    """Convert a literal to a canonical value.

    Args:
        node: the literal.
        path: the position of the literal inside the outermost one, such as `root.a[1]`.
        depth: the number of literals around it.

    Raises:
        EngineError: the text is not a literal, or DynamoDB cannot hold its value.
    """
    if depth >= MAX_NESTING:
        raise invalid(f"Nesting Levels have exceeded supported limits under {path}")
    match node:
        case Constant(value):
            return {"N": literal_number(value["N"], path)} if "N" in value else value
        case ListNode(members):
            return {
                "L": [
                    literal_value(each, f"{path}[{at}]", depth + 1)
                    for at, each in enumerate(members)
                ]
            }
        case Struct(entries):
            return {"M": _members(entries, path, depth + 1)}
        case Bag(members):
            return _set(members, path)
        case Ion(at):
            raise _ion(at.text, path, at.place)
        case _:
            raise unsupported_type(node, path)


def _members(entries: Sequence[tuple[Node, Node]], path: str, depth: int) -> dict[str, Value]:
    members: dict[str, Value] = {}
    for key, value in entries:
        name = struct_key(key)
        members[name] = literal_value(value, f"{path}.{name}", depth)
    return members


def struct_key(key: Node) -> str:
    """The name of a member of a struct.

    Raises:
        EngineError: the name is not a string, or is empty.
    """
    if not isinstance(key, Constant) or "S" not in key.value:
        raise unsupported_type(key, "root")
    name: str = key.value["S"]
    if not name:
        raise empty_name()
    return name


def unsupported_type(node: Node, path: str) -> EngineError:
    """The refusal of a node that is not a literal where a literal must be."""
    type_name = type_name_of(node) or "NAry"
    if isinstance(node, Call) and path == "root":
        type_name = node.function
    return invalid(f"Unsupported data type: {type_name} under key {path} at {node.at.place}")


def _ion(type_name: str, path: str, place: str) -> EngineError:
    return invalid(f"Ion Literals are not supported: {type_name} under key {path} at {place}")


# ---------------------------------------------------------------------- numbers


def literal_number(written: str, path: str) -> str:
    """A number of a statement in canonical form.

    Raises:
        EngineError: DynamoDB can't store the number; the message ends with its path.
    """
    try:
        check_magnitude(written)
        return canonical_number(written)
    except EngineError as error:
        raise invalid(f"{error.message} under {path}") from error


def check_magnitude(written: str) -> None:
    """Refuse a number that is so large that the service reports it as too small.

    Raises:
        EngineError: the digits and the exponent together exceed a 32-bit integer.
    """
    if "e" not in written.lower():
        return
    _, digits, exponent = Decimal(written).as_tuple()
    if isinstance(exponent, int) and len(digits) + exponent >= 2**31 - 1:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported"
            " range"
        )


# ------------------------------------------------------------------------- sets

_WRONG_MEMBER = (
    "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
)


def _set(members: Sequence[Node], path: str) -> Value:
    if not members:
        raise invalid("Empty bags are not supported")
    first = members[0]
    if not isinstance(first, Constant) or not ("S" in first.value or "N" in first.value):
        raise invalid(f"{_WRONG_MEMBER} at {first.at.place}")
    tag = "S" if "S" in first.value else "N"
    written: list[str] = []
    for member in members:
        if not isinstance(member, Constant) or tag not in member.value:
            raise _not_in_set(member, tag, path)
        written.append(member.value[tag])
    if tag == "S":
        return canonical_value({"SS": written})
    numbers = [literal_number(each, path) for each in written]
    if len(set(numbers)) < len(numbers):
        raise invalid(
            "One or more parameter values were invalid: Input collection"
            f" [{', '.join(written)}] contains duplicates! under {path}"
        )
    return canonical_value({"NS": numbers})


def _not_in_set(member: Node, tag: str, path: str) -> EngineError:
    if isinstance(member, Parameter):
        return unsupported_type(member, path)
    if isinstance(member, Ion):
        return _ion(member.at.text, path, member.at.place)
    if tag == "S":
        return invalid(f"{_WRONG_MEMBER} at {member.at.place}")
    if isinstance(member, Constant) and "NULL" in member.value:
        return invalid(
            "One or more parameter values were invalid: Numeric sets may not contain null"
            f" under {path}"
        )
    return invalid(_WRONG_MEMBER)
