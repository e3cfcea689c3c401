"""The `X-Amzn-Trace-Id` header: X-Ray finds by it which trace a request belongs to, and Lambda
finds functions that call themselves.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html

The header is not signed, because servers on the way may change it. AWS's SDKs do not sign it
either.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

logger = logging.getLogger("adorm")

NAME = "x-amzn-trace-id"
MAX_LENGTH = 4096
SAFE = "-=;:+&[]{}\"',"
"""The characters that are not quoted, besides letters, digits and `_.~`. AWS's SDKs leave the same
ones."""


def trace_line(
    environ: Mapping[str, str], given: Callable[[], str | None] | None
) -> Callable[[], str] | None:
    """A function that gives the header's line for a request, or None if no request has the header.

    Args:
        given: the user's function, which gives the header's value. Without it the value is the
            variable `_X_AMZN_TRACE_ID` inside Lambda, read for each request because each invocation
            changes it; elsewhere there is none.
    """
    if given is None:
        if "AWS_LAMBDA_FUNCTION_NAME" not in environ:
            return None

        def from_environment() -> str | None:
            return environ.get("_X_AMZN_TRACE_ID")

        given = from_environment
    return TraceLine(given)


class TraceLine:
    """Writes the line of the current trace. It keeps the last one, since traces change seldom."""

    __slots__ = ("_given", "_line", "_value")

    def __init__(self, given: Callable[[], str | None]) -> None:
        self._given = given
        self._value: str | None = None
        self._line = ""

    def __call__(self) -> str:
        """`x-amzn-trace-id: Root=...` with its line end; empty without a trace."""
        try:
            value = self._given()
            if value != self._value:
                self._line = _line(value)
                self._value = value
        except Exception:
            logger.exception(
                "trace_header failed, the request is sent without the header: %r", self._given
            )
            return ""
        return self._line


def _line(value: str | None) -> str:
    if not value or len(value) > MAX_LENGTH:
        return ""
    from urllib.parse import quote

    return f"{NAME}: {quote(value, safe=SAFE)}\r\n"  # a line end in the value is quoted too
