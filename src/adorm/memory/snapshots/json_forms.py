"""Internal: reads the parts of a snapshot with a check of their JSON types.

An error names the path of the part.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from adorm.memory.tables.extra_settings import Digits, Form, Named


def wrong(where: str, what: str) -> ValueError:
    """Make the error about the part of a snapshot at the path `where`."""
    return ValueError(f"{where}: {what}")


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def read_object(value: Any, where: str) -> dict[str, Any]:
    """Return a part that must be a JSON object.

    Raises:
        ValueError: the value is not an object.
    """
    if is_object(value):
        return value
    raise wrong(where, "not a JSON object")


def read_list(value: Any, where: str) -> list[Any]:
    """Return a part that must be a JSON array.

    Raises:
        ValueError: the value is not an array.
    """
    if _is_list(value):
        return value
    raise wrong(where, "not a JSON array")


def read_text(value: Any, where: str) -> str:
    """Return a part that must be text.

    Raises:
        ValueError: the value is not text.
    """
    if isinstance(value, str):
        return value
    raise wrong(where, "not text")


def read_number(value: Any, where: str) -> float:
    """Return a part that must be a number.

    Raises:
        ValueError: the value is not a number.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise wrong(where, "not a number")


def check_form(value: Any, form: Form, where: str) -> None:
    """Check JSON against a form.

    Raises:
        ValueError: the value does not have this form.
    """
    if isinstance(form, Named):
        for name, member in read_object(value, where).items():
            check_form(member, form.form, f"{where}.{name}")
    elif isinstance(form, dict):
        members = read_object(value, where)
        for name, of_member in form.items():
            check_form(members.get(name), of_member, f"{where}.{name}")
    elif isinstance(form, list):
        for number, element in enumerate(read_list(value, where)):
            check_form(element, form[0], f"{where}[{number}]")
    elif isinstance(form, Digits):
        digits = read_text(value, where)
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= form.most):
            raise wrong(where, f"not one to {form.most} digits")
    elif form is float:
        read_number(value, where)
    elif form is str:
        read_text(value, where)
    elif form is dict:
        read_object(value, where)
    elif type(value) is not form:
        raise wrong(where, f"not of type {form.__name__}")
