"""Backoff, treatments and the quota, as pure as they are."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from adorm.dynamodb.codes import CODES
from adorm.errors import ConnectionFailed, TransactionCanceled, UsageError
from adorm.retry import (
    CONNECTION_RETRY_COST,
    QUOTA_TOKENS,
    RETRY_COST,
    RetryPolicy,
    RetryQuota,
    backoff,
    delay_after,
    is_ambiguous,
    repeat_of,
    retry_cost,
    treatment_of,
)
from adorm.transport.errors import service_error
from tests.support.scripted import internal, lost, refusal, throttled, unreachable


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"max_attempts": 0}, "max_attempts=0"),
        ({"max_attempts": 2.5}, "max_attempts=2.5"),
        ({"max_attempts": True}, "max_attempts=True"),
        ({"base_delay_s": -0.1}, "base_delay_s=-0.1"),
        ({"base_delay_s": math.nan}, "base_delay_s=nan"),
        ({"max_delay_s": math.inf}, "max_delay_s=inf"),
        ({"max_delay_s": "2"}, "max_delay_s='2'"),
        ({"jitter": 1.01}, "jitter=1.01"),
        ({"jitter": -0.5}, "jitter=-0.5"),
        ({"jitter": math.nan}, "jitter=nan"),
    ],
)
def test_a_parameter_out_of_range_is_a_usage_error_that_names_it(
    parameters: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match="RetryPolicy") as caught:
        RetryPolicy(**parameters)
    assert named in str(caught.value)


def test_the_policy_takes_no_positions_and_does_not_change() -> None:
    with pytest.raises(TypeError):
        RetryPolicy(3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    policy = RetryPolicy(max_attempts=3)
    with pytest.raises(AttributeError):
        policy.max_attempts = 4  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_without_jitter_waits_double_up_to_the_cap() -> None:
    policy = RetryPolicy(base_delay_s=0.05, max_delay_s=1.0, jitter=0.0)
    assert [backoff(attempt, policy, 0.7) for attempt in range(1, 8)] == [
        0.05,
        0.1,
        0.2,
        0.4,
        0.8,
        1.0,
        1.0,
    ]


def test_full_jitter_takes_the_random_share_of_the_wait_and_half_jitter_of_its_half() -> None:
    full = RetryPolicy(base_delay_s=1.0, max_delay_s=8.0)
    half = RetryPolicy(base_delay_s=1.0, max_delay_s=8.0, jitter=0.5)
    assert [backoff(attempt, full, 0.25) for attempt in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert [backoff(attempt, half, unit) for attempt, unit in ((1, 0.0), (1, 1.0), (2, 0.5))] == [
        0.5,
        1.0,
        1.5,
    ]


@given(
    attempt=st.integers(1, 10_000),
    base_delay_s=st.floats(0, 1e9),
    max_delay_s=st.floats(0, 1e9),
    jitter=st.floats(0, 1),
    unit=st.floats(0, 1),
)
def test_no_wait_is_negative_or_above_the_cap(
    attempt: int, base_delay_s: float, max_delay_s: float, jitter: float, unit: float
) -> None:
    policy = RetryPolicy(base_delay_s=base_delay_s, max_delay_s=max_delay_s, jitter=jitter)
    assert 0 <= backoff(attempt, policy, unit) <= max_delay_s


@pytest.mark.parametrize(
    ("hint_s", "expected_s"),
    [(None, 0.05), (0.01, 0.05), (0.7, 0.7), (60.0, 2.0), (-1.0, 0.05), (math.nan, 0.05)],
)
def test_the_servers_hint_lengthens_the_wait_up_to_the_cap(
    hint_s: float | None, expected_s: float
) -> None:
    error = refusal("ThrottlingException", retry_after_s=hint_s)
    assert delay_after(1, error, RetryPolicy(jitter=0.0), 0.5) == expected_s


@pytest.mark.parametrize("code", [code for code in CODES if code != "TransactionCanceledException"])
def test_every_code_is_treated_as_its_row_says(code: str) -> None:
    assert treatment_of(refusal(code)) == CODES[code].treatment


@pytest.mark.parametrize(
    ("status", "treatment"),
    [(400, "no"), (413, "no"), (429, "throttle"), (500, "transient"), (503, "transient")],
)
def test_an_unknown_code_is_treated_by_its_status(status: int, treatment: str) -> None:
    assert treatment_of(refusal("NeverHeardOf", status)) == treatment


def test_what_the_transport_calls_final_is_not_retried() -> None:
    error = throttled()
    error.retryable = False
    assert treatment_of(error) == "no"


def canceled(*codes: str) -> TransactionCanceled:
    error = service_error(
        {
            "__type": "x#TransactionCanceledException",
            "message": "cancelled",
            "CancellationReasons": [{"Code": code} for code in codes],
        },
        operation="TransactWriteItems",
        status=400,
    )
    assert isinstance(error, TransactionCanceled)
    return error


@pytest.mark.parametrize(
    ("codes", "treatment"),
    [
        (("None", "TransactionConflict"), "transient"),
        (("ThrottlingError", "TransactionConflict", "ProvisionedThroughputExceeded"), "transient"),
        (("TransactionConflict", "ConditionalCheckFailed"), "no"),
        (("ConditionalCheckFailed",), "no"),
        (("None",), "no"),
    ],
)
def test_a_cancelled_transaction_is_retried_when_every_reason_passes(
    codes: tuple[str, ...], treatment: str
) -> None:
    assert treatment_of(canceled(*codes)) == treatment


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (lost(), True),
        (unreachable(), False),
        (internal(), True),
        (refusal("ServiceUnavailable", 503), True),
        (refusal("NeverHeardOf", 502), True),
        (refusal("TransactionInProgressException"), True),
        (throttled(), False),
        (refusal("ThrottlingException", 503), False),
        (refusal("TransactionConflictException"), False),
        (refusal("ConditionalCheckFailedException"), False),
        (refusal("ValidationException"), False),
        (refusal("RequestTimeTooSkewed"), False),
        (canceled("TransactionConflict"), False),
    ],
    ids=str,
)
def test_only_lost_answers_and_faults_inside_dynamodb_leave_open_what_was_applied(
    error: Any, ambiguous: bool
) -> None:
    assert is_ambiguous(error) is ambiguous


def test_a_code_without_a_status_is_judged_by_the_code() -> None:
    for code, ambiguous in (
        ("InternalServerError", True),
        ("TransactionConflictException", False),
        ("ValidationException", False),
    ):
        error = service_error({"__type": code}, operation="PutItem", status=None)
        assert is_ambiguous(error) is ambiguous, code


@pytest.mark.parametrize(
    ("operation", "request_", "told", "kind"),
    [
        ("GetItem", {}, None, "read"),
        ("Query", {}, "never", "read"),
        ("DescribeTable", {}, "safe", "read"),
        ("ListTables", {}, None, "read"),
        ("PutItem", {}, None, "safe"),
        ("PutItem", {}, "never", "never"),
        ("CreateTable", {}, None, "safe"),
        ("UpdateItem", {}, None, "never"),
        ("UpdateItem", {}, "safe", "safe"),
        ("TransactWriteItems", {}, None, "never"),
        ("TransactWriteItems", {"ClientRequestToken": "t"}, None, "safe"),
        ("ExecuteStatement", {}, None, "never"),
        ("ExecuteStatement", {}, "read", "read"),
    ],
)
def test_what_may_be_repeated_follows_from_the_operation_unless_told(
    operation: str, request_: Any, told: Any, kind: str
) -> None:
    assert repeat_of(operation, request_, told) == kind


def test_the_quota_takes_all_or_nothing_and_never_holds_more_than_its_capacity() -> None:
    quota = RetryQuota()
    assert quota.tokens == QUOTA_TOKENS == 500
    assert all(quota.take(RETRY_COST) for _ in range(99))
    assert not quota.take(CONNECTION_RETRY_COST)
    assert quota.tokens == 5
    assert quota.take(RETRY_COST)
    assert not quota.take(1)
    quota.give_back(7)
    assert quota.tokens == 7
    quota.give_back(10_000)
    assert quota.tokens == QUOTA_TOKENS


def test_a_retry_after_a_failed_connection_costs_twice_as_much() -> None:
    assert retry_cost(throttled()) == RETRY_COST == 5
    assert retry_cost(ConnectionFailed("gone", maybe_applied=True)) == CONNECTION_RETRY_COST == 10
