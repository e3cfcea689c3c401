"""Internal: the parameters of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adorm.memory.errors import invalid
from adorm.memory.partiql.literals import check_magnitude
from adorm.memory.values.canonical import Value, canonical_value

_EXPONENT = re.compile(r"[+-]?[0-9]*\.?[0-9]*[eE]([+-]?)0*([0-9]+)").fullmatch


def read_parameters(request: Mapping[str, Any]) -> list[Value]:
    """Return the parameters of a statement, checked and canonical, also those that it does not use.

    They may be nested one level deeper than the attributes of an item.

    Raises:
        EngineError: DynamoDB does not accept a value.
    """
    parameters: Sequence[Any] = request.get("Parameters") or ()
    for number in _numbers(parameters):
        _check_exponent(number)
    return [canonical_value(each, depth=-1) for each in parameters]


def check_parameter_count(expected: int, parameters: Sequence[Value]) -> None:
    """Refuse a statement that needs more parameters than the request has. Extra ones are allowed.

    Raises:
        EngineError: the request has too few parameters.
    """
    if expected > len(parameters):
        raise invalid("Number of parameters in request and statement don't match.")


def _numbers(values: Sequence[Any]) -> Iterator[str]:
    """All numbers in values, at any depth."""
    waiting: list[Any] = list(values)
    while waiting:
        for tag, content in waiting.pop().items():
            if tag == "N":
                yield content
            elif tag == "NS":
                yield from content
            elif tag == "L":
                waiting += content
            elif tag == "M":
                waiting += content.values()


def _check_exponent(number: str) -> None:
    """Refuse a number whose exponent, or whose number of decimal places, exceeds a 32-bit integer.

    Raises:
        EngineError: the exponent or the number of decimal places is not a 32-bit integer.
    """
    match = _EXPONENT(number)
    if match is None or not any(map(str.isdigit, re.split("[eE]", number)[0])):
        return
    sign, digits = match.groups()
    exponent = int(f"{sign}{digits}") if len(digits) < 20 else 2**31
    places = len(re.split("[eE]", number)[0].partition(".")[2])
    if not (-(2**31) <= exponent < 2**31 and -(2**31) <= places - exponent < 2**31):
        raise invalid(f"The parameter cannot be converted to a numeric value: {number}")
    check_magnitude(number)
