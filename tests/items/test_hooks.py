"""Hooks: methods of a model that are called when its items are saved, deleted and loaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias, cast

import anyio
import attrs
import pytest

import adorm
from adorm.testing import Faults, Recorder

pytestmark = pytest.mark.anyio

calls: list[str] = []
"""What was called, since the test began."""


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


class Refused(Exception):
    """What hooks raise here."""


def changed(item: FrozenPage, **changes: Any) -> FrozenPage:
    """A copy with other values. mypy does not take a model for an attrs class."""
    made: FrozenPage = attrs.evolve(cast("Any", item), **changes)
    return made


class Note:
    """A base that is no model. Its hooks come first."""

    @adorm.before_save
    def begin(self) -> None:
        calls.append("begin")


@adorm.model(table="pages")
class Page(Note):
    page_id: str = adorm.partition_key()
    title: str = ""
    slug: str = ""
    version: int = adorm.version()

    @adorm.before_save
    async def normalise(self) -> None:
        await anyio.lowlevel.checkpoint()
        calls.append(f"before_save {self.page_id} {self.version}")
        if self.title == "bad":
            raise Refused("a bad title")
        self.slug = self.title.lower()

    @adorm.after_save
    async def publish(self) -> None:
        await anyio.lowlevel.checkpoint()
        calls.append(f"after_save {self.page_id} {self.version}")
        if self.title == "bad later":
            raise Refused("refused later")

    @adorm.before_delete
    def check(self) -> None:
        calls.append(f"before_delete {self.page_id}")
        if self.title == "kept":
            raise Refused("it is kept")

    @adorm.after_delete
    def forget(self) -> None:
        calls.append(f"after_delete {self.page_id}")
        if self.title == "bad later":
            raise Refused("refused later")


@adorm.model(table="pages", frozen=True)
class FrozenPage:
    page_id: str = adorm.partition_key()
    title: str = ""
    slug: str = ""
    shown: str = adorm.attribute(default="", omit_empty=True)
    version: int = adorm.version()

    @adorm.before_save
    def normalise(self) -> FrozenPage:
        return changed(self, slug=self.title.lower(), shown="")

    @adorm.before_save
    def count(self) -> None:
        calls.append(f"before_save {self.slug}")

    @adorm.after_save
    def publish(self) -> None:
        calls.append(f"after_save {self.slug} {self.version}")

    @adorm.after_load
    def show(self) -> FrozenPage:
        return changed(self, shown=f"<{self.title}>")


@adorm.model(table="pages")
class Loaded:
    page_id: str = adorm.partition_key()
    title: str = ""
    size: int = 0

    @adorm.after_load
    def measure(self) -> None:
        if self.title == "bad":
            raise Refused("a bad title")
        self.size = len(self.title)


class Bench:
    """A database whose requests are recorded, with faults."""

    def __init__(self) -> None:
        self.faults, self.recorder = Faults(), Recorder()
        self.db = adorm.connect("memory", wrap=lambda engine: self.recorder(self.faults(engine)))
        self.pages = self.db.table(Page)

    def sent(self) -> list[str]:
        """The operations since the last time."""
        operations = self.recorder.operations
        self.recorder.clear()
        return operations


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    async with bench.db:
        await bench.db.create_table(Page)
        bench.sent()
        yield bench


def page(title: str = "Hello", page_id: str = "p1") -> Page:
    return Page(page_id=page_id, title=title)


# ---- saving

Write: TypeAlias = Callable[[adorm.Database, Page], Awaitable[object]]


async def _transact(db: adorm.Database, method: str, item: Page) -> None:
    async with db.transaction() as tx:
        getattr(tx, method)(item)


async def _include(db: adorm.Database, item: Page) -> None:
    tx = db.transaction()
    tx.include(db.table(Page).create(item))
    await tx.commit()


async def _batch(db: adorm.Database, item: Page) -> None:
    async with db.table(Page).batch() as batch:
        await batch.put(item)


async def _each(item: Page) -> AsyncIterator[Page]:
    yield item


SAVES: dict[str, Write] = {
    "create": lambda db, item: db.table(Page).create(item),
    "put": lambda db, item: db.table(Page).put(item),
    "save": lambda db, item: db.table(Page).save(item),
    "get_or_create": lambda db, item: db.table(Page).get_or_create(item),
    "update_or_create": lambda db, item: db.table(Page).update_or_create(item, only=[Page.title]),
    "create, returning nothing": lambda db, item: db.table(Page).create(item).returning("none"),
    "put, returning the old": lambda db, item: db.table(Page).put(item).returning("old"),
    "tx.create": lambda db, item: _transact(db, "create", item),
    "tx.put": lambda db, item: _transact(db, "put", item),
    "tx.save": lambda db, item: _transact(db, "save", item),
    "tx.include": _include,
    "batch_write": lambda db, item: db.table(Page).batch_write(puts=[item]),
    "batch_write of a database": lambda db, item: db.batch_write(puts=[item]),
    "batch_write, async": lambda db, item: db.table(Page).batch_write(puts=_each(item)),
    "batch": _batch,
    "create_many": lambda db, item: db.table(Page).create_many([item]),
    "create_many, transact": lambda db, item: db.table(Page).create_many([item], transact=True),
}


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_each_way_to_store_an_instance_calls_the_hooks(bench: Bench, save: Write) -> None:
    item = page()
    await save(bench.db, item)
    assert calls == ["begin", "before_save p1 0", "after_save p1 1"]
    stored = await bench.pages.get("p1")
    assert (stored.slug, stored.version) == ("hello", 1)
    assert item.slug == "hello"


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_a_hook_that_raises_sends_nothing_of_the_item(bench: Bench, save: Write) -> None:
    with pytest.raises((Refused, adorm.BatchFailed)) as raised:
        await save(bench.db, page("bad"))
    error = raised.value
    if isinstance(error, adorm.BatchFailed):
        (error,) = error.exceptions
    assert isinstance(error, Refused)
    assert error.args == ("a bad title",)
    assert not hasattr(error, "applied")
    assert set(bench.sent()) <= {"GetItem", "UpdateItem"}
    assert not await bench.pages.scan()


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_an_error_after_a_save_says_that_the_write_was_applied(
    bench: Bench, save: Write
) -> None:
    item = page("bad later")
    with pytest.raises((Refused, adorm.BatchFailed)) as raised:
        await save(bench.db, item)
    error = raised.value
    if isinstance(error, adorm.BatchFailed):
        assert error.result.unprocessed == []
        (error,) = error.exceptions
    assert isinstance(error, Refused)
    assert cast("Any", error).applied is True
    notes = " ".join(error.__notes__)
    assert "Page.publish(), an after_save hook" in notes
    assert "the write was applied" in notes
    assert (await bench.pages.get("p1")).version == item.version == 1


async def test_hooks_are_called_once_where_the_request_is_sent_again(bench: Bench) -> None:
    bench.faults.on("PutItem", call=range(1, 3)).server_error()
    await bench.pages.create(page())
    assert bench.sent() == ["PutItem"] * 3
    assert calls == ["begin", "before_save p1 0", "after_save p1 1"]


async def test_hooks_are_called_again_where_an_operation_is_awaited_again(bench: Bench) -> None:
    put = bench.pages.put(page())
    await put
    await put
    assert calls[3:] == ["begin", "before_save p1 1", "after_save p1 2"]


async def test_no_hook_is_called_after_a_write_that_failed(bench: Bench) -> None:
    await bench.pages.create(page())
    calls.clear()
    with pytest.raises(adorm.ItemExists):
        await bench.pages.create(page())
    assert calls == ["begin", "before_save p1 0"]


async def test_the_key_is_made_of_what_the_hooks_have_left(bench: Bench) -> None:
    @adorm.model(table="pages")
    class Named:
        page_id: str = adorm.partition_key(default="")
        title: str

        @adorm.before_save
        def name(self) -> None:
            self.page_id = self.title.lower()

    named = bench.db.table(Named)
    await named.create(Named(title="A"))
    await named.batch_write(puts=[Named(title="B")])
    await named.create_many([Named(title="C")])
    async with bench.db.transaction() as tx:
        tx.put(Named(title="D"))
    assert sorted(each.page_id for each in await named.scan()) == ["a", "b", "c", "d"]


async def test_updates_and_writes_by_key_call_no_hooks(bench: Bench) -> None:
    await bench.pages.create(page())
    calls.clear()
    await bench.pages.update("p1").set(Page.title, "x")
    await bench.pages.update_many(["p1"]).set(Page.title, "y")
    async with bench.db.transaction() as tx:
        tx.update(Page, "p1").set(Page.title, "z")
    await bench.pages.delete("p1")
    async with bench.db.transaction() as tx:
        tx.delete(Page, "p1")
    await bench.pages.batch_write(deletes=["p1"])
    async with bench.pages.batch() as batch:
        await batch.delete("p1")
    assert calls == []


async def test_request_and_explain_call_no_hooks(bench: Bench) -> None:
    create = bench.pages.create(page())
    assert create.request()["Item"]["slug"] == {"S": ""}
    create.explain()
    bench.pages.create_many([page()]).request()
    bench.pages.batch_write(puts=[page()]).request()
    tx = bench.db.transaction()
    tx.create(page())
    tx.request()
    assert calls == []


async def test_a_save_of_some_fields_calls_them_too(bench: Bench) -> None:
    item = await bench.pages.create(page())
    item.title = "Other"
    await bench.pages.save(item, only=[Page.title])
    stored = await bench.pages.get("p1")
    assert (stored.title, stored.slug) == ("Other", "hello")
    assert calls[-1] == "after_save p1 2"


async def test_read_modify_write_calls_them_for_each_save(bench: Bench) -> None:
    await bench.pages.create(page())

    def change(item: Page) -> None:
        item.title = "Other"

    stored = await bench.pages.read_modify_write("p1", change)
    assert (stored.slug, stored.version) == ("other", 2)


async def test_a_move_calls_the_hooks_of_the_new_item(bench: Bench) -> None:
    item = await bench.pages.create(page())
    calls.clear()
    await bench.pages.move(item, page("Moved", "p2"))
    assert calls == ["begin", "before_save p2 0", "after_save p2 2"]
    assert (await bench.pages.get("p2")).slug == "moved"


async def test_update_or_create_calls_them_once_while_it_tries_again(bench: Bench) -> None:
    async def create_before(attempt: Any) -> Any:
        request = bench.pages.put(page("Rival")).request()
        await attempt.send({"TableName": "pages", "Item": request["Item"]})
        try:
            return await attempt.send()
        finally:
            await bench.db.call(
                "DeleteItem", {"TableName": "pages", "Key": {"page_id": {"S": "p1"}}}
            )

    bench.faults.on("PutItem", call=1).run(create_before)
    await bench.pages.update_or_create(page(), only=[Page.title])
    assert calls == ["begin", "before_save p1 0", "after_save p1 1"]


# ---- frozen models


async def test_of_a_frozen_model_the_copy_is_stored(bench: Bench) -> None:
    pages = bench.db.table(FrozenPage)
    given = FrozenPage(page_id="p1", title="Hello")
    stored = await pages.create(given)
    assert (given.slug, given.version) == ("", 0)
    assert (stored.slug, stored.version) == ("hello", 1)
    assert calls == ["before_save hello", "after_save hello 1"]
    old = await pages.put(changed(stored, title="Other")).returning("old")
    assert old is not None
    assert old.slug == "hello"
    assert calls[2:] == ["before_save other", "after_save other 2"]
    async with bench.db.transaction() as tx:
        write = tx.put(FrozenPage(page_id="p2", title="New"))
    assert write.stored.slug == "new"
    result = await pages.create_many([FrozenPage(page_id="p3", title="Third")])
    assert [each.slug for each in result.items] == ["third"]
    await pages.batch_write(puts=[FrozenPage(page_id="p4", title="Fourth")])
    assert (await pages.get("p4")).slug == "fourth"


async def test_a_before_hook_returns_nothing_else(bench: Bench) -> None:
    @adorm.model(table="pages")
    class Wrong:
        page_id: str = adorm.partition_key()

        @adorm.before_save
        def wrong(self) -> bool:
            return True

    with pytest.raises(adorm.UsageError, match="before_save hook and returned bool"):
        await bench.db.table(Wrong).create(Wrong(page_id="p1"))

    @adorm.model(table="pages", frozen=True)
    class WrongToo:
        page_id: str = adorm.partition_key()

        @adorm.before_save
        def wrong(self) -> str:
            return ""

        @adorm.after_delete
        def wrong_too(self) -> str:
            return ""

    pages = bench.db.table(WrongToo)
    with pytest.raises(adorm.UsageError, match="returns a changed copy"):
        await pages.create(WrongToo(page_id="p1"))
    with pytest.raises(adorm.UsageError, match="it returns None"):
        await pages.delete(WrongToo(page_id="p1"))
    assert bench.sent() == ["DeleteItem"]


# ---- deleting

Deletion: TypeAlias = Callable[[adorm.Database, Page], Awaitable[object]]


async def _batch_delete(db: adorm.Database, item: Page) -> None:
    async with db.table(Page).batch() as batch:
        await batch.delete(item)


async def _none() -> AsyncIterator[Page]:
    for _ in ():
        yield page()


DELETIONS: dict[str, Deletion] = {
    "delete": lambda db, item: db.table(Page).delete(item),
    "tx.delete": lambda db, item: _transact(db, "delete", item),
    "batch_write": lambda db, item: db.table(Page).batch_write(deletes=[item]),
    "batch_write, async": lambda db, item: db.table(Page).batch_write(puts=_none(), deletes=[item]),
    "batch": _batch_delete,
}


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)
async def test_each_way_to_delete_an_instance_calls_the_hooks(
    bench: Bench, delete: Deletion
) -> None:
    item = await bench.pages.create(page())
    calls.clear()
    await delete(bench.db, item)
    assert calls == ["before_delete p1", "after_delete p1"]
    assert not await bench.pages.exists("p1")


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)
async def test_a_hook_that_raises_deletes_nothing(bench: Bench, delete: Deletion) -> None:
    item = await bench.pages.create(page("kept"))
    bench.sent()
    with pytest.raises(Refused, match="it is kept"):
        await delete(bench.db, item)
    assert bench.sent() == []


@pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)
async def test_an_error_after_a_delete_says_that_it_was_applied(
    bench: Bench, delete: Deletion
) -> None:
    item = await bench.pages.put(page()).unchecked()
    item.title = "bad later"
    with pytest.raises((Refused, adorm.BatchFailed)) as raised:
        await delete(bench.db, item)
    error = raised.value
    if isinstance(error, adorm.BatchFailed):
        (error,) = error.exceptions
    assert cast("Any", error).applied is True
    assert "Page.forget(), an after_delete hook" in error.__notes__[0]
    assert not await bench.pages.exists("p1")


async def test_a_soft_deletion_calls_them_and_purge_and_restore_call_none(bench: Bench) -> None:
    @adorm.model(table="pages")
    class Soft:
        page_id: str = adorm.partition_key()
        gone: datetime | None = adorm.deleted_at()

        @adorm.before_delete
        @adorm.after_delete
        @adorm.before_save
        @adorm.after_save
        def log(self) -> None:
            calls.append("log")

    table = bench.db.table(Soft)
    item = await table.create(Soft(page_id="p1"))
    assert calls == ["log"] * 2
    await table.delete(item)
    assert calls == ["log"] * 4
    item = await table.restore(item)
    await table.purge(item)
    assert calls == ["log"] * 4
    assert not await table.exists("p1").with_deleted()


# ---- several items


async def test_a_hook_that_raises_keeps_the_whole_transaction_from_being_sent(
    bench: Bench,
) -> None:
    with pytest.raises(Refused) as raised:
        async with bench.db.transaction() as tx:
            tx.create(page())
            tx.create(page("bad", "p2"))
    assert raised.value.__notes__ == [
        "a hook of create Page p2 raised this: the transaction is not sent"
    ]
    assert bench.sent() == []
    assert not [call for call in calls if call.startswith("after")]


async def test_after_a_transaction_the_hooks_of_all_items_are_called(bench: Bench) -> None:
    with pytest.raises(Refused) as raised:
        async with bench.db.transaction() as tx:
            tx.create(page("bad later"))
            tx.create(page(page_id="p2"))
    assert cast("Any", raised.value).applied is True
    assert calls[-2:] == ["after_save p1 1", "after_save p2 1"]
    with pytest.raises(ExceptionGroup) as group:
        async with bench.db.transaction() as tx:
            tx.create(page("bad later", "p3"))
            tx.create(page("bad later", "p4"))
    assert cast("Any", group.value).applied is True
    assert len(group.value.exceptions) == 2


async def test_of_a_transaction_that_is_cancelled_no_hooks_after_it_are_called(
    bench: Bench,
) -> None:
    await bench.pages.create(page())
    calls.clear()
    with pytest.raises(adorm.TransactionCanceled):
        async with bench.db.transaction() as tx:
            tx.create(page())
            tx.create(page(page_id="p2"))
    assert [call for call in calls if call.startswith("after")] == []


async def test_a_hook_that_raises_keeps_a_batch_of_a_list_from_being_sent(bench: Bench) -> None:
    items = [page(), page("bad", "p2"), page(page_id="p3")]
    for operation in (
        bench.pages.batch_write(puts=items),
        bench.pages.create_many(items),
        bench.pages.create_many(items, transact=True),
    ):
        with pytest.raises(Refused) as raised:
            await operation
        assert "2 of 3: nothing was sent" in raised.value.__notes__[0]
    assert bench.sent() == []


async def test_in_a_block_only_the_item_whose_hook_raised_is_not_sent(bench: Bench) -> None:
    async with bench.pages.batch() as batch:
        await batch.put(page())
        with pytest.raises(Refused):
            await batch.put(page("bad", "p2"))
        await batch.put(page(page_id="p3"))
    assert sorted(each.page_id for each in await bench.pages.scan()) == ["p1", "p3"]


async def test_of_an_async_iterable_the_item_whose_hook_raised_is_an_outcome(
    bench: Bench,
) -> None:
    async def items() -> AsyncIterator[Page]:
        yield page()
        yield page("bad", "p2")
        yield page(page_id="p3")

    result = await bench.pages.batch_write(puts=items()).collect_errors()
    assert [str(error) for error in result.errors] == ["a bad title"]
    assert [cast("Page", each).page_id for each in result.unprocessed] == ["p2"]
    assert sorted(each.page_id for each in await bench.pages.scan()) == ["p1", "p3"]


async def test_after_a_batch_the_hooks_of_all_items_are_called(bench: Bench) -> None:
    items = [page("bad later"), page(page_id="p2")]
    with pytest.raises(adorm.BatchFailed) as failed:
        await bench.pages.batch_write(puts=items)
    assert failed.value.result.written == 2
    assert failed.value.result.unprocessed == []
    assert calls[-2:] == ["after_save p1 1", "after_save p2 1"]


async def test_create_many_counts_an_item_whose_later_hook_raised_as_created(
    bench: Bench,
) -> None:
    items = [page("bad later"), page(page_id="p2")]
    for transact in (False, True):
        operation = bench.pages.create_many(items, transact=transact).collect_errors()
        result = await operation
        assert len(result.items) == 2
        assert result.unprocessed == []
        assert len(result.errors) == 1
        await bench.pages.batch_write(deletes=["p1", "p2"])


# ---- cancellation


async def _run(save: Write, db: adorm.Database, item: Page) -> None:
    await save(db, item)


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_cancelled_in_a_hook_before_it_nothing_is_sent(bench: Bench, save: Write) -> None:
    waiting = anyio.Event()

    async def wait(self: Page) -> None:
        waiting.set()
        await anyio.sleep_forever()

    original = Page.normalise
    Page.normalise = wait  # type: ignore[method-assign]
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_run, save, bench.db, page())
            await waiting.wait()
            group.cancel_scope.cancel()
    finally:
        Page.normalise = original  # type: ignore[method-assign]
    assert set(bench.sent()) <= {"GetItem", "UpdateItem"}
    assert not await bench.pages.scan()


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_cancelled_in_a_hook_after_it_the_item_is_stored(bench: Bench, save: Write) -> None:
    waiting = anyio.Event()

    async def wait(self: Page) -> None:
        waiting.set()
        await anyio.sleep_forever()

    original = Page.publish
    Page.publish = wait  # type: ignore[method-assign]
    item = page()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_run, save, bench.db, item)
            await waiting.wait()
            group.cancel_scope.cancel()
    finally:
        Page.publish = original  # type: ignore[method-assign]
    assert (await bench.pages.get("p1")).version == item.version == 1


async def test_cancelled_while_it_is_sent_no_hook_after_it_is_called(bench: Bench) -> None:
    hold = bench.faults.on("PutItem").hold(applied=True)
    async with anyio.create_task_group() as group:
        group.start_soon(bench.pages.create(page()).run)
        await hold.reached()
        group.cancel_scope.cancel()
    assert calls == ["begin", "before_save p1 0"]


# ---- loading


Load: TypeAlias = Callable[[adorm.Database], Awaitable[object]]


async def _batch_get(db: adorm.Database) -> object:
    return (await db.table(Loaded).batch_get(["p1"])).items[0]


async def _transact_get(db: adorm.Database) -> object:
    return (await db.transact_get(db.table(Loaded).key("p1")))[0]


async def _loader(db: adorm.Database) -> object:
    async with db.table(Loaded).loader() as loader:
        return await loader.load("p1")


async def _page(db: adorm.Database) -> object:
    return (await db.table(Loaded).scan().page()).items[0]


async def _iterated(db: adorm.Database) -> object:
    (item,) = [each async for each in db.table(Loaded).scan()]
    return item


async def _exists(db: adorm.Database) -> object:
    with pytest.raises(adorm.ItemExists) as failed:
        await db.table(Loaded).create(Loaded(page_id="p1"))
    return failed.value.item


LOADS: dict[str, Load] = {
    "get": lambda db: db.table(Loaded).get("p1"),
    "get_or_none": lambda db: db.table(Loaded).get_or_none("p1"),
    "query": lambda db: db.table(Loaded).query("p1").first(),
    "scan": lambda db: db.table(Loaded).scan().first(),
    "scan, iterated": _iterated,
    "page": _page,
    "batch_get": _batch_get,
    "transact_get": _transact_get,
    "loader": _loader,
    "update, returning the new": lambda db: (
        db.table(Loaded).update("p1").set(Loaded.title, "Hello").returning("new")
    ),
    "put, returning the old": lambda db: (
        db.table(Loaded).put(Loaded(page_id="p1")).returning("old")
    ),
    "the item of an error": _exists,
}


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
async def test_each_way_to_load_an_item_calls_the_hook(bench: Bench, load: Load) -> None:
    await bench.db.table(Loaded).create(Loaded(page_id="p1", title="Hello"))
    loaded = await load(bench.db)
    assert isinstance(loaded, Loaded)
    assert loaded.size == 5


async def test_pages_that_are_parsed_from_bytes_call_it(bench: Bench) -> None:
    codec = bench.db.codec
    parser = codec.page_parser(Loaded)
    assert parser is not None
    parser._seen_bytes = 1 << 30  # as if it were worth while
    body = b'{"Items": [{"page_id": {"S": "p1"}, "title": {"S": "Hello"}}], "Count": 1}'
    answer = parser.parse(body)
    assert answer is not None
    (item,) = answer["Items"].decode_all(bench.db.binding(Loaded))
    assert item.size == 5


async def test_maps_call_it_and_plain_values_do_not(bench: Bench) -> None:
    item = {"page_id": {"S": "p1"}, "title": {"S": "Hello"}}
    assert adorm.from_attribute_map(Loaded, item).size == 5
    assert adorm.from_plain(Loaded, {"page_id": "p1", "title": "Hello"}).size == 0


async def test_of_a_frozen_model_it_returns_a_copy(bench: Bench) -> None:
    pages = bench.db.table(FrozenPage)
    await pages.create(FrozenPage(page_id="p1", title="Hello"))
    assert (await pages.get("p1")).shown == "<Hello>"


async def test_an_item_that_it_refuses_is_an_item_decode_error(bench: Bench) -> None:
    table = bench.db.table(Loaded)
    for title in ("Hello", "bad"):
        await table.create(Loaded(page_id=title, title=title))
    with pytest.raises(adorm.ItemDecodeError, match=r"by Loaded.measure\(\): Refused: a bad"):
        await table.get("bad")
    result = await table.scan().collect_errors()
    assert [each.size for each in result.items] == [5]
    assert len(result.errors) == 1
    assert isinstance(result.errors[0].__cause__, Exception)
    with pytest.raises(adorm.ItemExists) as failed:
        await table.create(Loaded(page_id="bad"))
    assert failed.value.item is None


async def test_it_returns_nothing_else(bench: Bench) -> None:
    @adorm.model(table="pages")
    class Wrong:
        page_id: str = adorm.partition_key()

        @adorm.after_load
        def wrong(self) -> bool:
            return True

    table = bench.db.table(Wrong)
    await table.create(Wrong(page_id="p1"))
    with pytest.raises(adorm.ItemDecodeError, match="returned bool: it returns None"):
        await table.get("p1")


# ---- declaring them


def test_a_method_that_overrides_a_hook_is_called_in_its_place() -> None:
    @adorm.model(table="pages")
    class Derived(Loaded):
        def measure(self) -> None:
            self.size = -1

    @adorm.model(table="pages")
    class Without(Loaded):
        # no hook any more
        measure = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    item = {"page_id": {"S": "p1"}, "title": {"S": "Hello"}}
    assert adorm.from_attribute_map(Derived, item).size == -1
    assert adorm.from_attribute_map(Without, item).size == 0


async def test_hooks_of_bases_come_first(bench: Bench) -> None:
    @adorm.model(table="pages")
    class Derived(Page):
        @adorm.before_save
        def begin_again(self) -> None:
            calls.append("begin again")

        @adorm.before_save
        def begin(self) -> None:
            calls.append("begin otherwise")

    await bench.db.table(Derived).create(Derived(page_id="p1"))
    assert calls[:3] == ["begin otherwise", "before_save p1 0", "begin again"]


async def test_the_table_of_an_abstract_model_calls_the_hooks_of_subclasses() -> None:
    shop = adorm.SingleTable("shop")

    @adorm.model(table=shop, abstract=True)
    class Account:
        name: str
        loaded: bool = False

        @adorm.key
        def key(self, name: str) -> adorm.KeyText:
            return f"ACCOUNT#{name}", "ACCOUNT"

        @adorm.before_save
        def first(self) -> None:
            calls.append("Account")

    @adorm.model(table=shop)
    class User(Account):
        @adorm.before_save
        def second(self) -> None:
            calls.append("User")

        @adorm.after_load
        def note(self) -> None:
            self.loaded = True

    async with adorm.connect("memory") as db:
        await db.create_table(shop)
        accounts = db.table(Account)
        await accounts.create(User(name="ada"))
        await accounts.batch_write(puts=[User(name="bob")])
        assert calls == ["Account", "User"] * 2
        assert (await accounts.get(name="ada")).loaded
        assert all(each.loaded for each in await accounts.scan())


def test_after_load_is_not_async() -> None:
    async def wrong(_self: object) -> None: ...

    with pytest.raises(adorm.ModelError, match="is async, and an after_load hook can't be"):
        adorm.after_load(wrong)

    with pytest.raises(adorm.ModelError, match=r"Derived.measure: .* is async"):

        @adorm.model(table="pages")
        class Derived(Loaded):
            # the mistake
            async def measure(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
                self,
            ) -> None: ...


def test_hooks_are_plain_methods() -> None:
    wrongs: list[Any] = [staticmethod(len), property(len), len]
    for wrong in wrongs:
        with pytest.raises(adorm.ModelError, match="decorates a method of a model"):
            adorm.before_save(wrong)
    with pytest.raises(adorm.ModelError, match=r"Wrong.wrong: a hook is called with the instance"):

        @adorm.model(table="pages")
        class Wrong:
            page_id: str = adorm.partition_key()

            @staticmethod
            @adorm.before_save
            def wrong() -> None: ...


def _with_hook(method: Any) -> Any:
    return type("Hooked", (), {"__annotations__": {}, "check": adorm.before_save(method)})


def test_a_hook_takes_nothing_but_the_instance() -> None:
    def beside(self: object, session: object) -> None: ...
    def by_name(self: object, *, session: object) -> None: ...
    def nothing() -> None: ...
    def optional(self: object, session: object = None, *, more: int = 0) -> None: ...
    def anything(*args: object, **named: object) -> None: ...

    for wrong, why in ((beside, "session"), (by_name, "session"), (nothing, "no self")):
        with pytest.raises(adorm.ModelError, match=f"Hooked.check takes {why}, and a hook is"):
            adorm.model(_with_hook(wrong))
    for right in (optional, anything):
        adorm.model(_with_hook(right))


async def test_a_mapped_class_has_no_hooks(bench: Bench) -> None:
    @attrs.define
    class Plain:
        page_id: str

        @adorm.before_save
        def log(self) -> None:
            calls.append("log")

    mapped = adorm.map_class(Plain, table="pages", partition_key="page_id")
    await bench.db.table(mapped).create(Plain("p1"))
    assert calls == []
