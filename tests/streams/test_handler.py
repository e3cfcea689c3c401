"""Stream handlers: which function a record goes to, what is captured, what Lambda is answered."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Anything, Customer, Invoice, Order, Session, event, failed, records

pytestmark = pytest.mark.anyio


def order(order_id: str, status: str = "open") -> Order:
    return Order(customer_id="c1", order_id=order_id, status=status)


class Seen(list[Any]):
    """What handlers were called with."""

    def handler(self, **options: Any) -> adorm.StreamHandler:
        async def rest(record: adorm.StreamRecord) -> None:
            self.append(("rest", record.kind))

        return adorm.StreamHandler(rest, **options)


# ---- dispatch


async def test_each_kind_goes_to_its_handler_and_the_rest_to_the_fallback() -> None:
    seen = Seen()
    changes = seen.handler()
    db = adorm.connect("memory")

    @changes.insert(Order)
    async def created(
        order: Order, change: adorm.StreamChange[Order], database: adorm.Database
    ) -> None:
        seen.append((change.kind, order.status, database is db))

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> None:
        seen.append(("MODIFY", old.status, new.status))

    assert failed(await changes(event("new_and_old_images"), None, db)) == []
    assert seen == [("INSERT", "open", True), ("MODIFY", "open", "paid"), ("rest", "REMOVE")]


async def test_a_registered_function_stays_what_it_was() -> None:
    changes = adorm.StreamHandler()

    async def gone(order: Order) -> str:
        return order.status

    assert changes.insert(Order)(gone) is gone
    assert changes.remove(Order)(gone) is gone
    assert await gone(order("o1")) == "open"


async def test_the_decorator_takes_options_or_none_and_keeps_name_and_documentation() -> None:
    @adorm.stream_handler
    async def plain(record: adorm.StreamRecord, db: adorm.Database) -> None:
        """What it does."""

    @adorm.stream_handler(concurrency=2, after_failure="stop_shard")
    async def chosen(record: adorm.StreamRecord) -> None: ...

    assert isinstance(plain, adorm.StreamHandler)
    assert isinstance(chosen, adorm.StreamHandler)
    assert (getattr(plain, "__name__", None), plain.__doc__) == ("plain", "What it does.")
    assert list(inspect.signature(plain).parameters) == ["event", "context", "db"]
    assert inspect.unwrap(plain) is not plain
    assert repr(chosen) == "<adorm.StreamHandler chosen: no typed handler>"


async def test_an_expired_item_goes_to_expire_and_without_it_to_remove() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.remove(Session)
    async def removed(old: Session, change: adorm.StreamChange[Session]) -> None:
        seen.append(("removed", change.expired))

    await changes.process(event("time_to_live"))
    assert seen == [("removed", True), ("removed", False)]

    seen.clear()

    @changes.expire(Session)
    async def expired(old: Session) -> None:
        seen.append("expired")

    await changes.process(event("time_to_live"))
    assert seen == ["expired", ("removed", False)]


async def test_models_of_one_table_are_told_apart_by_their_discriminators() -> None:
    seen = Seen()
    changes = seen.handler(concurrency=1)

    @changes.insert(Invoice)
    async def invoiced(invoice: Invoice) -> None:
        seen.append(invoice)

    @changes.insert(Customer)
    async def joined(customer: Customer) -> None:
        seen.append(customer)

    assert failed(await changes(event("single_table"), None)) == []
    assert seen == [
        Customer(pk="C#1", sk="PROFILE", name="Ada"),
        Invoice(pk="C#1", sk="INV#7", amount=12),
        ("rest", "INSERT"),
    ]


async def test_a_predicate_goes_first_and_a_model_without_discriminator_takes_what_is_left() -> (
    None
):
    seen = Seen()
    changes = seen.handler(concurrency=1)

    @changes.insert(Anything)
    async def left(item: Anything) -> None:
        seen.append(("left", item.sk))

    @changes.insert(Customer)
    async def joined(customer: Customer) -> None:
        seen.append(("joined", customer.sk))

    @changes.insert(Anything, when=lambda item: item["sk"]["S"].startswith("NOTE#"))
    async def noted(item: Anything) -> None:
        seen.append(("noted", item.sk))

    await changes.process(event("single_table"))
    assert seen == [("joined", "PROFILE"), ("left", "INV#7"), ("noted", "NOTE#1")]


async def test_tables_are_told_apart_by_the_names_that_the_database_gives_them() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    batch = stream_event(
        stream_record(new=order("o1"), table_name="dev-orders"), stream_record(new=order("o2"))
    )
    await changes.process(batch, adorm.connect("memory", table_prefix="dev-"))
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]
    seen.clear()
    await changes.process(batch, adorm.connect("memory", table_names={"orders": "dev-orders"}))
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]
    seen.clear()
    await changes.process(batch)
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o2"]


async def test_two_models_that_the_database_puts_into_one_table_are_never_confused() -> None:
    @adorm.model(table="archive")
    class Archived:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()

    async def handler(item: object) -> None: ...

    changes = adorm.StreamHandler()
    changes.insert(Order)(handler)
    changes.insert(Archived)(handler)
    batch = stream_event(stream_record(new=order("o1"), table_name="all"))
    [outcome] = (
        await changes.process(batch, adorm.connect("memory", table_names=lambda _: "all"))
    ).failures
    assert "both take it" in str(outcome.error)


async def test_a_handler_can_be_of_a_table_that_is_named() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order, table_name="archive")
    async def archived(order: Order) -> None:
        seen.append(order.order_id)

    await changes.process(
        stream_event(
            stream_record(new=order("o1"), table_name="archive"), stream_record(new=order("o2"))
        )
    )
    assert sorted(seen, key=str) == [("rest", "INSERT"), "o1"]


async def test_several_tables_in_one_event_have_their_handlers() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.order_id)

    @changes.insert(Session)
    async def opened(session: Session) -> None:
        seen.append(session.roles)

    assert failed(await changes(event("several_tables"), None)) == []
    assert seen == ["o1", {"admin", "user"}, "o2"]


async def test_a_key_of_another_shape_is_not_the_models() -> None:
    seen = Seen()
    changes = seen.handler()

    async def taken(item: object) -> None:
        seen.append("taken")

    @adorm.model(table="orders")
    class Numbered:
        customer_id: str = adorm.partition_key()
        order_id: int = adorm.sort_key()

    changes.insert(Numbered)(taken)
    await changes.process(stream_event(stream_record(new=order("o1"))))
    await changes.process(event("binary_and_sets"), table_name="orders")
    renamed = stream_record(new=Session(token=b"t"), table_name="orders")
    await changes.process(stream_event(renamed))
    assert seen == [("rest", "INSERT")] * 3
    await changes.process(stream_event(stream_record(new=Numbered(customer_id="c1", order_id=1))))
    assert seen[3:] == ["taken"]


async def test_a_predicate_sees_the_new_image_else_the_old_one_else_the_key() -> None:
    seen: list[object] = []
    changes = adorm.StreamHandler(unhandled="ignore")

    async def nothing(*items: object) -> None: ...

    def look(item: dict[str, Any]) -> bool:
        seen.append(item.get("status", {}).get("S"))
        return True

    changes.modify(Order, when=look, optional_images=True)(nothing)
    changes.remove(Order, when=look, optional_images=True)(nothing)
    paid = stream_record(old=order("o1"), new=order("o1", "paid"))
    gone = stream_record(old=order("o1"))
    await changes.process(
        stream_event(paid, gone, stream_record(old=order("o1"), view_type="KEYS_ONLY"))
    )
    assert seen == ["paid", "open", None]


async def test_a_databases_hooks_hold_in_handlers() -> None:
    class Price:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    @adorm.model(table="bills")
    class Bill:
        bill_id: str = adorm.partition_key()
        price: Price = adorm.attribute()

    db = adorm.connect("memory")
    db.converter.register_structure_hook(Price, lambda value, _: Price(int(value["N"])))
    db.converter.register_unstructure_hook(Price, lambda price: {"N": str(price.cents)})
    changes = adorm.StreamHandler()

    @changes.insert(Bill)
    async def billed(bill: Bill) -> int:
        return bill.price.cents

    record = stream_record(new=order("o1"), table_name="bills")
    record["dynamodb"] |= {
        "Keys": {"bill_id": {"S": "b1"}},
        "NewImage": {"bill_id": {"S": "b1"}, "price": {"N": "995"}},
    }
    [outcome] = (await changes.process([record], db)).outcomes
    assert outcome.value == 995


async def test_kinesis_records_are_handled_and_named_by_kinesis_numbers() -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise KeyError(order.order_id)

    numbers = [record["kinesis"]["sequenceNumber"] for record in records("kinesis")]
    assert failed(await changes(event("kinesis"), None)) == numbers


async def test_the_answer_of_get_records_needs_the_tables_name() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.expire(Order)
    async def expired(order: Order) -> None:
        seen.append(order.order_id)

    assert (await changes.process(event("get_records"), table_name="orders")).failures == []
    assert seen == ["o1"]
    [outcome] = (await changes.process(records("get_records"))).failures
    assert "table_name=" in str(outcome.error)


# ---- images that the stream does not carry


@pytest.mark.parametrize("name", ["keys_only", "new_image", "old_image"])
async def test_a_handler_that_lacks_its_image_fails_and_names_the_setting(name: str) -> None:
    changes = adorm.StreamHandler(after_failure="continue")

    async def one(item: Order) -> None: ...

    async def two(old: Order, new: Order) -> None: ...

    changes.insert(Order)(one)
    changes.modify(Order)(two)
    changes.remove(Order)(one)
    failures = (await changes.process(event(name))).failures
    assert failures
    assert all("StreamViewType" in str(outcome.error) for outcome in failures)


async def test_images_that_may_be_missing_are_none() -> None:
    seen = Seen()
    changes = adorm.StreamHandler()

    @changes.insert(Order, optional_images=True)
    async def created(new: Order | None, change: adorm.StreamChange[Order]) -> None:
        seen.append((change.key.values, new))

    @changes.modify(Order, optional_images=True)
    async def changed(old: Order | None, new: Order | None) -> None:
        seen.append((old, new))

    @changes.remove(Order, optional_images=True)
    async def removed(old: Order | None) -> None:
        seen.append(old)

    assert failed(await changes(event("keys_only"), None)) == []
    assert seen == [(("c1", "o1"), None), (None, None), None]


# ---- failures


async def test_a_failure_is_captured_and_later_records_of_its_item_wait_for_it() -> None:
    handled: list[tuple[str, str]] = []
    changes = adorm.StreamHandler(concurrency=2)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            raise RuntimeError("no")
        handled.append((order.order_id, order.status))

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> str:
        handled.append((new.order_id, new.status))
        return new.status

    batch = [
        stream_record(new=order("o1")),
        stream_record(new=order("o2")),
        stream_record(old=order("o1"), new=order("o1", "paid")),
        stream_record(old=order("o2"), new=order("o2", "paid")),
    ]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    result = await changes.process(stream_event(*batch))
    assert handled == [("o2", "open"), ("o2", "paid")]
    assert result.to_repeat == [numbers[0], numbers[2]]
    assert failed(result.response) == [numbers[0], numbers[2]]
    assert [outcome.finished for outcome in result.outcomes] == [False, True, False, True]
    assert [type(outcome.error) for outcome in result.outcomes] == [
        RuntimeError,
        type(None),
        type(None),
        type(None),
    ]
    assert result.failures == [result.outcomes[0]]
    assert result.outcomes[3].value == "paid"
    assert result.outcomes[0].model is Order
    assert result.outcomes[0].label == f"INSERT of Order, sequence number {numbers[0]}"


async def test_items_of_two_tables_with_one_key_do_not_wait_for_each_other() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        if record.table_name == "orders":
            raise RuntimeError("no")

    result = await changes.process(
        stream_event(
            stream_record(new=order("o1")), stream_record(new=order("o1"), table_name="copies")
        )
    )
    assert [outcome.finished for outcome in result.outcomes] == [False, True]


async def test_stopping_the_shard_begins_nothing_behind_a_failure_and_names_all_that_follows() -> (
    None
):
    handled: list[str] = []
    changes = adorm.StreamHandler(concurrency=2, after_failure="stop_shard")
    second_began, first_failed = anyio.Event(), anyio.Event()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            await second_began.wait()
            first_failed.set()
            raise RuntimeError("no")
        second_began.set()
        await first_failed.wait()
        handled.append(order.order_id)

    batch = [stream_record(new=order(f"o{number}")) for number in range(1, 5)]
    result = await changes.process(stream_event(*batch))
    assert handled == ["o2"]  # it was running: it finishes
    assert [outcome.finished for outcome in result.outcomes] == [False, True, False, False]
    assert result.to_repeat == [record["dynamodb"]["SequenceNumber"] for record in batch]


async def test_stopping_the_shard_still_handles_what_lies_before_the_failure() -> None:
    handled: list[str] = []
    changes = adorm.StreamHandler(concurrency=2, after_failure="stop_shard")
    failed_already = anyio.Event()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o2":
            failed_already.set()
            raise RuntimeError("no")
        await failed_already.wait()
        handled.append(order.status)

    @changes.modify(Order)
    async def changed(old: Order, new: Order) -> None:
        handled.append(new.status)

    before = [
        stream_record(new=order("o1")),
        stream_record(old=order("o1"), new=order("o1", "paid")),
    ]
    behind = [
        stream_record(new=order("o2")),
        stream_record(old=order("o1", "paid"), new=order("o1", "sent")),
    ]
    result = await changes.process(stream_event(*before, *behind))
    assert handled == ["open", "paid"]
    assert result.to_repeat == [record["dynamodb"]["SequenceNumber"] for record in behind]


async def test_records_of_one_item_never_overlap_and_items_run_side_by_side_up_to_the_limit() -> (
    None
):
    running: list[str] = []
    most = 0
    release = anyio.Event()
    changes = adorm.StreamHandler(concurrency=3)

    async def work(order: Order) -> None:
        nonlocal most
        assert order.order_id not in running
        running.append(order.order_id)
        most = max(most, len(running))
        if len(running) == 3:
            release.set()
        await release.wait()
        await anyio.lowlevel.checkpoint()
        running.remove(order.order_id)

    changes.insert(Order)(work)
    batch = stream_event(*(stream_record(new=order(f"o{number % 5}")) for number in range(20)))
    assert failed(await changes(batch, None)) == []
    assert most == 3


async def test_sequence_numbers_compare_as_numbers_whatever_their_order_in_the_event() -> None:
    seen: list[str] = []
    changes = adorm.StreamHandler(concurrency=1)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        seen.append(order.status)
        if order.status == "third":
            raise RuntimeError("no")

    numbers = {"first": 99, "second": 100, "third": 1000, "fourth": 1001}
    batch = [
        stream_record(new=order("o1", status), sequence_number=number)
        for status, number in numbers.items()
    ]
    result = await changes.process(stream_event(*reversed(batch)))
    assert seen == ["first", "second", "third"]
    assert result.to_repeat == ["1000", "1001"]
    assert [outcome.sequence_number for outcome in result.outcomes] == ["1001", "1000", "100", "99"]


async def test_a_record_that_nobody_takes_fails_unless_it_may_be_ignored() -> None:
    [outcome] = (
        await adorm.StreamHandler().process(stream_event(stream_record(new=order("o1"))))
    ).failures
    assert "no handler takes INSERT of table orders" in str(outcome.error)
    result = await adorm.StreamHandler(unhandled="ignore").process(
        stream_event(stream_record(new=order("o1")))
    )
    assert result.outcomes[0].finished


async def test_an_item_that_does_not_fit_is_its_records_failure() -> None:
    seen = Seen()
    changes = seen.handler()

    @changes.insert(Order)
    async def created(order: Order) -> None: ...

    batch = stream_event(stream_record(new=order("o1")), stream_record(new=order("o2")))
    batch["Records"][0]["dynamodb"]["NewImage"]["total"] = {"S": "much"}
    result = await changes.process(batch)
    assert [outcome.finished for outcome in result.outcomes] == [False, True]
    error = result.outcomes[0].error
    assert isinstance(error, adorm.ItemDecodeError)
    assert error.path == "$.total"


async def test_a_predicate_that_raises_is_its_records_failure() -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order, when=lambda item: bool(item["nothing"]))
    async def created(order: Order) -> None: ...

    [outcome] = (await changes.process(stream_event(stream_record(new=order("o1"))))).failures
    assert isinstance(outcome.error, KeyError)


async def test_a_record_that_cannot_be_read_stops_all_behind_it_for_nobody_knows_its_item() -> None:
    seen = Seen()
    changes = seen.handler()
    batch = stream_event(*(stream_record(new=order(f"o{number}")) for number in range(4)))
    batch["Records"][1]["eventName"] = batch["Records"][3]["eventName"] = "?"
    result = await changes.process(batch)
    assert [outcome.finished for outcome in result.outcomes] == [True, False, False, False]
    assert [outcome.error is None for outcome in result.outcomes] == [True, False, True, True]
    assert isinstance(result.outcomes[1].error, adorm.UsageError)
    assert result.outcomes[1].record is None
    assert result.to_repeat == [
        record["dynamodb"]["SequenceNumber"] for record in batch["Records"][1:]
    ]
    assert len(seen) == 1


def test_a_decorator_without_its_model_is_refused_and_not_taken_for_a_handler() -> None:
    changes = adorm.StreamHandler()

    async def created(item: Order) -> None: ...

    decorators: list[Any] = [changes.insert, changes.modify, changes.remove, changes.expire]
    for decorator in decorators:
        with pytest.raises(adorm.UsageError, match="a model class is expected, not <function"):
            decorator(created)


async def test_a_record_that_cannot_be_named_fails_the_batch_before_anything_is_handled() -> None:
    seen = Seen()
    batch = stream_event(*(stream_record(new=order(f"o{number}")) for number in range(3)))
    del batch["Records"][2]["dynamodb"]["SequenceNumber"]
    with pytest.raises(adorm.UsageError, match="record 3 of 3 can't be named to Lambda"):
        await seen.handler()(batch, None)
    assert seen == []


FOREIGN: list[tuple[Any, str]] = [
    ({"Records": []}, "without records"),
    ({}, "no event of a stream"),
    ("x", "no event of a stream"),
    (None, "no event of a stream"),
    ({"Records": "abc"}, "no event of a stream"),
    (
        {"Records": [{"eventSource": "aws:sqs", "body": "secret"}]},
        "can't be named to Lambda.*: no record of a DynamoDB stream, but one of aws:sqs",
    ),
    ({"Records": [{}], "window": {"start": "x"}, "state": {}}, "tumbling window"),
    ({"Records": [], "isFinalInvokeForWindow": True}, "tumbling window"),
]


@pytest.mark.parametrize(("foreign", "words"), FOREIGN)
async def test_a_foreign_or_empty_event_is_refused(foreign: Any, words: str) -> None:
    with pytest.raises(adorm.UsageError, match=words) as caught:
        await adorm.StreamHandler()(foreign, None)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


async def test_without_partial_batches_a_failure_raises_so_that_the_whole_batch_comes_again() -> (
    None
):
    changes = adorm.StreamHandler(partial_batches=False)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        if order.order_id == "o1":
            raise KeyError("o1")

    with pytest.raises(adorm.StreamFailed, match="1 of 2 records are not handled") as caught:
        await changes(
            stream_event(stream_record(new=order("o1")), stream_record(new=order("o2"))), None
        )
    assert [outcome.finished for outcome in caught.value.outcomes] == [False, True]
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    assert failed(await changes(stream_event(stream_record(new=order("o2"))), None)) == []


# ---- hooks and logs


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_hook_is_told_of_each_failure_and_may_fail_itself(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, type[Any]]] = []

    def note(outcome: adorm.RecordOutcome) -> None:
        told.append((outcome.sequence_number, type(outcome.error)))
        raise ValueError("planted-secret")

    async def note_later(outcome: adorm.RecordOutcome) -> None:
        note(outcome)

    changes = adorm.StreamHandler(on_failure=note_later if is_async else note)

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise LookupError("planted-secret")

    record = stream_record(new=order("o1"))
    assert len(failed(await changes(stream_event(record), None))) == 1
    assert told == [(record["dynamodb"]["SequenceNumber"], LookupError)]
    assert "on_failure of a stream handler failed itself: ValueError" in caplog.text


async def test_failures_are_logged_with_number_and_model_and_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(order: Order) -> None:
        raise LookupError("planted-secret")

    batch = stream_event(
        stream_record(new=order("o1", "planted-secret")), stream_record(new=order("o2"))
    )
    batch["Records"][1]["dynamodb"]["NewImage"]["total"] = {"S": "planted-secret"}
    with caplog.at_level(logging.DEBUG, "adorm"):
        result = await changes.process(batch)
    first, second = caplog.records
    assert repr(result.outcomes[0]).endswith(": LookupError>")
    assert "planted-secret" not in repr(result)
    number = batch["Records"][0]["dynamodb"]["SequenceNumber"]
    assert (
        first.getMessage()
        == f"a record of a stream failed: INSERT of Order, sequence number {number}: LookupError"
    )
    assert second.getMessage().endswith("ItemDecodeError at $.total")
    assert (vars(first)["sequence_number"], vars(first)["model"], vars(first)["error_type"]) == (
        number,
        "Order",
        "LookupError",
    )
    assert "planted-secret" not in f"{caplog.text} {[vars(record) for record in caplog.records]}"


# ---- mistakes that are found at once


def test_options_that_are_none_are_refused() -> None:
    for options in (
        {"concurrency": 0},
        {"concurrency": True},
        {"concurrency": 2.5},
        {"after_failure": "stop"},
        {"unhandled": "drop"},
        {"stop_before_s": -1},
        {"stop_before_s": "1"},
        {"stop_before_s": float("inf")},
        {"stop_before_s": float("nan")},
        {"on_failure": 5},
    ):
        anything: Any = options
        with pytest.raises(adorm.UsageError, match=next(iter(options))):
            adorm.StreamHandler(**anything)


def test_handlers_of_another_form_are_refused() -> None:
    changes = adorm.StreamHandler()
    anything: Any = changes

    def plain(order: Order) -> None: ...

    async def nothing() -> None: ...

    async def too_few(one: object) -> None: ...

    async def too_many(one: object, two: object, three: object, four: object) -> None: ...

    async def by_name(order: Order, *, db: object) -> None: ...

    for function, words in (
        (plain, "async"),
        (nothing, "this one takes 0"),
        (too_many, "this one takes 4"),
        (by_name, "keyword-only"),
        (5, "async"),
    ):
        with pytest.raises(adorm.UsageError, match=words):
            anything.insert(Order)(function)
    with pytest.raises(adorm.UsageError, match=r"\(old, new, change, db\)"):
        anything.modify(Order)(too_few)
    for when in (nothing, 5):
        with pytest.raises(adorm.UsageError, match="when="):
            anything.insert(Order, when=when)(too_few)
    with pytest.raises(adorm.UsageError, match="fallback"):
        anything = adorm.stream_handler
        anything(plain)


def test_a_handler_may_be_any_async_callable() -> None:
    class Takes:
        async def __call__(self, order: Order, *more: object) -> None: ...

    changes = adorm.StreamHandler()
    changes.insert(Order)(Takes())
    assert repr(changes) == "<adorm.StreamHandler without fallback: INSERT of Order>"


def test_handlers_that_cannot_be_told_apart_are_refused() -> None:
    async def handler(item: Any) -> None: ...

    @adorm.model(table="app")
    class Twin:
        pk: str = adorm.partition_key()
        sk: str = adorm.sort_key()
        kind: str = adorm.discriminator("customer")

    @adorm.model(table="app")
    class Plain:
        pk: str = adorm.partition_key()
        sk: str = adorm.sort_key()

    changes = adorm.StreamHandler()
    changes.insert(Customer)(handler)
    changes.remove(Customer)(handler)
    changes.insert(Anything)(handler)
    changes.insert(Anything, table_name="elsewhere")(handler)
    for model, words in (
        (Customer, "has a handler of INSERT already"),
        (Twin, "can't be told from"),
        (Plain, "can't be told from"),
    ):
        with pytest.raises(adorm.UsageError, match=words):
            changes.insert(model)(handler)
    changes.insert(Plain, when=lambda item: True)(handler)
    changes.insert(Plain, when=lambda item: False)(handler)


def test_a_model_without_a_table_needs_its_name() -> None:
    @adorm.model
    class Homeless:
        pk: str = adorm.partition_key()

    async def handler(item: Homeless) -> None: ...

    changes = adorm.StreamHandler()
    with pytest.raises(adorm.UsageError, match="table_name="):
        changes.insert(Homeless)(handler)
    changes.insert(Homeless, table_name="homes")(handler)


async def test_a_handler_that_wants_the_database_is_not_called_without_one() -> None:
    changes = adorm.StreamHandler()

    @changes.insert(Order)
    async def created(
        order: Order, change: adorm.StreamChange[Order], db: adorm.Database
    ) -> None: ...

    @adorm.stream_handler
    async def others(record: adorm.StreamRecord, db: adorm.Database) -> None: ...

    @adorm.stream_handler
    async def without(record: adorm.StreamRecord, db: adorm.Database | None = None) -> None: ...

    batch = stream_event(stream_record(new=order("o1")))
    for handler in (changes, others):
        with pytest.raises(adorm.UsageError, match="takes db"):
            await handler.process(batch)
    assert (await without.process(batch)).failures == []
