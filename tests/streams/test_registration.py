"""Stream handlers: which options and functions are refused when they are registered."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.testing import stream_event, stream_record
from tests.streams.models import Anything, Customer, Order, order

pytestmark = pytest.mark.anyio


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
