"""Internal: the fault of an expression, before the request around it is known."""

from __future__ import annotations


class ExpressionFault(Exception):
    """A fault of an expression, without the prefix of its message ("Invalid UpdateExpression: ").

    Expressions are parsed once and cached by their text. `request.read_expressions` adds the name
    of the parameter and chooses the wording.
    """
