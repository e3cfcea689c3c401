"""Internal: fast checks of requests, compiled once from the tables of members.

A check walks over the members that a request has, not over those that it could have. It raises at
the first JSON of a wrong type. Its flags say whether the handler needs a cleaned copy (`CHANGED`)
and whether a constraint may be broken (`FAULTY`). Only then does `faults.py` find what is broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from adorm.memory.limits import (
    MAX_ARN_CHARACTERS,
    MAX_TABLE_NAME_CHARACTERS,
    MIN_TABLE_NAME_CHARACTERS,
)
from adorm.memory.shapes.attribute_values import (
    ATTRIBUTE_VALUE_CLASS,
    UNEXPECTED_FIELD,
    UNEXPECTED_VALUE,
    check_attribute_map,
    check_value,
    clean_attribute_map,
    clean_value,
)
from adorm.memory.shapes.json_scalars import (
    CHANGED,
    FAULTY,
    STRUCTURE_NOT_EXPECTED,
    check_flag,
    check_text,
    check_timestamp,
    check_whole,
    clean_flag,
    clean_whole,
    is_list,
    is_map,
    not_a_list_of,
    unreadable,
)
from adorm.memory.shapes.model import (
    NAME_PATTERN,
    AttributeValue,
    Flag,
    ListOf,
    MapOf,
    Shape,
    Structure,
    TableName,
    Text,
    Timestamp,
    Whole,
)

Check: TypeAlias = Callable[[Any], int]

CLASSES = "com.amazonaws.dynamodb.v20120810"
WRONG_CAST = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
    "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
    "java.lang.Class are in module java.base of loader 'bootstrap')"
)
"""The service's message for a scalar in the place of a list or map inside another list or map."""


def compile_check(shape: Shape, *, inside_collection: bool = False) -> Check:
    """Compile the check of one shape; `inside_collection` says that a list or a map holds it."""
    wrong_scalar = UNEXPECTED_VALUE if inside_collection else UNEXPECTED_FIELD
    match shape:
        case Text():
            return _check_of_text(shape)
        case TableName():
            return check_table_name
        case Whole():
            return _check_of_whole(shape)
        case Timestamp():
            return check_timestamp
        case Flag():
            return check_flag
        case AttributeValue():
            return lambda value: check_value(value, wrong_scalar)
        case Structure():
            return _check_of_structure(shape, wrong_scalar)
        case ListOf():
            return _check_of_list(shape, WRONG_CAST if inside_collection else UNEXPECTED_FIELD)
        case MapOf():
            return _check_of_map(shape, WRONG_CAST if inside_collection else UNEXPECTED_FIELD)


_NAME = re.compile(NAME_PATTERN).fullmatch


def is_table_name(name: str) -> bool:
    """Whether text can name a table: a name of 3 to 255 characters, or an ARN."""
    if MIN_TABLE_NAME_CHARACTERS <= len(name) <= MAX_TABLE_NAME_CHARACTERS and _NAME(name):
        return True
    return is_arn(name)


def is_arn(name: str) -> bool:
    """Whether text is the ARN of a table."""
    return name.startswith("arn:") and len(name) <= MAX_ARN_CHARACTERS


def check_table_name(value: Any) -> int:
    """The flags of a table's name or ARN."""
    found = check_text(value)
    return found if is_table_name(value) else found | FAULTY


def _check_of_text(shape: Text) -> Check:
    if shape.values:
        values = frozenset(shape.values)

        def check_enum(value: Any) -> int:
            if type(value) is str and value in values:
                return 0
            return check_text(value) | FAULTY

        return check_enum
    if shape.shortest is None and shape.longest is None and shape.pattern is None:
        return check_text
    shortest = shape.shortest or 0
    longest = float("inf") if shape.longest is None else shape.longest
    matches = re.compile(shape.pattern).fullmatch if shape.pattern else None

    def check_bounded(value: Any) -> int:
        found = check_text(value)
        if not shortest <= len(value) <= longest or (matches and not matches(value)):
            return found | FAULTY
        return found

    return check_bounded


def _check_of_whole(shape: Whole) -> Check:
    java = shape.java
    least = float("-inf") if shape.least is None else shape.least
    greatest = float("inf") if shape.greatest is None else shape.greatest

    def check(value: Any) -> int:
        found = check_whole(value, java)
        number = clean_whole(value, java) if found else value
        return found if least <= number <= greatest else found | FAULTY

    return check


def _check_of_structure(shape: Structure, wrong_scalar: str) -> Check:
    checks = {name: compile_check(member) for name, member in shape.members.items()}
    find = checks.get
    required = shape.required
    required_unless = tuple(shape.required_unless.items())
    wrong_list = not_a_list_of(f"{CLASSES}.{shape.name}")

    def check(value: Any) -> int:
        found = 0
        if value.__class__ is not dict:
            if not is_map(value):
                raise unreadable(wrong_list if is_list(value) else wrong_scalar)
            found = CHANGED
        for name, content in value.items():
            member = find(name)
            found |= CHANGED if content is None or member is None else member(content)
        for name in required:
            if value.get(name) is None:
                return found | FAULTY
        for name, others in required_unless:
            if all(value.get(each) is None for each in (name, *others)):
                return found | FAULTY
        return found

    return check


def _check_of_list(shape: ListOf, wrong_scalar: str) -> Check:
    check_element = compile_check(shape.element, inside_collection=True)
    shortest = shape.shortest or 0
    longest = float("inf") if shape.longest is None else shape.longest
    null = CHANGED if isinstance(shape.element, AttributeValue) else FAULTY

    def check(value: Any) -> int:
        if not is_list(value):
            raise unreadable(STRUCTURE_NOT_EXPECTED if is_map(value) else wrong_scalar)
        found = 0 if shortest <= len(value) <= longest else FAULTY
        for each in value:
            found |= null if each is None else check_element(each)
        return found

    return check


def _check_of_map(shape: MapOf, wrong_scalar: str) -> Check:
    wrong_list = (
        f"Unrecognized collection type java.util.Map<java.lang.String, {_class(shape.value)}>"
    )
    if isinstance(shape.value, AttributeValue):
        return lambda values: check_attribute_map(values, wrong_list, wrong_scalar)
    check_each = compile_check(shape.value, inside_collection=True)

    def check(values: Any) -> int:
        found = 0
        if values.__class__ is not dict:
            if not is_map(values):
                raise unreadable(wrong_list if is_list(values) else wrong_scalar)
            found = CHANGED
        for name, value in values.items():
            if type(name) is not str or not name.isascii():
                check_text(name)
            found |= CHANGED if value is None else check_each(value)
        return found

    return check


def _class(shape: Shape) -> str:
    """The service's Java class for the values of a map."""
    match shape:
        case AttributeValue():
            return ATTRIBUTE_VALUE_CLASS
        case Structure():
            return f"{CLASSES}.{shape.name}"
        case ListOf():
            return f"java.util.List<{_class(shape.element)}>"
        case _:
            return "java.lang.String"


def clean(shape: Shape, value: Any) -> Any:
    """Copy a checked value for handlers: without nulls and unknown members, with the right types.

    A null element of a list stays unless it is an attribute value. It is a fault, which the caller
    reports.
    """
    match shape:
        case Whole():
            return clean_whole(value, shape.java)
        case Flag():
            return clean_flag(value)
        case AttributeValue():
            return clean_value(value)
        case MapOf(AttributeValue()):
            return clean_attribute_map(value)
        case MapOf():
            return {
                name: clean(shape.value, each) for name, each in value.items() if each is not None
            }
        case ListOf(AttributeValue()):
            return [clean_value(each) for each in value]
        case ListOf():
            return [None if each is None else clean(shape.element, each) for each in value]
        case Structure():
            return {
                name: clean(shape.members[name], content)
                for name, content in value.items()
                if content is not None and name in shape.members
            }
        case _:
            return value
