"""The source text of a module of models.

Models are described by their fields and indexes, and written by `module_source`. Annotations name
only what is imported or stands above, so that the text needs no forward references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from adorm.exchange.python_text import (
    INDENT,
    Expression,
    Part,
    call,
    comment,
    lines_of,
    listing,
    text,
)
from adorm.schema.names import NAMINGS


@attrs.frozen(kw_only=True)
class FieldSource:
    """One field."""

    name: str
    attribute_name: str
    annotation: str
    """`str | None`; as it stands in the text."""
    marker: str = "attribute"
    """The function of adorm that makes the field."""
    default: str | None = None
    """`None`; an expression for a constant. None: there is no default."""
    arguments: Sequence[tuple[str, str]] = ()
    """More arguments of the marker, as name and expression; a name may be empty."""
    comments: Sequence[str] = ()
    """Sentences above the field."""

    def lines(self, naming: str | None) -> list[str]:
        """Its lines in the class."""
        implied = self.name if naming is None else NAMINGS[naming](self.name)
        parts = [Part(f"{name}=" if name else "", value) for name, value in self.arguments]
        if self.attribute_name != implied:
            parts.append(Part("name=", text(self.attribute_name)))
        above = [line for sentence in self.comments for line in comment(sentence, INDENT)]
        head = f"{self.name}: {self.annotation}"
        if self.marker == "attribute" and not parts:
            return [*above, f"{INDENT}{head}{'' if self.default is None else f' = {self.default}'}"]
        if self.default is not None:
            parts.insert(0, Part("default=", self.default))
        return [*above, *lines_of(f"{head} = ", call(f"adorm.{self.marker}", *parts), INDENT)]


@attrs.frozen(kw_only=True)
class IndexSource:
    """One secondary index, by the names of fields."""

    name: str
    partition: Sequence[str]
    """Empty for a local index."""
    sort: Sequence[str]
    projection: str | Sequence[str] = "ALL"

    def expression(self) -> Expression:
        """`adorm.GlobalIndex("by-status", partition="status")`."""
        parts = [Part("", text(self.name))]
        if self.partition:
            parts.append(Part("partition=", _names(self.partition)))
        if self.sort:
            parts.append(Part("sort=", _names(self.sort)))
        if self.projection != "ALL":
            parts.append(Part("projection=", _names(self.projection, always_list=True)))
        return call("adorm.GlobalIndex" if self.partition else "adorm.LocalIndex", *parts)


def _names(names: str | Sequence[str], *, always_list: bool = False) -> Expression:
    if isinstance(names, str):
        return text(names)
    if len(names) == 1 and not always_list:
        return text(names[0])
    return listing([text(name) for name in names])


@attrs.frozen(kw_only=True)
class ClassSource:
    """One model, or a nested value, which has no table."""

    name: str
    fields: Sequence[FieldSource]
    table: str | None = None
    indexes: Sequence[IndexSource] = ()
    naming: str | None = None
    comments: Sequence[str] = ()
    """Sentences above the class."""
    constants: Sequence[tuple[str, str]] = ()
    """Attributes of the class itself, as name and expression."""

    def lines(self) -> list[str]:
        """Its lines in the module."""
        options: list[Part] = []
        if self.table is not None:
            options.append(Part("table=", text(self.table)))
        if self.indexes:
            indexes = listing([index.expression() for index in self.indexes])
            options.append(Part("indexes=", indexes))
        if self.naming is not None:
            options.append(Part("naming=", text(self.naming)))
        lines = [line for sentence in self.comments for line in comment(sentence)]
        lines += lines_of("@", call("adorm.model", *options) if options else "adorm.model", "")
        lines.append(f"class {self.name}:")
        lines += [f"{INDENT}{name} = {value}" for name, value in self.constants]
        if self.constants and self.fields:
            lines.append("")
        for field in self.fields:
            lines += field.lines(self.naming)
        return lines if self.constants or self.fields else [*lines, f"{INDENT}pass"]


def module_source(
    classes: Iterable[ClassSource], *, head: Sequence[str] = (), definitions: Sequence[str] = ()
) -> str:
    """The text of the module.

    Args:
        classes: each after those that its annotations name.
        head: sentences at the top.
        definitions: statements between the imports and the classes.
    """
    bodies = [class_.lines() for class_ in classes]
    code = "\n".join(line for body in bodies for line in body if not line.lstrip().startswith("#"))
    imports = [
        f"from {module} import {name}"
        for module, name in (("datetime", "datetime"), ("decimal", "Decimal"), ("typing", "Any"))
        if re.search(rf"[:\[|,] ?{name}\b", code)
    ]
    top = [line for sentence in head for line in comment(sentence)]
    parts = ["\n".join(top)] if top else []
    parts += ["\n".join([*imports, "", "import adorm"] if imports else ["import adorm"])]
    opening = "\n\n".join([*parts, *definitions])
    return "\n\n\n".join([opening, *("\n".join(body) for body in bodies)]) + "\n"
