"""What is told of requests, answers and errors: names and numbers, and nothing that is a value."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adorm.calls.capacity import Units, consumed_by
from adorm.calls.details import (
    AnswerDetails,
    ErrorDetails,
    RequestDetails,
    ServerDetails,
    answer_details,
    error_details,
    model_name,
    request_details,
    server_details,
)
from adorm.errors import ConnectionFailed, DeadlineExceeded, ServiceError, Throttled, UsageError
from adorm.testing import Faults, Recorder
from tests.support.scripted import ScriptedTransport

KEY = {"pk": {"S": "secret"}}


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (
            {"TableName": "orders", "Key": KEY, "ConsistentRead": True},
            RequestDetails(tables=("orders",), consistent_read=True),
        ),
        (
            {
                "TableName": "orders",
                "IndexName": "by-status",
                "Limit": 5,
                "Select": "COUNT",
                "ScanIndexForward": False,
                "ExclusiveStartKey": KEY,
            },
            RequestDetails(
                tables=("orders",), index="by-status", limit=5, select="COUNT", scan_forward=False
            ),
        ),
        (
            {"TableName": "orders", "Segment": 0, "TotalSegments": 4},
            RequestDetails(tables=("orders",), segment=0, total_segments=4),
        ),
        (
            {"TableName": "orders", "ProjectionExpression": "#n0", "AttributesToGet": ["a"]},
            RequestDetails(tables=("orders",), projection="#n0", attributes_to_get=("a",)),
        ),
        (
            {"RequestItems": {"a": {"Keys": [KEY, KEY]}, "b": {"Keys": [KEY]}}},
            RequestDetails(tables=("a", "b"), batch_size=3),
        ),
        (
            {"RequestItems": {"a": [{"PutRequest": {"Item": KEY}}]}},
            RequestDetails(tables=("a",), batch_size=1),
        ),
        (
            {
                "TransactItems": [
                    {"Put": {"TableName": "a", "Item": KEY}},
                    {"Delete": {"TableName": "a", "Key": KEY}},
                ]
            },
            RequestDetails(tables=("a",), batch_size=2),
        ),
        ({"Statements": [{"Statement": "SELECT 'secret'"}] * 3}, RequestDetails(batch_size=3)),
        ({"Statement": "SELECT 'secret'", "Limit": 3}, RequestDetails(limit=3)),
        (
            {"Limit": True, "IndexName": KEY, "ConsistentRead": "secret", "Segment": "secret"},
            RequestDetails(),
        ),
    ],
)
def test_a_request_is_told_by_its_shape(request_: dict[str, Any], told: RequestDetails) -> None:
    assert request_details(request_) == told
    assert "secret" not in repr(request_details(request_))


def test_an_answer_is_told_by_its_shape() -> None:
    answer: dict[str, Any] = {
        "Items": [KEY],
        "Count": 1,
        "ScannedCount": 2,
        "LastEvaluatedKey": KEY,
        "UnprocessedItems": {"orders": [{"PutRequest": {"Item": KEY}}]},
        "ConsumedCapacity": [
            {
                "TableName": "orders",
                "CapacityUnits": 2.0,
                "GlobalSecondaryIndexes": {"by-status": {"CapacityUnits": 1.0}},
            },
            {"TableName": "orders", "CapacityUnits": 1.0},
        ],
    }
    assert answer_details(answer, consumed_by(answer, reading=False), "R1") == AnswerDetails(
        count=1,
        scanned_count=2,
        unprocessed=1,
        request_id="R1",
        capacity={"orders": Units(write=3.0)},
        index_capacity={("orders", "by-status"): Units(write=1.0)},
    )
    assert "secret" not in repr(answer_details(answer, consumed_by(answer, reading=True)))
    assert answer_details({"TableNames": ["a", "b"]}) == AnswerDetails(table_count=2)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            Throttled(
                "secret",
                code="ThrottlingException",
                operation="GetItem",
                request_id="R1",
                status=400,
                retryable=True,
                subject="secret",
            ),
            ErrorDetails(
                type="Throttled",
                code="ThrottlingException",
                status=400,
                request_id="R1",
                throttled=True,
                retryable=True,
            ),
        ),
        (
            ServiceError("m", code="secret <html> of somebody else's", operation="GetItem"),
            ErrorDetails(type="ServiceError", code="Unknown"),
        ),
        (
            ConnectionFailed("secret", maybe_applied=True),
            ErrorDetails(type="ConnectionFailed", retryable=True, maybe_applied=True),
        ),
        (DeadlineExceeded("secret", subject="secret"), ErrorDetails(type="DeadlineExceeded")),
        (UsageError("secret"), ErrorDetails(type="UsageError")),
        (asyncio.CancelledError("secret"), ErrorDetails(type="CancelledError", cancelled=True)),
    ],
)
def test_an_error_is_told_by_its_kind(error: BaseException, told: ErrorDetails) -> None:
    assert error_details(error) == told
    assert "secret" not in repr(error_details(error))


def test_a_server_is_shown_without_its_password_and_found_through_wrapped_transports() -> None:
    class Placed(ScriptedTransport):
        @property
        def endpoint_url(self) -> str:
            return "http://user:secret@localhost:8000/"

        @property
        def region(self) -> str:
            return "eu-central-1"

    told = ServerDetails(address="localhost", port=8000, region="eu-central-1")
    assert server_details(Placed()) == told
    assert server_details(ScriptedTransport()) == ServerDetails()
    placed = Placed()
    wrapped = Faults()(Recorder()(placed))
    assert wrapped.engine is placed
    assert server_details(wrapped) == told


def test_a_subject_without_a_model_names_none() -> None:
    for subject in (None, "Order c1", 5, lambda: "Order c1"):
        assert model_name(subject) is None
