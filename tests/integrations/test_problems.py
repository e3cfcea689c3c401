"""What a client is told of each error, and what it is never told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
import pytest

import adorm
from adorm.dynamodb.codes import CODES, code_of
from adorm.errors import LockHeld, ServiceError
from adorm.integrations.problems import Problem, problem_of

SECRET = "PLANTED-SECRET"


def service_error(kind: type[ServiceError], **details: object) -> ServiceError:
    return kind(
        f"about {SECRET}",
        code=f"{SECRET}Exception",
        operation="PutItem",
        subject=f"Order {SECRET}",
        request_id=SECRET,
        **details,  # type: ignore[arg-type]  # what a test wants  # pyright: ignore[reportArgumentType]
    )


def told(error: BaseException, headers: Sequence[str] = ()) -> Problem:
    problem = problem_of(error, headers)
    assert problem is not None
    return problem


CASES: list[tuple[BaseException, int, str, bool]] = [
    (adorm.BadCursor(SECRET), 400, "bad-cursor", False),
    (adorm.BadValue(SECRET), 422, "bad-value", False),
    (adorm.IdempotencyMismatch(SECRET), 422, "idempotency-mismatch", False),
    (adorm.ItemNotFound(SECRET), 404, "not-found", False),
    (service_error(adorm.ItemExists), 409, "already-exists", False),
    (service_error(adorm.VersionConflict), 409, "version-conflict", False),
    (service_error(adorm.ConditionalCheckFailed), 409, "condition-failed", False),
    (service_error(adorm.TransactionConflict), 409, "busy", True),
    (LockHeld(SECRET), 409, "locked", True),
    (service_error(adorm.Throttled), 503, "throttled", True),
    (adorm.ConnectionFailed(SECRET, maybe_applied=False), 503, "unavailable", True),
    (service_error(ServiceError, status=500), 503, "unavailable", True),
    (service_error(ServiceError, retryable=True), 503, "unavailable", True),
    (adorm.DeadlineExceeded(SECRET), 504, "deadline-exceeded", False),
    (service_error(adorm.AccessDenied), 500, "internal", False),
    (service_error(adorm.ResourceNotFound), 500, "internal", False),
    (service_error(adorm.ValidationFailed), 500, "internal", False),
    (service_error(ServiceError), 500, "internal", False),
    (adorm.UsageError(SECRET), 500, "internal", False),
    (adorm.ModelError(SECRET), 500, "internal", False),
    (adorm.LeaseLost(SECRET), 500, "internal", False),
    (
        adorm.ItemDecodeError(SECRET, model=int, key={"pk": {"S": SECRET}}, path=SECRET),
        500,
        "internal",
        False,
    ),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "again"), CASES, ids=lambda value: type(value).__name__
)
def test_each_error_has_its_status_and_tells_no_more(
    error: BaseException, status: int, code: str, again: bool
) -> None:
    problem = told(error)
    assert (problem.status, problem.code, problem.retry_after_s) == (
        status,
        code,
        1 if again else None,
    )
    body = orjson.loads(problem.content())
    assert body == {
        "type": "about:blank",
        "title": body["title"],
        "status": status,
        "detail": problem.detail,
        "code": code,
    }
    assert SECRET not in problem.content().decode()
    assert problem.headers()["content-type"] == "application/problem+json"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_dynamodbs_has_a_status_that_fits(code: str) -> None:
    row = code_of(code, 400)
    problem = told(row.error(code=code, operation="PutItem", retryable=row.treatment != "no"))
    assert problem.status in {409, 500, 503}
    if row.treatment in {"throttle", "transient"}:
        assert problem.retry_after_s == 1


@pytest.mark.parametrize(
    "message",
    [
        "Item size to update has exceeded the maximum allowed size",
        "Item size has exceeded the maximum allowed size",
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
        "Attempting to store more than 38 significant digits in a Number",
    ],
)
def test_what_only_dynamodb_can_tell_of_a_value_is_422_too(message: str) -> None:
    refused = adorm.ValidationFailed(
        message, code="ValidationException", operation="UpdateItem", status=400
    )
    assert (told(refused).status, told(refused).code) == (422, "bad-value")


def test_the_client_s_own_precondition_makes_it_412() -> None:
    assert told(service_error(adorm.VersionConflict), ["if-match"]).status == 412
    assert told(service_error(adorm.ItemExists), ["if-none-match"]).status == 412
    assert told(service_error(adorm.VersionConflict), ["if-none-match"]).status == 409
    assert told(service_error(adorm.ConditionalCheckFailed), ["if-match"]).status == 409


def test_the_wait_that_dynamodb_asks_for_is_passed_on_in_whole_seconds() -> None:
    assert told(service_error(adorm.Throttled, retry_after_s=2.1)).headers()["retry-after"] == "3"
    assert told(service_error(adorm.Throttled, retry_after_s=0.2)).headers()["retry-after"] == "1"


def test_a_write_whose_fate_is_unknown_says_so() -> None:
    problem = told(adorm.ConnectionFailed(SECRET, maybe_applied=True))
    assert problem.body()["maybe_applied"] is True
    assert problem.detail.endswith(
        "It may have been applied: look at what is there before repeating it."
    )
    assert told(adorm.DeadlineExceeded(SECRET, maybe_applied=True)).maybe_applied


def test_an_idempotent_function_that_runs_is_asked_again_later() -> None:
    running = adorm.IdempotencyInProgress(
        SECRET, lease_ends_at=datetime(2026, 1, 1, tzinfo=UTC), retry_after_s=4.2
    )
    problem = told(running)
    assert (problem.status, problem.code, problem.retry_after_s) == (409, "in-progress", 5)
    unknown = told(adorm.ResultNotStored(SECRET, result=SECRET))
    assert (unknown.status, unknown.code, unknown.maybe_applied) == (500, "internal", True)
    assert SECRET not in (problem.content() + unknown.content()).decode()


def transaction(*errors: Exception | None) -> adorm.TransactionCanceled:
    reasons = [
        adorm.CancellationReason(
            operation=f"update of {SECRET}",
            code=None if error is None else "Code",
            message=SECRET,
            error=error,
        )
        for error in errors
    ]
    return adorm.TransactionCanceled(
        SECRET, reasons, code="TransactionCanceledException", operation="TransactWriteItems"
    )


@pytest.mark.parametrize(
    ("errors", "status", "code", "codes"),
    [
        ([service_error(adorm.VersionConflict)], 409, "version-conflict", ["version-conflict"]),
        ([adorm.ItemNotFound(SECRET)], 404, "not-found", ["not-found"]),
        (
            [adorm.ItemNotFound(SECRET), service_error(adorm.ItemExists)],
            409,
            "already-exists",
            ["not-found", "already-exists"],
        ),
        (
            [service_error(adorm.Throttled), service_error(adorm.TransactionConflict)],
            409,
            "busy",
            ["throttled", "busy"],
        ),
        ([service_error(adorm.Throttled), service_error(adorm.Throttled)], 503, "throttled", []),
        (
            [service_error(adorm.ItemExists), service_error(adorm.ValidationFailed)],
            500,
            "internal",
            [],
        ),
        ([], 409, "transaction-canceled", ["transaction-canceled"]),
    ],
)
def test_a_cancelled_transaction_has_the_status_of_its_gravest_reason(
    errors: list[Exception], status: int, code: str, codes: list[str]
) -> None:
    problem = told(transaction(*errors))
    assert (problem.status, problem.code) == (status, code)
    assert [reason["code"] for reason in problem.body().get("reasons", [])] == codes
    assert SECRET not in problem.content().decode()


def test_the_reasons_of_a_transaction_say_which_operation() -> None:
    problem = told(
        transaction(
            None, service_error(adorm.ItemExists), None, service_error(adorm.VersionConflict)
        )
    )
    assert problem.reasons == [
        {"operation": 1, "code": "already-exists"},
        {"operation": 3, "code": "version-conflict"},
    ]
    many = told(transaction(*[service_error(adorm.ItemExists) for _ in range(100)]))
    assert len(many.reasons) == 10


def test_a_group_of_any_kind_is_told_by_its_parts() -> None:
    missing = adorm.ItemNotFound(SECRET)
    assert (
        told(
            ExceptionGroup(
                SECRET, [missing, ExceptionGroup(SECRET, [service_error(adorm.Throttled)])]
            )
        ).status
        == 404
    )
    assert told(adorm.GatherFailed(SECRET, [missing], outcomes=[])).status == 404
    assert told(
        ExceptionGroup(SECRET, [adorm.DeadlineExceeded(SECRET, maybe_applied=True)])
    ).maybe_applied
    slow = told(
        adorm.BatchFailed(
            SECRET,
            [service_error(adorm.Throttled), service_error(adorm.Throttled, retry_after_s=7)],
            outcomes=[],
        )
    )
    assert (slow.status, slow.retry_after_s) == (503, 7)


def test_what_is_not_adorms_is_nobodys_problem_here() -> None:
    assert problem_of(ValueError(SECRET)) is None
    assert (
        problem_of(ExceptionGroup(SECRET, [adorm.ItemNotFound(SECRET), ValueError(SECRET)])) is None
    )
