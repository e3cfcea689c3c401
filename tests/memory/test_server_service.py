"""What the server answers: errors, their shapes and their order, health, browsers, accounts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session

from adorm.memory.errors import EngineError
from adorm.memory.server import Service
from adorm.memory.server.authorization import account_of
from adorm.memory.server.messages import HttpAnswer
from adorm.memory.server.targets import DYNAMODB, STREAMS
from tests.memory.http_requests import content_of, headers_of, http_request
from tests.support.raw_http import AUTHORIZATION, FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


Ask = Callable[..., HttpAnswer]


@pytest.fixture
def ask(engine: FakeEngine) -> Ask:
    """Sends one request: headers by name (`_` for `-`), None to leave one out."""
    service = Service(engine)

    def send(
        body: bytes = b"{}", *, method: str = "POST", target: str = "/", **headers: str | None
    ) -> HttpAnswer:
        return service.answer(http_request(body, method=method, target=target, **headers))

    return send


def bare(code: str) -> dict[str, str]:
    return {"__type": f"com.amazon.coral.service#{code}"}


# ---------------------------------------------------------------- what is no operation


def test_every_operation_of_the_service_has_a_target() -> None:
    session = get_session()
    assert set(DYNAMODB) == set(session.get_service_model("dynamodb").operation_names)
    assert set(STREAMS) == set(session.get_service_model("dynamodbstreams").operation_names)


def test_a_health_check_is_answered(ask: Ask) -> None:
    answer = ask(b"", method="GET", authorization=None, content_type=None)
    assert (answer.status, answer.body) == (200, b"healthy: dynamodb.us-east-1.amazonaws.com ")
    assert headers_of(answer)["x-amz-crc32"] == "3128867991"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_not_found(ask: Ask, method: str) -> None:
    answer = ask(b"", method=method)
    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")
    assert headers_of(answer)["x-amz-crc32"] == "3552371480"


def test_the_health_check_is_at_the_root_alone(ask: Ask) -> None:
    assert ask(b"", method="GET", target="/health").status == 404


@pytest.mark.parametrize(
    "content_type",
    [None, "", "whatever", "application/x-amz-json-1.1", "application/jsonasdf", "text/json"],
)
def test_a_body_of_another_type_is_not_found(ask: Ask, content_type: str | None) -> None:
    assert ask(b"hi", content_type=content_type).status == 404


@pytest.mark.parametrize(
    ("content_type", "echoed"),
    [
        ("application/json", "application/json"),
        ("application/json;", "application/json"),
        ("  application/json  ;   charset=x", "application/json"),
        ("application/x-amz-json-1.0;charset=utf-8", "application/x-amz-json-1.0"),
    ],
)
def test_the_answer_has_the_type_of_the_request(ask: Ask, content_type: str, echoed: str) -> None:
    answer = ask(content_type=content_type)
    assert answer.status == 200
    assert headers_of(answer)["content-type"] == echoed


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    "body",
    [
        b"hi",
        b"{",
        b"{}x",
        b"\xff\xfe{}",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1}/**/',
        b"[" * 100_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b'"' + b"x" * 1_000_000,
        b"\x00",
    ],
)
def test_a_body_that_is_not_json_is_refused(ask: Ask, engine: FakeEngine, body: bytes) -> None:
    answer = ask(body)
    assert (answer.status, content_of(answer)) == (400, bare("SerializationException"))
    assert not engine.calls


def test_a_body_is_needed(ask: Ask) -> None:
    assert content_of(ask(b"")) == bare("SerializationException")


def test_the_last_of_two_equal_keys_counts(ask: Ask, engine: FakeEngine) -> None:
    assert ask(b'{"a":1,"a":2}').status == 200
    assert engine.requests == [{"a": 2}]


def test_json_that_is_not_an_object_goes_to_the_engine(ask: Ask, engine: FakeEngine) -> None:
    for body in (b"[]", b"7", b'"x"', b"null", b"true"):
        assert ask(body).status == 200
    assert engine.requests == [[], 7, "x", None, True]


# ---------------------------------------------------------------- target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "whatever",
        "DynamoDB_20120810",
        "DynamoDB_20120810.",
        "DynamoDB_20120810.GetItems",
        "DynamoDB_20120810.getItem",
        "DynamoDB_20110101.GetItem",
        "DynamoDB_20120810.ListStreams",
        "DynamoDBStreams_20120810.GetItem",
        "DynamoDB_20120810.__class__",
        "é",
    ],
)
def test_unknown_operations_are_reported_before_the_signature(
    ask: Ask, engine: FakeEngine, target: str | None
) -> None:
    answer = ask(x_amz_target=target, authorization=None)
    assert (answer.status, content_of(answer)) == (400, bare("UnknownOperationException"))
    assert not engine.calls


def test_both_apis_are_at_one_address(ask: Ask, engine: FakeEngine) -> None:
    assert ask(x_amz_target="DynamoDBStreams_20120810.ListStreams").status == 200
    assert ask(x_amz_target="DynamoDB_20120810.ListTables").status == 200
    assert [operation for operation, *_ in engine.calls] == ["ListStreams", "ListTables"]


def test_an_operation_that_the_engine_does_not_have_is_unknown(
    ask: Ask, engine: FakeEngine
) -> None:
    engine.refuse("GetItem", EngineError("UnknownOperationException", ""))
    assert content_of(ask()) == bare("UnknownOperationException")


# ---------------------------------------------------------------- authorization


@pytest.mark.parametrize(
    "authorization", [None, "", "AWS4", "Bearer x", "AWS AKID:x", "Basic eDp5"]
)
def test_a_request_must_have_a_signature(ask: Ask, authorization: str | None) -> None:
    answer = ask(authorization=authorization)
    assert answer.status == 400
    assert content_of(answer) == bare("MissingAuthenticationTokenException") | {
        "message": "Request is missing Authentication Token"
    }


CREDENTIAL = "Authorization header requires 'Credential' parameter. "
SIGNATURE = "Authorization header requires 'Signature' parameter. "
SIGNED = "Authorization header requires 'SignedHeaders' parameter. "
DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "


@pytest.mark.parametrize(
    ("authorization", "date", "missing"),
    [
        ("AWS4-", None, CREDENTIAL + SIGNATURE + SIGNED + DATE),
        ("AWS4- Signature=b Credential=a", "a", SIGNED),
        ("AWS4- Signature=b,Credential=a", "a", SIGNED),
        ("AWS4- Signature=b,    Credential", "a", CREDENTIAL + SIGNED),
        ("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c", None, DATE),
    ],
)
def test_missing_parts_of_the_signature_are_named(
    ask: Ask, authorization: str, date: str | None, missing: str
) -> None:
    answer = ask(authorization=authorization, x_amz_date=None, date=date)
    assert answer.status == 400
    assert content_of(answer) == bare("IncompleteSignatureException") | {
        "message": f"{missing}Authorization={authorization}"
    }


def test_a_signature_may_be_in_the_query_string(ask: Ask, engine: FakeEngine) -> None:
    credential = "AKQUERY%2F20260101%2Feu-west-1%2Fdynamodb%2Faws4_request"
    query = f"X-Amz-Algorithm=a&X-Amz-Credential={credential}&X-Amz-Signature=c"
    target = f"/?{query}&X-Amz-SignedHeaders=host&X-Amz-Date=d"
    assert ask(target=target, authorization=None).status == 200
    assert engine.calls[0][2:] == (account_of("AKQUERY"), "eu-west-1")
    both = ask(target=target)
    assert content_of(both)["__type"] == "com.amazon.coral.service#InvalidSignatureException"
    incomplete = ask(target=f"/?{query}&X-Amz-Date=d", authorization=None)
    assert content_of(incomplete) == bare("IncompleteSignatureException") | {
        "message": (
            "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
            "Re-examine the query-string parameters."
        )
    }


def test_each_key_id_and_region_has_an_account_of_its_own(ask: Ask, engine: FakeEngine) -> None:
    def sign(access_key_id: str, region: str) -> str:
        scope = f"{access_key_id}/20260101/{region}/dynamodb/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=ab"

    for access_key_id, region in (
        ("AKONE", "eu-central-1"),
        ("AKTWO", "eu-central-1"),
        ("AKONE", "us-west-2"),
        ("123456789012", "eu-central-1"),
    ):
        assert ask(authorization=sign(access_key_id, region)).status == 200
    callers = [(account, region) for _, _, account, region in engine.calls]
    assert len(set(callers)) == 4
    assert callers[3] == ("123456789012", "eu-central-1")
    assert callers[0][0] == callers[2][0]
    assert all(len(account) == 12 and account.isdecimal() for account, _ in callers)


@pytest.mark.parametrize(
    "credential", ["x", "x/y", "a/b/c/d/e/f", "a/b//d/e", "a/b/é\n/d/e", "a/b/../../x/d/e"]
)
def test_a_credential_without_a_scope_has_the_default_region(
    ask: Ask, engine: FakeEngine, credential: str
) -> None:
    signed = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=ab"
    assert ask(authorization=signed).status == 200
    assert engine.calls[0][3] == "us-east-1"


def test_callers_can_share_one_database(engine: FakeEngine) -> None:
    service = Service(engine, shared=True)
    service.answer(http_request())
    service.answer(http_request(authorization=AUTHORIZATION.replace("eu-central-1", "us-west-2")))
    assert len({caller[2:] for caller in engine.calls}) == 1


def test_new_callers_do_not_take_memory_forever(engine: FakeEngine) -> None:
    service = Service(engine)
    for number in range(2500):
        service.answer(http_request(authorization=AUTHORIZATION.replace("AKLOCAL", f"A{number}")))
    assert len(service._callers._known) <= 1000
    assert len({account for _, _, account, _ in engine.calls}) == 2500


# ---------------------------------------------------------------- errors of the engine


@pytest.mark.parametrize(
    ("code", "namespace", "member"),
    [
        ("ValidationException", "com.amazon.coral.validate", "message"),
        ("SerializationException", "com.amazon.coral.service", "Message"),
        ("AccessDeniedException", "com.amazon.coral.service", "Message"),
        ("ThrottlingException", "com.amazon.coral.availability", "message"),
        ("ResourceNotFoundException", "com.amazonaws.dynamodb.v20120810", "message"),
        ("ConditionalCheckFailedException", "com.amazonaws.dynamodb.v20120810", "message"),
        ("TransactionCanceledException", "com.amazonaws.dynamodb.v20120810", "Message"),
        ("TrimmedDataAccessException", "com.amazonaws.dynamodb.v20120810", "message"),
    ],
)
def test_errors_have_the_services_shape(
    ask: Ask, engine: FakeEngine, code: str, namespace: str, member: str
) -> None:
    engine.refuse("GetItem", EngineError(code, "so it is", fields={"Item": {"a": {"S": "b"}}}))
    answer = ask()
    assert answer.status == 400
    assert headers_of(answer)["content-type"] == "application/x-amz-json-1.0"
    assert content_of(answer) == {
        "__type": f"{namespace}#{code}",
        member: "so it is",
        "Item": {"a": {"S": "b"}},
    }


def test_partiql_writes_the_text_of_a_failed_condition_as_another_member(
    ask: Ask, engine: FakeEngine
) -> None:
    cases: list[tuple[dict[str, Any], str]] = [({}, "message"), ({"Item": {}}, "Message")]
    for fields, member in cases:
        error = EngineError("ConditionalCheckFailedException", "no", fields=fields)
        engine.refuse("ExecuteStatement", error)
        assert member in content_of(ask(x_amz_target="DynamoDB_20120810.ExecuteStatement"))


def test_texts_are_in_the_engines_wording(ask: Ask, engine: FakeEngine) -> None:
    engine.refuse("GetItem", EngineError("ValidationException", "new words", old="old words"))
    assert content_of(ask())["message"] == "new words"
    engine.wording = "old"
    assert content_of(ask())["message"] == "old words"


VALUE = str(12345 * 6789)
"""Written so that no line of source that a traceback shows has it."""


class Secret(Exception):
    """Its text must not be logged."""


@pytest.mark.parametrize(
    "error", [Secret(VALUE), KeyError(VALUE), RecursionError(VALUE), MemoryError()]
)
def test_an_error_inside_the_engine_is_a_500_and_is_logged_without_values(
    ask: Ask, engine: FakeEngine, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail() -> dict[str, Any]:
        try:
            raise ValueError(VALUE)
        except ValueError as cause:
            raise error from cause

    engine.answers["GetItem"] = fail
    with caplog.at_level(logging.ERROR):
        answer = ask(json.dumps({"Key": VALUE}).encode())
    assert answer.status == 500
    assert content_of(answer) == {
        "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
        "message": "Internal server error",
    }
    (record,) = caplog.records
    text = record.getMessage()
    assert "GetItem" in text
    assert type(error).__name__ in text
    assert "ValueError" in text
    assert "in fail" in text
    assert VALUE not in text
    assert record.exc_info is None
    del engine.answers["GetItem"]
    assert ask().status == 200


def test_an_answer_that_is_no_json_is_a_500(
    ask: Ask, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.answers["GetItem"] = lambda: {"a": "\ud800"}
    assert ask().status == 500
    assert len(caplog.records) == 1


@pytest.mark.parametrize("operation", ["TagResource", "UntagResource"])
def test_tagging_answers_nothing_at_all(ask: Ask, operation: str) -> None:
    answer = ask(x_amz_target=f"DynamoDB_20120810.{operation}")
    assert (answer.status, answer.body) == (200, b"")


def test_the_endpoint_is_this_server(ask: Ask, engine: FakeEngine) -> None:
    engine.answers["DescribeEndpoints"] = lambda: {"Endpoints": [{"Address": "elsewhere"}]}
    content = content_of(ask(x_amz_target="DynamoDB_20120810.DescribeEndpoints"))
    assert content == {"Endpoints": [{"Address": "127.0.0.1:8000", "CachePeriodInMinutes": 1440}]}


# ---------------------------------------------------------------- browsers


def test_a_browsers_preflight_allows_what_it_asks_for(ask: Ask) -> None:
    answer = ask(
        b"",
        method="OPTIONS",
        origin="http://example.com",
        access_control_request_headers="a, b",
        access_control_request_method="POST",
    )
    headers = headers_of(answer)
    assert (answer.status, answer.body) == (200, b"")
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "a, b"
    assert headers["access-control-allow-methods"] == "POST"
    assert headers["access-control-max-age"] == "172800"


def test_answers_can_be_read_by_pages_of_any_origin(ask: Ask) -> None:
    for answer in (ask(origin="http://example.com"), ask(b"hi", origin="http://example.com")):
        headers = headers_of(answer)
        assert headers["access-control-allow-origin"] == "*"
        assert "x-amzn-RequestId" in headers["access-control-expose-headers"]
        assert "access-control-max-age" not in headers
    assert not any(name.startswith("access-control") for name in headers_of(ask()))
