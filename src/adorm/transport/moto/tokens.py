"""Internal: idempotency tokens for moto, which would apply a repeated transaction twice."""

from __future__ import annotations

from typing import Any

import attrs
import orjson

from adorm.clock import Clock
from adorm.dynamodb.limits import TOKEN_LIFE_S
from adorm.dynamodb.values import json_default
from adorm.errors import ServiceError
from adorm.transport.errors import service_error


@attrs.frozen
class _Kept:
    request: bytes
    answer: str
    until: float


class Tokens:
    """The answers to the transactions of the last ten minutes, by `ClientRequestToken`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def answer(self, parameters: dict[str, Any]) -> str | None:
        """The JSON text that answered the same request before; None if it has to be applied.

        Raises:
            ValidationFailed: the token was used for another request.
        """
        now = self._clock.monotonic()
        self._kept = {token: kept for token, kept in self._kept.items() if kept.until > now}
        kept = self._kept.get(parameters.get("ClientRequestToken", ""))
        if kept is None:
            return None
        if kept.request != _request(parameters):
            raise _mismatch()
        return kept.answer

    def keep(self, parameters: dict[str, Any], answer: str) -> None:
        """Remember that the request was applied."""
        if token := parameters.get("ClientRequestToken"):
            self._kept[token] = _Kept(
                _request(parameters), answer, self._clock.monotonic() + TOKEN_LIFE_S
            )


def _mismatch() -> ServiceError:
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
        "message": (
            "The request uses a client token that was used for another request "
            "in the last ten minutes"
        ),
    }
    return service_error(body, operation="TransactWriteItems", status=400)


def _request(parameters: dict[str, Any]) -> bytes:
    rest = {name: value for name, value in parameters.items() if name != "ClientRequestToken"}
    return orjson.dumps(rest, default=json_default, option=orjson.OPT_SORT_KEYS)
