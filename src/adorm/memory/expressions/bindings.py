"""Internal: the placeholders of one request, and which of them its expressions use."""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import Path, ValuePlaceholder
from adorm.memory.values.canonical import Value


class Bindings:
    """The names and values for which the placeholders of a request's expressions stand."""

    def __init__(self, names: Mapping[str, str], values: Mapping[str, Value]) -> None:
        self.names = names
        self.values = values
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()

    def path(self, path: Path) -> Path:
        """Return the path with attribute names in place of its placeholders.

        Raises:
            ExpressionFault: a placeholder is not defined.
        """
        return Path(tuple(self._element(each) for each in path.elements))

    def _element(self, element: str | int) -> str | int:
        if isinstance(element, int) or element[0] != "#":
            return element
        self.used_names.add(element)
        name = self.names.get(element)
        if name is None:
            raise ExpressionFault(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {element}"
            )
        return name

    def value(self, placeholder: ValuePlaceholder) -> ValuePlaceholder:
        """Return the placeholder of a value, which must be defined.

        Raises:
            ExpressionFault: the placeholder is not defined.
        """
        self.used_values.add(placeholder.name)
        if placeholder.name not in self.values:
            raise ExpressionFault(
                "An expression attribute value used in expression is not defined; "
                f"attribute value: {placeholder.name}"
            )
        return placeholder
