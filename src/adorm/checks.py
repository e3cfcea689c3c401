"""Checks of arguments: one idiom for types and ranges.

Each check returns the value, or raises `UsageError`: `limit: expected a whole number, 1 or more,
not 0`. Where the name has three dots, the value takes their place: `Hedge(quantile=...)` becomes
`Hedge(quantile=2): expected a number between 0 and 1`. A bool is no number; NaN and infinity are in
no range. `error=BadValue` is for values that come from a client, where the program is right and the
value is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from adorm.errors import UsageError


def count(
    name: str,
    value: object,
    *,
    least: int = 1,
    most: int | None = None,
    error: type[UsageError] = UsageError,
) -> int:
    """A whole number of things, from `least` to `most`; None is no upper end."""
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and least <= value
        and (most is None or value <= most)
    ):
        return value
    span = f", {least} or more" if most is None else f" from {least} to {most}"
    raise _refusal(name, value, f"a whole number{span}", error)


def number(
    name: str,
    value: object,
    *,
    zero: bool = False,
    most: float = math.inf,
    kind: str = "",
    error: type[UsageError] = UsageError,
) -> float:
    """A finite number above 0, at most `most`; with `zero=True` 0 as well. `kind` is its unit."""
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (value >= 0 if zero else value > 0)
        and value < math.inf
        and value <= most
    ):
        return value
    low = ", 0 or more" if zero else " above 0"
    high = "" if most == math.inf else f" and at most {most:,.10g}"
    raise _refusal(name, value, f"{kind}a finite number{low}{high}", error)


def seconds(
    name: str,
    value: object,
    *,
    zero: bool = False,
    most: float = math.inf,
    error: type[UsageError] = UsageError,
) -> float:
    """A time in seconds above 0, at most `most`; with `zero=True` 0 as well."""
    return number(name, value, zero=zero, most=most, kind="seconds, ", error=error)


def share(
    name: str, value: object, *, ends: bool = False, error: type[UsageError] = UsageError
) -> float:
    """A number between 0 and 1; with `ends=True` 0 and 1 as well."""
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (0 <= value <= 1 if ends else 0 < value < 1)
    ):
        return value
    raise _refusal(
        name, value, "a number from 0 to 1" if ends else "a number between 0 and 1", error
    )


def text(
    name: str, value: object, *, empty: bool = False, error: type[UsageError] = UsageError
) -> str:
    """Text; with `empty=True` also the empty one."""
    if isinstance(value, str) and (value or empty):
        return value
    raise _refusal(name, value, "text" if empty else "text that is not empty", error)


def field(check: Callable[..., object], **bounds: Any) -> Callable[[Any, Any, Any], None]:
    """The same check as a validator of an attrs field."""

    def validate(instance: object, attribute: Any, value: object) -> None:
        check(f"{type(instance).__name__}({attribute.name}=...)", value, **bounds)

    return validate


def _refusal(name: str, value: object, expected: str, error: type[UsageError]) -> UsageError:
    if "..." in name:
        return error(f"{name.replace('...', repr(value))}: expected {expected}")
    return error(f"{name}: expected {expected}, not {value!r}")
