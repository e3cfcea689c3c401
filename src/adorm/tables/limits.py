"""What a table can be called, and how long to wait for one."""

from __future__ import annotations

from adorm.errors import UsageError

DEFAULT_TIMEOUT_S = 300.0
"""A table takes seconds; one with many indexes, or while AWS is busy, minutes."""


def check_table_name(name: object) -> str:
    """The name, if DynamoDB takes it: 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html

    Raises:
        UsageError: it does not.
    """
    if not isinstance(name, str):
        raise UsageError(f"a table's name is text, not {name!r}")
    letters = name.replace("_", "").replace("-", "").replace(".", "")
    if not (3 <= len(name) <= 255 and name.isascii() and (letters.isalnum() or not letters)):
        raise UsageError(f"{name!r} can't be a table's name: it has 3 to 255 letters (a-z, A-Z), digits, '_', '-' and '.'")
    return name
