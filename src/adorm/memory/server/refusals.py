"""Internal: the JSON body of an error.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from typing import Any

import orjson

from adorm.memory.errors import EngineError, Wording

NAMESPACES = {
    "ValidationException": "com.amazon.coral.validate",
    "ThrottlingException": "com.amazon.coral.availability",
} | dict.fromkeys(
    (
        "AccessDeniedException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    ),
    "com.amazon.coral.service",
)
"""The part of `__type` before the name of the error, if it is not DynamoDB's own."""

OWN_NAMESPACE = "com.amazonaws.dynamodb.v20120810"

CAPITAL_MESSAGE = frozenset(
    {"AccessDeniedException", "SerializationException", "TransactionCanceledException"}
)
"""The errors whose text is in the member `Message`. All others use `message`."""

STATUS = {"InternalServerError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}
"""The HTTP status of an error, if it is not 400."""


def refusal(error: EngineError, operation: str, wording: Wording) -> tuple[int, bytes]:
    """The status and the body of an error. Like the service, it leaves an empty text out."""
    code = error.code
    answer: dict[str, Any] = {"__type": f"{NAMESPACES.get(code, OWN_NAMESPACE)}#{code}"}
    text = error.text(wording)
    if text:
        answer[_text_member(error, operation)] = text
    return STATUS.get(code, 400), orjson.dumps(answer | error.fields)


def _text_member(error: EngineError, operation: str) -> str:
    if error.code in CAPITAL_MESSAGE:
        return "Message"
    # PartiQL's answer to a failed condition is written by another part of the service.
    return "Message" if operation == "ExecuteStatement" and "Item" in error.fields else "message"
