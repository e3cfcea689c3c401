"""A transport that answers from a script, and the errors that a script needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from adorm.errors import ConnectionFailed, ServiceError
from adorm.transport.base import Answer, AnswerReader, LastCheck, Request, Transport
from adorm.transport.errors import service_error

Outcome = Answer | Exception | Callable[[], Awaitable[Answer]]


class ScriptedTransport(Transport):
    """Plays one outcome an attempt: an answer, an error to raise, or an async function to await;
    then only empty answers."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[tuple[str, Request]] = []
        self.readers: list[AnswerReader | None] = []
        """What each attempt brought to read its answer with."""

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        self.sent.append((operation, request))
        self.readers.append(read)
        outcome: Outcome = self.outcomes.pop(0) if self.outcomes else {}
        if isinstance(outcome, Exception):
            raise outcome
        if callable(outcome):
            return await outcome()
        return outcome


def refusal(
    code: str, status: int = 400, *, retry_after_s: float | None = None, operation: str = "PutItem"
) -> ServiceError:
    """The error that a transport raises for an answer with this code."""
    return service_error(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "so it is"},
        operation=operation,
        status=status,
        request_id="r1",
        retry_after_s=retry_after_s,
    )


def throttled() -> ServiceError:
    return refusal("ProvisionedThroughputExceededException")


def internal() -> ServiceError:
    """A 500, after which a write may have been applied."""
    return refusal("InternalServerError", 500)


def lost() -> ConnectionFailed:
    """The connection broke after the request was sent."""
    return ConnectionFailed("the connection closed before the answer", maybe_applied=True)


def unreachable() -> ConnectionFailed:
    """No connection came about: nothing was sent."""
    return ConnectionFailed("connection refused", maybe_applied=False)
