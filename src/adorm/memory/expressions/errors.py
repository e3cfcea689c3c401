"""Internal: what is wrong with an expression, before it is known which request it stands in."""

from __future__ import annotations


class ExpressionFault(Exception):
    """A fault of an expression, in the service's words without "Invalid UpdateExpression: ".

    Expressions are read once and kept by their text. The request that an expression stands in
    adds the name of its parameter and picks the wording (`request.read_expressions`).
    """
