"""The `X-Amzn-Trace-Id` header, by which X-Ray knows whose request it is, and Lambda a function
that calls itself.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html

The header is not signed: who carries a request on may add to it, and AWS's SDKs leave it out of
their signatures as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

logger = logging.getLogger("adorm")

NAME = "x-amzn-trace-id"
MAX_LENGTH = 4096
SAFE = "-=;:+&[]{}\"',"
"""Characters that stay as they are, besides letters, digits and `_.~`; AWS's SDKs keep the same
ones."""


def trace_line(
    environ: Mapping[str, str], given: Callable[[], str | None] | None
) -> Callable[[], str] | None:
    """What writes the header's line for a request; None where no request has one: no function was
    given, and this is not Lambda.

    Inside Lambda the header is `_X_AMZN_TRACE_ID`, read anew for each request: Lambda changes it
    with each invocation.
    """
    if given is None:
        if "AWS_LAMBDA_FUNCTION_NAME" not in environ:
            return None

        def from_environment() -> str | None:
            return environ.get("_X_AMZN_TRACE_ID")

        given = from_environment
    return TraceLine(given)


class TraceLine:
    """Writes the line of the current trace, which seldom changes from one request to the next."""

    __slots__ = ("_given", "_line", "_value")

    def __init__(self, given: Callable[[], str | None]) -> None:
        self._given = given
        self._value: str | None = None
        self._line = ""

    def __call__(self) -> str:
        """`x-amzn-trace-id: Root=...` and the end of the line; empty without a trace."""
        try:
            value = self._given()
            if value != self._value:
                self._line = _line(value)
                self._value = value
        except Exception:
            logger.exception("trace_header failed, the request goes without one: %r", self._given)
            return ""
        return self._line


def _line(value: str | None) -> str:
    if not value or len(value) > MAX_LENGTH:
        return ""
    from urllib.parse import quote

    return f"{NAME}: {quote(value, safe=SAFE)}\r\n"  # what could end the line is quoted
