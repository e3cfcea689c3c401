"""adorm's errors as a service answers them: problem details, `application/problem+json`.

A status, a stable `code` for programs, and a fixed sentence for people: no key, value, table name
or message of DynamoDB's gets out.

RFC 9457: https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import attrs
import orjson

from adorm.errors import (
    AdormError,
    BadCursor,
    BadValue,
    ConditionalCheckFailed,
    ConnectionFailed,
    DeadlineExceeded,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ItemExists,
    ItemNotFound,
    LockHeld,
    ResultNotStored,
    ServiceError,
    Throttled,
    TransactionCanceled,
    TransactionConflict,
    ValidationFailed,
    VersionConflict,
)

MEDIA_TYPE = "application/problem+json"

AGAIN_S = 1
"""The seconds of Retry-After where DynamoDB named no time."""

MAX_REASONS = 10
"""The most reasons that are answered for a group of errors; a transaction has up to 100."""


@attrs.frozen
class Problem:
    """The answer to a request that failed with an error."""

    status: int
    code: str
    """For programs: `not-found`, `version-conflict`, ..."""
    detail: str
    retry_after_s: int | None = None
    """The header Retry-After, in seconds."""
    maybe_applied: bool = False
    """The write may have been applied: the client looks before it repeats it."""
    reasons: Sequence[Mapping[str, Any]] = ()
    """Of a transaction or a fan-out, below 500: `{"operation": 0, "code": "already-exists"}`, at
    most 10; `operation` counts from 0."""

    def body(self) -> dict[str, Any]:
        """The members of the JSON object."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.maybe_applied:
            body["maybe_applied"] = True
        if self.reasons:
            body["reasons"] = list(self.reasons)
        return body

    def content(self) -> bytes:
        """The JSON object itself."""
        return orjson.dumps(self.body())

    def headers(self) -> dict[str, str]:
        """The headers of the answer, without its length."""
        headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(self.retry_after_s)
        return headers


INTERNAL = Problem(500, "internal", "Something is wrong on the server's side.")
LOOK_FIRST = "It may have been applied: look at what is there before repeating it."
UNAVAILABLE = Problem(
    503, "unavailable", "The database can't be reached at the moment: try again later.", AGAIN_S
)

BAD_VALUE = Problem(
    422,
    "bad-value",
    "A value is empty, too long or out of its range, so it can't be stored or looked for.",
)

_OF_VALUES = ("Item size", "Number overflow", "Number underflow", "38 significant digits")
"""Texts in the message of a `ValidationException` that is about values. Only DynamoDB knows what
an update makes of an item."""

_KINDS: Mapping[type[Exception], Problem] = {
    BadCursor: Problem(
        400,
        "bad-cursor",
        "The cursor does not belong to this list, or is damaged: begin without one.",
    ),
    BadValue: BAD_VALUE,
    IdempotencyMismatch: Problem(
        422,
        "idempotency-mismatch",
        "This key was used before with another payload: take a new one.",
    ),
    ItemNotFound: Problem(404, "not-found", "There is no such item."),
    ItemExists: Problem(409, "already-exists", "There is such an item already."),
    VersionConflict: Problem(
        409,
        "version-conflict",
        "It was changed since it was read: read it again and repeat the change.",
    ),
    ConditionalCheckFailed: Problem(
        409, "condition-failed", "Its present state does not allow this."
    ),
    TransactionConflict: Problem(
        409, "busy", "It is being written by another request: try again.", AGAIN_S
    ),
    LockHeld: Problem(409, "locked", "It is locked by another request: try again.", AGAIN_S),
    IdempotencyInProgress: Problem(
        409, "in-progress", "The same request is being worked on: ask again later.", AGAIN_S
    ),
    ResultNotStored: attrs.evolve(
        INTERNAL, maybe_applied=True, detail=f"{INTERNAL.detail} {LOOK_FIRST}"
    ),
    Throttled: Problem(
        503, "throttled", "There are too many requests at the moment: try again later.", AGAIN_S
    ),
    ConnectionFailed: UNAVAILABLE,
    DeadlineExceeded: Problem(
        504, "deadline-exceeded", "There was not enough time to finish this."
    ),
}
"""The first class that fits counts. Any other error is the server's: a 500 without details."""

_GRAVITY = (500, 412, 409, 404, 422, 400, 504, 503)
"""A group has that status of its errors that comes first here: a bug, then errors that a repeat
does not help, then those that it may."""


def problem_of(error: BaseException, headers: Container[str] = ()) -> Problem | None:
    """What to answer; None where the error, or one in a group, is not adorm's.

    A group (a cancelled transaction, a failed gather, `except*`'s own) has the status of its
    gravest part.

    Args:
        headers: the request's. With If-Match a version conflict is 412, with If-None-Match an item
            that exists: the client's own precondition failed.
    """
    if isinstance(error, BaseExceptionGroup):
        return _of_group(cast("BaseExceptionGroup[BaseException]", error), headers)
    if not isinstance(error, AdormError):
        return None
    problem = next(
        (problem for kind, problem in _KINDS.items() if isinstance(error, kind)), INTERNAL
    )
    if isinstance(error, ServiceError):
        if problem is INTERNAL and error.code == "TransactionCanceledException":
            problem = Problem(
                409,
                "transaction-canceled",
                "The change was refused as a whole: look at what is there.",
            )
        elif isinstance(error, ValidationFailed) and any(
            text in error.detail for text in _OF_VALUES
        ):
            problem = BAD_VALUE
        elif problem is INTERNAL and (error.retryable or (error.status or 0) >= 500):
            problem = UNAVAILABLE
    asked_s: float | None = getattr(error, "retry_after_s", None)
    if asked_s is not None and problem.retry_after_s is not None:
        problem = attrs.evolve(problem, retry_after_s=max(AGAIN_S, math.ceil(asked_s)))
    preconditions = {"version-conflict": "if-match", "already-exists": "if-none-match"}
    if preconditions.get(problem.code, "") in headers:
        problem = attrs.evolve(problem, status=412)
    return _with_warning(problem, maybe_applied=getattr(error, "maybe_applied", False))


def _of_group(group: BaseExceptionGroup[BaseException], headers: Container[str]) -> Problem | None:
    errors: list[tuple[int, BaseException]] = []
    if isinstance(group, TransactionCanceled):
        numbered = enumerate(group.reasons)
        errors += [(number, each.error) for number, each in numbered if each.error is not None]
    problems: list[tuple[int, Problem]] = []
    for number, error in errors or enumerate(group.exceptions):
        problem = problem_of(error, headers)
        if problem is None:
            return None
        problems.append((number, problem))
    gravest = min(
        (problem for _, problem in problems), key=lambda problem: _GRAVITY.index(problem.status)
    )
    reasons = (
        [{"operation": number, "code": problem.code} for number, problem in problems][:MAX_REASONS]
        if gravest.status < 500
        else []
    )
    waits_s = [problem.retry_after_s or 0 for _, problem in problems]
    return _with_warning(
        attrs.evolve(
            gravest,
            reasons=reasons,
            retry_after_s=None if gravest.retry_after_s is None else max(waits_s),
        ),
        maybe_applied=getattr(group, "maybe_applied", False)
        or any(problem.maybe_applied for _, problem in problems),
    )


def _with_warning(problem: Problem, *, maybe_applied: bool) -> Problem:
    if not maybe_applied or problem.maybe_applied:
        return problem
    return attrs.evolve(problem, maybe_applied=True, detail=f"{problem.detail} {LOOK_FIRST}")
