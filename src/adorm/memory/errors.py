"""Internal: the errors with which the engine refuses a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Wording = Literal["new", "old"]
"""Which of the service's two sets of messages is used.

Since June 2026 the service uses new words for some messages in eu-west-2, eu-central-1 and
us-east-1 ("new"). The other regions keep the earlier words ("old")."""

ENVELOPE = "1 validation error detected: "

ENVELOPING_OPERATIONS = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
"""The operations for which the new wording puts `ENVELOPE` before some messages."""


class EngineError(Exception):
    """A refusal in the service's words.

    Args:
        code: the name of the error in the API, such as `ValidationException`.
        message: the text in the new wording.
        old: the text in the old wording; None if both are the same.
        enveloped: whether `ENVELOPE` stands before the new text in the operations that write a
            single item.
        fields: further members of the answer's JSON, such as `Item` or `CancellationReasons`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        old: str | None = None,
        enveloped: bool = False,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.old = message if old is None else old
        self.enveloped = enveloped
        self.fields = dict(fields or {})

    def close_envelope(self, operation: str) -> None:
        """Put the envelope before the new text, if it belongs there.

        Call it once, at the end of the operation, and not if the earlier check of values answers;
        see `error_wording`.
        """
        if self.enveloped and operation in ENVELOPING_OPERATIONS:
            self.message = ENVELOPE + self.message
        self.enveloped = False

    def text(self, wording: Wording) -> str:
        """The message in the given wording."""
        return self.message if wording == "new" else self.old


class BadValue(EngineError):
    """An attribute value that DynamoDB does not accept.

    Args:
        message: the text of the earlier check of values, which is also the old wording.
        newer: the text of the newer check, if it differs; `error_wording` chooses between them.
    """

    def __init__(self, message: str, *, newer: str | None = None) -> None:
        super().__init__("ValidationException", message, enveloped=True)
        self.newer = message if newer is None else newer

    def close_envelope(self, operation: str) -> None:
        self.message = self.newer
        super().close_envelope(operation)


class EmptyKeyValue(EngineError):
    """A key attribute that is an empty string or an empty binary.

    Such a value refuses a whole transaction. Other faults of one action become the cancellation
    reason of this action.
    """

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid(message: str, *, old: str | None = None) -> EngineError:
    """Make a `ValidationException`; `old` is the text in the old wording if it differs."""
    return EngineError("ValidationException", message, old=old)


def invalid_in_envelope(message: str) -> EngineError:
    """Make a `ValidationException` that gets the envelope in the new wording; see `EngineError`."""
    return EngineError("ValidationException", message, enveloped=True)


def invalid_value(message: str) -> EngineError:
    """Make a `ValidationException` about the value of a parameter, with the service's prefix."""
    return invalid(f"One or more parameter values were invalid: {message}")


def not_found(message: str = "Requested resource not found") -> EngineError:
    """Make a `ResourceNotFoundException`."""
    return EngineError("ResourceNotFoundException", message)
