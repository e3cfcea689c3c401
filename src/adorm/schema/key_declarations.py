"""`KeyDeclaration`: what a class body says of a key that is made of parts, before it is read.

`adorm.key(...)` makes one, see `adorm.items.key_makers`. `adorm.schema.item_keys` makes an
`ItemKey` of it once the fields of the class are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from adorm.errors import UsageError


class KeyDeclaration:
    """A key of the table or of an index, as texts or as a function of its parts."""

    texts: tuple[str | None, str | None] = (None, None)
    """The templates of the partition key and of the sort key, where they are texts."""
    function: Callable[..., Any] | None = None
    """The function that gives the texts, where it is one."""
    index: str | None = None
    """The name of the index; None for the key of the table."""
    only: Mapping[str, object] = {}
    """By field name: the value, or a tuple of the values, with which an item is in the index."""
    name: str = ""
    """Its name in the class body."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def declared_keys(cls: type) -> dict[str, KeyDeclaration]:
    """The keys that a class and its bases declare, by name. Bases come first.

    A class that declares a name again, as a key or as anything else, replaces that of its base.
    """
    found: dict[str, KeyDeclaration] = {}
    for base in reversed(cls.__mro__):
        for name, value in base.__dict__.items():
            if isinstance(value, KeyDeclaration):
                found[name] = value
            else:
                found.pop(name, None)
    return found


class KeyField:
    """A key attribute that is declared as a field with a template: a text to look at.

    ::

        pk: str = adorm.partition_key(template="ORG#{org_id}")

    On an instance it is the text, which can't be set; on the class it is the attribute's path.
    """

    def __init__(self, template: str, attribute_name: str | None, *, is_sort: bool) -> None:
        self.template = template
        self.attribute_name = attribute_name
        """None: as the model names its fields."""
        self.is_sort = is_sort
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: Any) -> Any:
        return owner.__adorm_key_field__(self.name, instance)

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise UsageError(
            f"{type(instance).__name__}.{self.name} is made of {self.template!r}: "
            "set the fields in it, and the new text is made of them"
        )


def declared_key_fields(cls: type) -> dict[str, KeyField]:
    """The key fields with templates of a class and its bases, by name."""
    return {
        name: value
        for base in reversed(cls.__mro__)
        for name, value in base.__dict__.items()
        if isinstance(value, KeyField)
    }


def leave_out_annotations(cls: type) -> None:
    """Make attrs pass over the keys in a class body that are annotated: they are no fields."""
    annotations = cls.__dict__.get("__annotations__", {})
    keys = [name for name in annotations if isinstance(cls.__dict__.get(name), KeyField)]
    if keys:
        cls.__annotations__ = {name: hint for name, hint in annotations.items() if name not in keys}
