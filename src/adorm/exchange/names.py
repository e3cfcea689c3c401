"""Names in Python for what has a name in DynamoDB or in a file."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

_FIRST_OF_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

USED_IN_SOURCE = frozenset({"adorm", "Any", "Decimal", "datetime", "WORKBENCH"})
"""What generated source imports or defines beside its classes."""

NO_FIELD_NAMES = frozenset(
    {*keyword.kwlist, *dir(type), *USED_IN_SOURCE, "self"}
    | {"bool", "bytes", "dict", "float", "int", "list", "set", "str"}
)
"""Names that a field can't have: keywords, what every class has, and what an annotation in the same
class may name."""

NO_CLASS_NAMES = frozenset({*keyword.kwlist, *dir(builtins), *USED_IN_SOURCE})


def field_name(attribute_name: str) -> str:
    """`customerId` becomes `customer_id`, `GSI1PK` `gsi1pk`, `class` `class_`, `2nd` `n_2nd`."""
    words = _words(attribute_name)
    name = _normal("_".join(word.lower() for word in words)) or "attribute"
    if not name.isidentifier():  # it begins with a digit
        name = f"n_{name}"
    return f"{name}_" if name in NO_FIELD_NAMES else name


def class_name(name: str) -> str:
    """`orders` becomes `Orders`, `user-profile` `UserProfile`, `2nd` `N2nd`.

    It begins with a capital letter, so that no field has the same name; a good name stays as it is.
    """
    if name.isidentifier() and name[:1].isupper() and name.isascii() and "_" not in name:
        made = name
    else:
        made = _normal("".join(word[:1].upper() + word[1:] for word in _words(name))) or "Item"
    if not (made.isidentifier() and made[:1].isupper()):  # fields begin with no capital letter
        made = f"N{made}"
    return f"{made}_" if made in NO_CLASS_NAMES else made


def _normal(name: str) -> str:
    """The form for which Python takes an identifier."""
    return unicodedata.normalize("NFKC", name)


def _words(name: str) -> list[str]:
    plain = "".join(each if f"a{each}".isidentifier() else "_" for each in _normal(name))
    parts = [part for part in plain.split("_") if part]
    return [word for part in parts for word in _FIRST_OF_WORD.split(part) if word]


class Names:
    """Names of one module or class, each given once.

    Args:
        taken: names that can't be given.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, *candidates: str) -> str:
        """The first of the names that is free; else the last one with a number, `name_2`."""
        for name in candidates:
            if name not in self._taken:
                self._taken.add(name)
                return name
        number = 2
        while f"{candidates[-1]}_{number}" in self._taken:
            number += 1
        return self.take(f"{candidates[-1]}_{number}")
