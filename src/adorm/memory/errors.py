"""Internal: what the engine answers when it refuses a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Wording = Literal["new", "old"]
"""Which of the service's two sets of messages is used.

Since June 2026 the service words some messages anew in eu-west-2, eu-central-1 and us-east-1
("new"). The other regions keep the earlier words ("old").
"""

ENVELOPE = "1 validation error detected: "

ENVELOPING_OPERATIONS = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
"""The operations whose new wording puts `ENVELOPE` before some messages."""


class EngineError(Exception):
    """A refusal, as the service words it.

    Args:
        code: the service's name of the error, `ValidationException`.
        message: the text in the new wording.
        old: the text in the old wording; None where both are the same.
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
        """Put the envelope before the new text if it belongs there; called once, where `operation`
        ends, unless the earlier checks of values answer (see `refusals`)."""
        if self.enveloped and operation in ENVELOPING_OPERATIONS:
            self.message = ENVELOPE + self.message
        self.enveloped = False

    def text(self, wording: Wording) -> str:
        """The message in one of the two wordings."""
        return self.message if wording == "new" else self.old


class BadValue(EngineError):
    """An attribute value that DynamoDB does not take.

    Args:
        message: the text of the earlier checks of values, which is that of the old wording.
        newer: the text of the newer checks where it differs; `refusals` says which of them answer.
    """

    def __init__(self, message: str, *, newer: str | None = None) -> None:
        super().__init__("ValidationException", message, enveloped=True)
        self.newer = message if newer is None else newer

    def close_envelope(self, operation: str) -> None:
        self.message = self.newer
        super().close_envelope(operation)


class EmptyKeyValue(EngineError):
    """A key attribute that is empty text or binary.

    A transaction answers it as a whole, where it makes of other faults a reason of its own for each
    part.
    """

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid(message: str, *, old: str | None = None) -> EngineError:
    """A `ValidationException`; `old` is the text in the old wording where it differs."""
    return EngineError("ValidationException", message, old=old)


def invalid_in_envelope(message: str) -> EngineError:
    """A `ValidationException` that the new wording puts into the envelope; see `EngineError`."""
    return EngineError("ValidationException", message, enveloped=True)


def invalid_value(message: str) -> EngineError:
    """A `ValidationException` about a parameter's value, in the words that the service puts
    first."""
    return invalid(f"One or more parameter values were invalid: {message}")


def not_found(message: str = "Requested resource not found") -> EngineError:
    """A `ResourceNotFoundException`."""
    return EngineError("ResourceNotFoundException", message)
