"""Errors can be copied, and sent to another process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import pytest

import adorm
from adorm import errors
from adorm.items.keys import Key, make_key
from adorm.models import model_info
from adorm.outcomes import Outcome


@adorm.model(table="errors")
class Thing:
    thing_id: str = adorm.partition_key()
    size: int = 0


def _failed(
    code: str = "ValidationException", kind: type[errors.ServiceError] = errors.ServiceError
) -> errors.ServiceError:
    return kind(
        "no",
        code=code,
        operation="PutItem",
        request_id="r1",
        status=400,
        subject="Thing x",
        attempts=3,
    )


def _conflict() -> errors.VersionConflict:
    error = errors.VersionConflict(
        "no", code="ConditionalCheckFailedException", operation="UpdateItem"
    )
    error.expected, error.actual, error.item = 3, 4, Thing(thing_id="x", size=1)
    return error


def _outcomes() -> list[Outcome[int]]:
    return [
        Outcome("segment 1 of 2", 5, finished=True),
        Outcome("segment 2 of 2", None, error=_failed()),
    ]


def _canceled() -> errors.TransactionCanceled:
    reasons = [
        errors.CancellationReason("put of Thing x", None),
        errors.CancellationReason(
            "update of Thing y",
            "ConditionalCheckFailed",
            "no",
            None,
            {"size": {"N": "1"}},
            _conflict(),
        ),
    ]
    return errors.TransactionCanceled(
        "cancelled", reasons, code="TransactionCanceledException", operation="TransactWriteItems"
    )


SAMPLES: list[errors.AdormError] = [
    errors.UsageError("a mistake"),
    errors.MisusedExpression("a mistake"),
    errors.UnknownField("no such field"),
    errors.ModelError("a mistake"),
    errors.ItemDecodeError(
        "expected a number",
        model=Thing,
        key={"thing_id": {"S": "x"}},
        path="$.size",
        attribute_map={"size": {"S": "a"}},
    ),
    errors.ItemNotFound("no item"),
    errors.IdempotencyInProgress(
        "busy", lease_ends_at=datetime(2026, 11, 21, tzinfo=UTC), retry_after_s=1.5
    ),
    errors.ResultNotStored("not stored", result={"a": 1}),
    _failed(),
    _failed("ThrottlingException", errors.Throttled),
    _conflict(),
    _canceled(),
    errors.ConnectionFailed(
        "no answer", maybe_applied=True, operation="PutItem", subject="Thing x", attempts=2
    ),
    errors.DeadlineExceeded(
        "too late",
        operation="Scan",
        attempts=1,
        outcomes=_outcomes(),
        result=[1],
        checkpoint="text",
    ),
    errors.ScanFailed(
        "failed", [_failed(), ValueError("x")], outcomes=_outcomes(), result=[1], checkpoint="text"
    ),
    errors.BatchFailed("failed", [_canceled()], outcomes=_outcomes()),
    errors.StreamFailed("failed", [_failed()], outcomes=_outcomes()),
]


def _pickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))  # our own bytes


def _told(error: BaseException) -> Any:
    """All that an error holds; errors themselves are never equal."""
    held = dict(vars(error))
    outcomes = [
        (each.label, each.value, each.finished, each.error and _told(each.error))
        for each in held.pop("outcomes", ())
    ]
    reasons: list[Any] = [
        (each.operation, each.code, each.attribute_map, type(each.error))
        for each in held.pop("reasons", ())
    ]
    exceptions: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    within = [_told(each) for each in exceptions]
    return type(error), str(error), error.args[:1], held, reasons, outcomes, within


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _pickled])
@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_after_it_was_copied_or_pickled(
    error: errors.AdormError, again: Callable[[Any], Any]
) -> None:
    error = again(error)  # so that a note is not added for the next test
    error.add_note("a note")
    made = again(error)
    assert made is not error
    assert _told(made) == _told(error)
    assert made.__notes__ == ["a note"]


def _work() -> None:
    raise _canceled()


@pytest.mark.slow
def test_an_error_of_a_worker_process_arrives_and_leaves_the_pool_usable() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(errors.TransactionCanceled) as caught:
            pool.submit(_work).result(timeout=60)
        assert "VersionConflict: expected version 3" in str(caught.value)
        assert caught.value.reasons[1].attribute_map == {"size": {"N": "1"}}
        assert pool.submit(int, "5").result(timeout=60) == 5


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _pickled])
def test_a_key_is_the_same_key_after_it_was_copied_or_pickled(again: Callable[[Any], Any]) -> None:
    key: Key[Any] = make_key(model_info(Thing), ("x",))
    made = again(key)
    assert made == key
    assert hash(made) == hash(key)
    assert made.info is model_info(Thing)


def test_every_error_is_named_by_the_module_that_users_import() -> None:
    assert str(errors.Throttled) == "<class 'adorm.errors.Throttled'>"
    named = [value for name, value in vars(errors).items() if not name.startswith("_")]
    assert {each.__module__ for each in named if isinstance(each, type)} == {"adorm.errors"}
