"""`FunctionWriter`: writes the source of a function, and compiles it.

All code that is generated for a model is written by it. Text of a model goes into the source only
by `repr`, or as a name that Python's own grammar takes for one.
"""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adorm.codec.coders.coder import Coder
from adorm.errors import AdormError

_numbers = itertools.count(1)
"""Numbers the functions, so that each has a file name of its own in tracebacks."""


class FunctionWriter:
    """The lines of one function, and the objects that they use by name.

    Args:
        function_name: the name of the function.
        parameters: its parameters, as they stand between the brackets: `table, items`.
    """

    def __init__(self, function_name: str, parameters: str) -> None:
        self._lines: list[str] = [f"def {function_name}({parameters}):"]
        self._function_name = function_name
        self._names: dict[str, Any] = {function_name: self}

    def line(self, text: str, indent: int = 0) -> None:
        """Add a line, `indent` levels of four spaces deep; the function's body is level 1."""
        self._lines.append("    " * indent + text)

    def name(self, hint: str, value: object) -> str:
        """A name for an object that the function uses: `hint`, or `hint_2`, ...

        The number is added where another object has that name.
        """
        for candidate in itertools.chain(
            [hint], (f"{hint}_{number}" for number in itertools.count(2))
        ):
            if self._names.setdefault(candidate, value) is value:
                return candidate
        raise AdormError("unreachable: there are endlessly many names")

    def expand(self, template: str, names: Mapping[str, Any], **variables: str) -> str:
        """A coder's template, with variables and with the names that its objects have here."""
        return template.format(
            **variables, **{hint: self.name(hint, value) for hint, value in names.items()}
        )

    def encoded(self, coder: Coder, variable: str, hint: str) -> str:
        """An expression for the attribute value of a variable."""
        slow = f"{self.name(f'encode_{hint}', coder.encode)}({variable})"
        source = coder.encode_source()
        if source is None:
            return slow
        payload = self.expand(source.payload, source.names, v=variable)
        test = self.expand(source.test, source.names, v=variable)
        fast = f'{{"{coder.tag}": {payload}}}'
        return f"{fast} if {test} else {slow}" if test else fast

    def decoded(self, coder: Coder, attribute_value: str, hint: str) -> str:
        """An expression for the value of an attribute value."""
        source = coder.decode_source()
        if source is None:
            return f"{self.name(f'decode_{hint}', coder.decode)}({attribute_value})"
        return self.expand(source.payload, source.names, p=f'{attribute_value}["{coder.tag}"]')

    def function(self, about: str) -> Callable[..., Any]:
        """Compile the lines; tracebacks show them.

        Args:
            about: what the function does, for its file name in tracebacks: `encode Order`.
        """
        text = "\n".join(self._lines) + "\n"
        filename = f"<adorm {about} {next(_numbers)}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        # made of field names and literals
        exec(compile(text, filename, "exec"), self._names)  # noqa: S102
        function: Callable[..., Any] = self._names[self._function_name]
        weakref.finalize(function, linecache.cache.pop, filename, None).atexit = False
        return function


WriteLines: TypeAlias = Callable[[FunctionWriter], None]
"""Adds lines to a function, at the first level of its body."""
