"""The one error for a fan-out of which parts failed."""

from __future__ import annotations

import adorm
from adorm.concurrency.report import fan_out_error
from adorm.errors import BatchFailed, GatherFailed, ScanFailed, UsageError
from adorm.outcomes import Outcome


def outcomes(*errors: Exception | None) -> list[Outcome[str]]:
    return [
        Outcome(f"chunk {number} of {len(errors)}", f"v{number}", error, finished=error is None)
        for number, error in enumerate(errors, start=1)
    ]


def test_it_is_a_group_of_all_errors_that_names_the_first_three_parts() -> None:
    parts = outcomes(None, *(ValueError(f"e{number}") for number in range(1, 6)))
    failure = fan_out_error(BatchFailed, "batch get from orders", parts, parts="chunks", result=7)
    assert isinstance(failure, BatchFailed)
    assert [str(error) for error in failure.exceptions] == ["e1", "e2", "e3", "e4", "e5"]
    assert failure.message == (
        "batch get from orders: 5 of 6 chunks failed (chunk 2 of 6: e1; chunk 3 of 6: e2; "
        "chunk 4 of 6: e3; and 2 more); .outcomes has each, .result what was done"
    )
    assert (failure.outcomes, failure.result) == (parts, 7)


def test_a_part_that_its_error_names_is_not_named_a_second_time() -> None:
    named = adorm.ConnectionFailed(
        "lost", maybe_applied=False, operation="BatchGetItem", subject="orders, chunk 1 of 2"
    )
    failure = fan_out_error(BatchFailed, "batch get", outcomes(named, None), parts="chunks")
    assert str(failure).startswith(
        "batch get: 1 of 2 chunks failed (BatchGetItem on orders, chunk 1 of 2: lost);"
    )


def test_errors_that_are_of_no_outcome_are_in_the_group_too() -> None:
    parts = outcomes(KeyError("a"))
    failure = fan_out_error(BatchFailed, "x", parts, errors=[KeyError("a"), KeyError("b")])
    assert isinstance(failure, BatchFailed)
    assert len(failure.exceptions) == 2


def test_a_deadline_is_one_deadline_exceeded_with_all_that_a_group_has() -> None:
    late = adorm.DeadlineExceeded("the time is over", operation="Scan", subject="t", attempts=2)
    lost = adorm.ConnectionFailed("lost", maybe_applied=True)
    parts = outcomes(lost, late)
    failure = fan_out_error(
        ScanFailed, "scan of t", parts, hint="go on", result=[1], checkpoint="here"
    )
    assert isinstance(failure, adorm.DeadlineExceeded)
    assert failure.__cause__ is late
    assert str(failure) == "scan of t: the time is over; go on"
    assert (failure.operation, failure.subject, failure.attempts) == ("Scan", "t", 2)
    assert (failure.outcomes, failure.result, failure.checkpoint) == (parts, [1], "here")
    assert failure.maybe_applied  # one of the other parts may have been applied


def test_one_mistake_of_the_caller_in_every_part_stays_alone_where_that_is_asked_for() -> None:
    mistakes = [UsageError("closed"), UsageError("closed")]
    parts = outcomes(*mistakes)
    assert fan_out_error(BatchFailed, "x", parts, mistake_alone=True) is mistakes[0]
    assert isinstance(fan_out_error(GatherFailed, "x", parts), GatherFailed)
    mixed = outcomes(mistakes[0], ValueError())
    assert isinstance(fan_out_error(BatchFailed, "x", mixed, mistake_alone=True), BatchFailed)
