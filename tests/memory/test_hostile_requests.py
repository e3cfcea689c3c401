"""Every request of a client is answered or refused; a refused request changes nothing."""

from __future__ import annotations

import base64
import logging
import time
from random import Random
from typing import Any

import orjson
import pytest

from adorm.memory import Engine, EngineError
from adorm.memory.operations.handlers import HANDLERS
from adorm.memory.shapes.check import OPERATIONS
from adorm.memory.shapes.model import ListOf, MapOf, Shape, Structure
from adorm.memory.streams.iterators import _digest
from tests.memory.hostile_setup import (
    ARN,
    ITEM,
    KEY,
    REQUESTS,
    TABLE,
    busy_engine,
    mutated,
    nested,
    request_of,
    state_of,
)
from tests.memory.table_setup import START, Tables, create_request

MUTATIONS = 60
"""The input shape of each operation."""


@pytest.fixture
def engine() -> Engine:
    return busy_engine()


def refusal(engine: Engine, operation: str, **request: Any) -> EngineError:
    """The refusal of a request, which changed nothing."""
    before = state_of(engine)
    with pytest.raises(EngineError) as raised:
        engine.call(operation, request)
    assert raised.value.code != "InternalServerError"
    assert state_of(engine) == before
    return raised.value


def test_every_operation_has_a_good_request() -> None:
    assert REQUESTS.keys() == HANDLERS.keys()
    for operation in REQUESTS:
        made = busy_engine()
        request = request_of(made, operation)
        request.pop("ExpectedRevisionId", None)
        if operation != "EnableKinesisStreamingDestination":  # it is enabled already
            made.call(operation, request)


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_a_changed_request_is_answered_or_refused_without_a_traceback(operation: str) -> None:
    random = Random(operation)
    engine = busy_engine()
    good = request_of(engine, operation)
    before = state_of(engine)
    for _ in range(MUTATIONS):
        request = mutated(good, random)
        try:
            engine.call(operation, request)
        except EngineError as error:
            assert error.code != "InternalServerError"
            assert state_of(engine) == before
        else:
            engine = busy_engine()
            good = request_of(engine, operation)
            before = state_of(engine)


def with_unknown_members(shape: Shape, value: Any) -> Any:
    """The value with an unknown member at every level."""
    match shape:
        case Structure(members=members):
            known = {
                name: with_unknown_members(members[name], each) for name, each in value.items()
            }
            return {**known, "Unknown": {"L": [None]}}
        case ListOf(element=element):
            return [with_unknown_members(element, each) for each in value]
        case MapOf(value=of_values):
            return {name: with_unknown_members(of_values, each) for name, each in value.items()}
        case _:
            return value


@pytest.mark.parametrize("operation", sorted(HANDLERS.keys() - {"GetRecords", "CreateBackup"}))
def test_unknown_members_do_not_change_the_answer(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    request = request_of(busy_engine(), operation)
    monkeypatch.setitem(
        HANDLERS,
        operation,
        lambda database, given: seen.append(given) or {},  # type: ignore[func-returns-value]
    )
    engine = Engine()
    engine.call(operation, with_unknown_members(OPERATIONS[operation].input, request))
    engine.call(operation, request)
    assert seen[0] == seen[1]


def test_an_empty_update_of_an_index_is_reported_with_its_name(engine: Engine) -> None:
    empty: tuple[dict[str, Any], ...] = ({}, {"Unknown": {}}, {"Create": None})
    for update in empty:
        updates = [update]
        error = refusal(
            engine, "UpdateTable", TableName="orders", GlobalSecondaryIndexUpdates=updates
        )
        assert "GlobalSecondaryIndexUpdate" in error.message
        error = refusal(engine, "UpdateTable", TableName="orders", ReplicaUpdates=updates)
        assert "ReplicationGroupUpdate" in error.message


# ------------------------------------------------------------------------- texts


@pytest.mark.parametrize("number", ["0e" + "0" * 5000, "0e-" + "0" * 5000, "0E+" + "0" * 5000])
def test_an_exponent_of_many_zeros_is_zero(engine: Engine, number: str) -> None:
    item = {**KEY, "n": {"N": number}}
    engine.call("PutItem", {"TableName": "orders", "Item": item})
    read = engine.call("GetItem", {"TableName": "orders", "Key": KEY})
    assert read["Item"]["n"] == {"N": "0"}


@pytest.mark.parametrize("number", ["abce5", "e5", ".e5", "1.2.3e5", "--1e5", "0e" + "1" * 5000])
def test_a_parameter_that_is_no_number_is_refused(engine: Engine, number: str) -> None:
    statement = "SELECT * FROM orders WHERE pk = ?"
    error = refusal(engine, "ExecuteStatement", Statement=statement, Parameters=[{"N": number}])
    assert error.code == "ValidationException"


def test_a_sum_has_at_most_300_operators(engine: Engine) -> None:
    for terms in (301, 1500):
        total = " + ".join(["n", *["1"] * (terms - 1)])
        statement = f"UPDATE orders SET n = {total} WHERE pk = 'a' AND sk = 1"
        if terms == 301:
            with pytest.raises(EngineError, match="does not exist in the item"):
                engine.call("ExecuteStatement", {"Statement": statement})
        else:
            error = refusal(engine, "ExecuteStatement", Statement=statement.replace(" + ", "+"))
            assert error.message.endswith("operator count: 301")


def test_values_of_several_types_in_one_in_are_allowed(engine: Engine) -> None:
    statement = {"Statement": "SELECT * FROM orders WHERE pk = 'a' AND sk IN (1, 'x')"}
    (answer,) = engine.call("BatchExecuteStatement", {"Statements": [statement]})["Responses"]
    assert answer["Error"]["Code"] == "ValidationError"
    error = refusal(engine, "ExecuteTransaction", TransactStatements=[statement])
    assert "must specify the primary key" in error.message


def test_partitions_of_several_types_have_an_order(engine: Engine) -> None:
    where = "(pk = 'a' AND sk > 0 AND sk < 5) OR pk = 1 ORDER BY pk"
    answer = engine.call("ExecuteStatement", {"Statement": f"SELECT sk FROM orders WHERE {where}"})
    assert [item["sk"]["N"] for item in answer["Items"]] == ["2", "1"]


@pytest.mark.parametrize("value", [{"B": "abcde"}, {"B": "\u00e9"}, {"B": "YQ="}])
def test_a_page_token_that_is_not_base64_is_refused(value: Any) -> None:
    engine = Engine()
    engine.call(
        "CreateTable",
        create_request(AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "B"}]),
    )
    for each in ("YQ==", "Yg=="):
        engine.call("PutItem", {"TableName": "orders", "Item": {"pk": {"B": each}}})
    request = {"Statement": "SELECT * FROM orders", "Limit": 1}
    content = orjson.loads(base64.b64decode(engine.call("ExecuteStatement", request)["NextToken"]))
    content[2]["pk"] = value
    token = base64.b64encode(orjson.dumps(content)).decode()
    assert refusal(engine, "ExecuteStatement", **request, NextToken=token).message == (
        "Invalid NextToken"
    )


@pytest.mark.parametrize("content", [b"", b"no json", b"1", b'[{}, [], "x"]', b'["shard", 1]'])
def test_an_iterator_with_a_right_digest_of_other_content_is_refused(
    engine: Engine, content: bytes
) -> None:
    arn = engine.call("ListStreams", {})["Streams"][0]["StreamArn"]
    sealed = base64.urlsafe_b64encode(_digest(arn, content) + content).decode()
    error = refusal(engine, "GetRecords", ShardIterator=f"{arn}|1|{sealed}")
    assert error.message == "Invalid ShardIterator"


def test_a_token_of_5000_digits_begins_again(engine: Engine) -> None:
    engine.call("UpdateContributorInsights", request_of(engine, "UpdateContributorInsights"))
    answer = engine.call("ListContributorInsights", {"NextToken": "9" * 5000})
    assert len(answer["ContributorInsightsSummaries"]) == 1


def test_a_sequence_number_of_5000_digits_is_refused(engine: Engine) -> None:
    request = request_of(engine, "GetShardIterator")
    request["ShardIteratorType"] = "AT_SEQUENCE_NUMBER"
    error = refusal(engine, "GetShardIterator", **request, SequenceNumber="9" * 5000)
    assert "'sequenceNumber' failed to satisfy constraint" in error.message


@pytest.mark.parametrize("moment", [1e300, -1e300, 1e12])
def test_a_moment_beyond_the_calendar_is_refused(engine: Engine, moment: float) -> None:
    request = {**request_of(engine, "RestoreTableToPointInTime"), "RestoreDateTime": moment}
    assert refusal(engine, "RestoreTableToPointInTime", **request).code == (
        "InvalidRestoreTimeException"
    )


@pytest.mark.parametrize("key", [{"pk": {"S": 1}}, {"pk": None}, {"pk": []}, {"pk": nested(50)}])
def test_only_a_key_can_be_held(engine: Engine, key: Any) -> None:
    with pytest.raises(EngineError), engine.hold("orders", key):
        pass


@pytest.mark.parametrize("revision", ["abc", "", "9" * 20, "-1", "\u0663"])
def test_a_snapshot_with_a_revision_that_is_no_number_is_refused(
    engine: Engine, revision: str
) -> None:
    content = engine.snapshot()
    settings = content["databases"][0]["tables"][0]["state"]["Settings"]
    settings["ResourcePolicy"]["RevisionId"] = revision
    with pytest.raises(ValueError, match="RevisionId: not one to 19 digits"):
        engine.restore(content)


@pytest.mark.parametrize("name", ["a", "has space", "arn:x", "x" * 256])
def test_a_table_created_by_its_arn_has_a_tables_name(name: str) -> None:
    made = Tables()
    arn = ARN.replace("orders", name)
    code, message = made.refusal("CreateTable", **create_request(TableName=arn))
    assert code == "ValidationException"
    assert "'tableName' failed to satisfy constraint" in message


# -------------------------------------------------------------------- long names

LONG = "x" * 65_536
TOO_LARGE = "Attribute name is too large, must be less than 65536 bytes"


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("PutItem", {"Item": {**KEY, LONG: {"S": ""}}}),
        ("PutItem", {"Item": {**KEY, "m": {"L": [{"M": {LONG: {"S": ""}}}]}}}),
        ("PutItem", {"Item": {**KEY, "\u00e9" * 32_768: {"S": ""}}}),
        ("GetItem", {"Key": KEY, "AttributesToGet": [LONG]}),
        (
            "GetItem",
            {
                "Key": KEY,
                "ProjectionExpression": "#a",
                "ExpressionAttributeNames": {"#a": LONG},
            },
        ),
        ("UpdateItem", {"Key": KEY, "AttributeUpdates": {LONG: {"Value": {"S": ""}}}}),
        (
            "UpdateItem",
            {
                "Key": KEY,
                "UpdateExpression": "SET a = :a",
                "ExpressionAttributeValues": {":a": {"M": {LONG: {"S": ""}}}},
            },
        ),
    ],
)
def test_names_have_at_most_65535_bytes(
    engine: Engine, operation: str, changes: dict[str, Any]
) -> None:
    error = refusal(engine, operation, TableName="orders", **changes)
    assert error.message.removeprefix("1 validation error detected: ") == TOO_LARGE


def test_a_name_of_65535_bytes_is_accepted(engine: Engine) -> None:
    item = {**KEY, LONG[1:]: {"M": {LONG[1:]: {"S": ""}}}}
    engine.call("PutItem", {"TableName": "orders", "Item": item})
    assert engine.call("GetItem", {"TableName": "orders", "Key": KEY})["Item"] == item


def test_a_long_name_is_refused_also_if_the_expression_is_cached(engine: Engine) -> None:
    request: dict[str, Any] = {
        "TableName": "orders",
        "Key": KEY,
        "UpdateExpression": "SET kept_plan = :a",
        "ExpressionAttributeValues": {":a": {"M": {"b": {"S": ""}}}},
    }
    engine.call("UpdateItem", request)
    for name, words in ((LONG, TOO_LARGE), ("", "Empty attribute name")):
        request["ExpressionAttributeValues"] = {":a": {"M": {name: {"S": ""}}}}
        assert words in refusal(engine, "UpdateItem", **request).message


# ------------------------------------------------------------------------- time


def test_the_clock_is_read_once_a_call() -> None:
    asked: list[float] = []

    def now() -> float:
        asked.append(START + len(asked))
        return asked[-1]

    engine = Engine(now=now, throttle_above=(100, 100))
    engine.call("CreateTable", TABLE)
    del asked[:]
    writes = [{"Put": {"TableName": "orders", "Item": {**ITEM, "sk": {"N": at}}}} for at in "123"]
    engine.call("TransactWriteItems", {"TransactItems": writes, "ClientRequestToken": "a"})
    assert len(asked) == 1


def test_a_failing_clock_leaves_no_write_half_done(engine: Engine) -> None:
    clock = [START]
    engine = Engine(now=clock.pop)
    clock[:] = [START] * 10
    engine.call("CreateTable", TABLE)
    clock[:] = [START] * 10
    before = state_of(engine)
    clock[:] = []
    for operation in ("PutItem", "TransactWriteItems", "BatchWriteItem"):
        with pytest.raises(EngineError) as raised:
            engine.call(operation, request_of(busy_engine(), operation))
        assert raised.value.code == "InternalServerError"
    clock[:] = [START] * 10
    assert state_of(engine) == before


SHORT_AND_COSTLY = {
    "IN times IN": "SELECT * FROM orders WHERE pk IN ({pks}) AND sk IN ({sks})",
    "branches": "SELECT * FROM orders WHERE "
    + " AND ".join(f"(pk = 'a{at}' OR sk = {at})" for at in range(10)),
    "branches with leaves": "SELECT * FROM orders WHERE "
    + " AND ".join(f"(pk = 'a' OR b{at} = 1)" for at in range(9))
    + "".join(f" AND c={at}" for at in range(80)),
}


@pytest.mark.parametrize("statement", SHORT_AND_COSTLY.values(), ids=SHORT_AND_COSTLY)
def test_a_short_statement_is_parsed_quickly(engine: Engine, statement: str) -> None:
    many = range(100)
    text = statement.replace("{pks}", ",".join(f"'{at}'" for at in many))
    text = text.replace("{sks}", ",".join(map(str, many)))
    began = time.process_time()
    try:
        engine.call("ExecuteStatement", {"Statement": text})
    except EngineError as error:
        assert "Too many decomposed read operations" in error.message
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("member", ["a{at}", "a[{at}]", "a.b{at}"])
def test_many_paths_are_compared_with_each_other_quickly(engine: Engine, member: str) -> None:
    paths = ",".join(member.format(at=at) for at in range(450))
    began = time.process_time()
    engine.call("GetItem", {"TableName": "orders", "Key": KEY, "ProjectionExpression": paths})
    assert time.process_time() - began < 0.2


# -------------------------------------------------------------- growth and faults


def test_a_caller_without_tables_takes_no_memory(engine: Engine) -> None:
    for at in range(50):
        engine.call("ListTables", {}, account=f"{at:012d}")
        with pytest.raises(EngineError):
            engine.call("GetItem", {"TableName": "orders", "Key": KEY}, account=f"{at:012d}")
    assert len(engine.snapshot()["databases"]) == 1
    assert len(engine._databases) == 1
    engine.call("CreateTable", TABLE, account="000000000000")
    assert engine.call("ListTables", {}, account="000000000000")["TableNames"] == ["orders"]


def test_expired_backups_streams_and_tokens_are_dropped() -> None:
    made = Tables()
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    for _ in range(5):
        made.call("CreateTable", **TABLE)
        made.call("UpdateContinuousBackups", TableName="orders", **recovery)
        write = {"Put": {"TableName": "orders", "Item": ITEM}}
        token = f"token {made.now}"
        made.call("TransactWriteItems", TransactItems=[write], ClientRequestToken=token)
        made.call("DeleteTable", TableName="orders")
        made.call("ListTables")
        made.wait(36 * 86_400)
    database = made.engine.database()
    assert len(database.streams) == len(database.backups) == len(database.tokens) == 1


def test_a_token_is_forgotten_by_a_transaction_without_one() -> None:
    made = Tables()
    made.call("CreateTable", **TABLE)
    write = {"Put": {"TableName": "orders", "Item": ITEM}}
    made.call("TransactWriteItems", TransactItems=[write], ClientRequestToken="a")
    made.wait(601)
    made.call("TransactWriteItems", TransactItems=[write])
    assert made.engine.database().tokens == {}


def test_a_token_is_good_for_the_same_values_however_they_are_written(engine: Engine) -> None:
    def write(number: str, binary: str | bytes) -> dict[str, Any]:
        item = {**KEY, "n": {"N": number}, "b": {"B": binary}}
        return {
            "TransactItems": [{"Put": {"TableName": "orders", "Item": item}}],
            "ClientRequestToken": "a",
        }

    engine.call("TransactWriteItems", write("1.0", b"a"))
    before = state_of(engine)
    engine.call("TransactWriteItems", write("1", "YQ=="))
    assert state_of(engine) == before
    assert refusal(engine, "TransactWriteItems", **write("2", "YQ==")).code == (
        "IdempotentParameterMismatchException"
    )


def test_a_repetition_after_its_table_is_gone_writes_nothing(engine: Engine) -> None:
    request = request_of(engine, "TransactWriteItems")
    engine.call("TransactWriteItems", request)
    engine.call("DeleteTable", {"TableName": "orders"})
    engine.call("ListTables", {})
    request["ReturnConsumedCapacity"] = "TOTAL"
    assert engine.call("TransactWriteItems", request) == {"ConsumedCapacity": []}


def test_an_index_never_holds_an_item_that_does_not_fit_its_key() -> None:
    made = Tables()
    made.call("CreateTable", **create_request())
    made.put(pk={"S": "a"}, status={"S": "x" * 2049})
    made.put(pk={"S": "b"}, status={"S": "x" * 2048})
    definitions = [{"AttributeName": "status", "AttributeType": "S"}]
    update = TABLE["GlobalSecondaryIndexes"][0]
    made.update(AttributeDefinitions=definitions, GlobalSecondaryIndexUpdates=[{"Create": update}])
    for name in "ab":
        made.call(
            "UpdateItem",
            TableName="orders",
            Key={"pk": {"S": name}},
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    found = made.call("Scan", TableName="orders", IndexName="by_status")["Items"]
    assert [item["pk"]["S"] for item in found] == ["b"]


def test_the_settings_of_a_replica_are_kept() -> None:
    made = Tables()
    made.create()
    index = {"IndexName": "by_status"}
    replica = {"RegionName": "eu-west-1", "GlobalSecondaryIndexes": [index]}
    made.update(ReplicaUpdates=[{"Create": replica}])
    index["IndexName"] = "changed"
    assert made.describe()["Replicas"][0]["GlobalSecondaryIndexes"] == [{"IndexName": "by_status"}]


def test_unprocessed_keys_are_the_answers_own() -> None:
    made = Tables(throttle_above=(1, 1000))
    made.create()
    names = {"#p": "pk"}
    keys = [{"pk": {"S": each}} for each in "abcd"]
    part = {"Keys": keys, "ProjectionExpression": "#p", "ExpressionAttributeNames": names}
    left = made.call("BatchGetItem", RequestItems={"orders": part})["UnprocessedKeys"]["orders"]
    left["ExpressionAttributeNames"]["#p"] = "changed"
    assert names == {"#p": "pk"}


def test_streams_are_listed_by_the_tables_arn(engine: Engine) -> None:
    assert len(engine.call("ListStreams", {"TableName": ARN})["Streams"]) == 1
    assert engine.call("ListStreams", {"TableName": "others"})["Streams"] == []


def test_an_error_of_the_engine_itself_is_an_internal_server_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(database: object, request: object) -> dict[str, Any]:
        raise KeyError(repr(request))

    monkeypatch.setitem(HANDLERS, "ListTables", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(EngineError) as raised:
        Engine().call("ListTables", {"ExclusiveStartTableName": "secretvalue"})
    assert raised.value.code == "InternalServerError"
    assert isinstance(raised.value.__cause__, KeyError)
    assert "KeyError" in caplog.text
    assert "secretvalue" not in caplog.text


# ----------------------------------------------------------------------- options


@pytest.mark.parametrize(
    "options",
    [
        {"stream_shards": 0},
        {"stream_shards": 1.5},
        {"stream_shards": True},
        {"table_delay_s": -1},
        {"table_delay_s": float("nan")},
        {"table_delay_s": "1"},
        {"throttle_above": (1,)},
        {"throttle_above": (1, -1)},
        {"throttle_above": 5},
        {"wording": "newest"},
    ],
)
def test_an_impossible_option_is_refused_by_its_name(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Engine(**options)


@pytest.mark.parametrize(
    "caller",
    [{"account": "1"}, {"account": 123456789012}, {"region": ""}, {"region": "a/b"}, {"region": 1}],
)
def test_an_impossible_caller_is_a_value_error(engine: Engine, caller: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"twelve digits|a region must be text"):
        engine.call("ListTables", {}, **caller)
    with pytest.raises(ValueError, match=r"twelve digits|a region must be text"):
        engine.database(**caller)
