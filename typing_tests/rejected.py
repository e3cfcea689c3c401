"""What both checkers have to reject: each marked line, and no other. tests/test_typing.py holds them to it.

`# E: what is wrong` marks a line that mypy and pyright reject both; `# E(mypy): ...` or `# E(pyright): ...` one that only that one
rejects, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import adorm
import adorm.testing
from adorm import attr, not_none
from adorm.integrations.fastapi import CursorPage, lifespan, table
from typing_tests.models import Address, Event, Grade, Line, Order, Part, Point

db = adorm.connect("memory")
orders = db.table(Order)
parts = db.table(Part)
events = db.table(Event)
found = orders.query("c1")
some = parts.scan()
change = orders.update("c1", "o1")
line = Line(sku="x")
now = datetime.now(UTC)


# ---- models


def models(order: Order) -> None:
    Order(order_id="o1")  # E: the partition key is missing
    Order(customer_id="c1")  # E: the sort key is missing
    Order("c1", "o1")  # E: fields by position
    Order(customer_id=1, order_id="o1")  # E: a key of the wrong type
    Order(customer_id="c1", order_id="o1", totals=5)  # E: no such field in the constructor
    Order(customer_id="c1", order_id="o1", total="5")  # E: text for a number
    Order(customer_id="c1", order_id="o1", tags=["a"])  # E: a list for a set
    Order(customer_id="c1", order_id="o1", created_at="2026")  # E: text for a time
    Order(customer_id="c1", order_id="o1", lines=[Address(city="x", zip="1")])  # E: elements of the wrong class
    Line()  # E: a required field of a nested value is missing
    order.totl = Decimal(5)  # E: no such field of an instance to set
    order.total = "5"  # E: an attribute of the wrong type
    order.lines.append("x")  # E: an element of the wrong type
    Event(event_id="e").size = 3  # E: an instance of a frozen model can't be changed
    adorm.model(table=5)  # E: a table's name is text
    adorm.model(tables="orders")  # E: no such option
    adorm.model(indexes=["by-status"])  # E: an index is not its name
    adorm.GlobalIndex("by-status")  # E: an index needs its partition
    adorm.GlobalIndex("by-status", partition="status", projection=5)  # E: no such projection
    adorm.LocalIndex("by-total", sort=["total"])  # E: a local index has one sort key
    adorm.attribute(nam="n")  # E: no such option of a field
    adorm.partition_key("id")  # E: options go by name
    adorm.map_class(Point, table="points")  # E: the partition key is not named
    adorm.from_attribute_map(Order, "text")  # E: no attribute map
    adorm.from_attribute_map("Order", {})  # E: a name in place of the model


# ---- paths and conditions


def conditions() -> None:
    found.where(Order.agee > 1)  # E: no such field
    found.where(Order.total > "x")  # E: text against a number
    found.where(Order.status > 5)  # E: a number against text
    found.where(Order.status == 5)  # E: a number equal to text
    found.where(Order.created_at > "2026")  # E: text against a time
    found.where(Order.created_at > 2026)  # E: a number against a time
    found.where(Order.lines[0].town == "x")  # E: no such nested field
    found.where(Order.lines["a"].sku == "x")  # E: a list index is a number
    found.where(Order.lines.sku == "x")  # E: a list has no fields
    found.where(Order.labels[0] == "v")  # E: a map key is text
    found.where(Order.labels["k"] > 5)  # E: a map's value of the wrong type
    found.where(Order.address.city == "Berlin")  # E: an optional field without not_none
    found.where(Order.expires_at > now)  # E: an optional field has no order
    found.where(not_none(Order.address).town == "x")  # E: no such field behind not_none
    found.where(not_none(Order.address).city > 5)  # E: a wrong operand behind not_none
    found.where(Order.lines[0].quantity > "1")  # E: a wrong operand in a list
    found.where(Order.status)  # E: a path is no condition
    found.where("status = open")  # E: text is no condition
    found.where(Order.total + 1)  # E: a sum is no condition
    found.filter(attr(Order.note))  # E: a path with verbs is no condition
    found.where(lambda order: order.total > 1)  # E: a function is no condition
    found.where(attr(Order.note) > 5)  # E: attr: a wrong operand
    found.where(attr(Order.note) == 5)  # E: attr: an equal of another type
    found.where(attr(Order.total) != "5")  # E: attr: an unequal of another type
    found.where(attr(Order.total) < 1.5)  # E: attr: a float against a Decimal
    found.where(attr(Order.total).begins_with("1"))  # E: a number has no beginning
    found.where(attr(Order.note).begins_with(5))  # E: a prefix is text
    found.where(attr(Order.note).begins_with(b"x"))  # E: bytes before text
    found.where(attr(Order.total).between("a", "b"))  # E: ends of the wrong type
    found.where(attr(Order.note).between("a"))  # E: an end is missing
    found.where(attr(Order.status).is_in("open", 5))  # E: one of the values is of another type
    found.where(attr(Order.status).is_in(["open", "paid"]))  # E: a list in place of the values
    found.where(attr(Order.tags).contains(5))  # E: no member of the set
    found.where(attr(Order.lines).contains("x"))  # E: no element of the list
    found.where(attr(Order.total).contains(5))  # E: a number contains nothing
    found.where(attr(Order.note).type_is("text"))  # E: no such type in DynamoDB
    found.where(attr(Order.note).size() > "3")  # E: a size is a number
    found.where(attr(Order.note).size().begins_with("3"))  # E: a size has no beginning
    found.where(attr(Order.note).starts_with("x"))  # E: no such verb
    found.where(attr(Order.note).exists)  # E: the verb is not called
    found.where(attr(Order.note).exists() & "x")  # E: a condition combined with text
    found.where(adorm.and_(Order.total > 1, "x"))  # E: and_ with text
    found.where(adorm.or_(Order.total > 1, Order.note))  # E: or_ with a path
    found.where(adorm.not_(Order.note))  # E: not_ of a path
    found.where(adorm.raw("#a = :x", names={"#a": 5}))  # E: a name is text
    found.where(adorm.path(Order.total) > 5)  # E: path() takes text
    some.filter(Part.colour == Grade.LOW)  # E: one enum against another
    some.filter(Part.colour > 1)  # E: an enum has no order
    some.filter(Part.kind == "screw")  # E: not among the literals
    some.filter(Part.rank > 3)  # E: an optional number has no order
    some.filter(Part.parent.age > 3)  # E: a way through None
    some.filter(Part.point.z > 3)  # E: no such field of a dataclass
    some.filter(not_none(Part.origin)["town"] == "x")  # E: no such key of a TypedDict
    some.filter(Part.counts["a"] > "x")  # E: a map's number against text
    some.filter(Part.shape.radius > 1)  # E: a field of some members of a union


# ---- updates


def updates() -> None:
    change.set(Order.total, "x")  # E: text set for a number
    change.set(Order.totl, 5)  # E: no such field to change
    change.set(Order.status, 5)  # E: a number for text
    change.set(Order.created_at, "2026")  # E: text set for a time
    change.set(Order.version, "1")  # E: text for an int
    change.set(Order.tags, {1})  # E: members of the wrong type
    change.set(Order.tags, ["a"])  # E: a list set for a set
    change.set(Order.lines, [Address(city="x", zip="1")])  # E: a list of another class
    change.set(Order.lines, line)  # E: an element for the list
    change.set(Order.lines[0].town, "x")  # E: no such nested field to change
    change.set(Order.labels, {"k": 5})  # E: a map's values of the wrong type
    change.set(Order.labels, {1: "v"})  # E: a map's keys are text
    change.set(Order.labels["k"], 5)  # E: one value of the wrong type
    change.set(Order.address, "Berlin")  # E: text for a nested value
    change.set(Order.status, Order.total)  # E: a path of another type
    change.set(Order.total, Order.status + "x")  # E: a sum of texts for a number
    change.set(Order.status)  # E: no value
    change.set(status="paid")  # E: changes do not go by name
    change.add(Order.status, "x")  # E: text can't be added to
    change.add(Order.total, "5")  # E: text added to a number
    change.add(Order.tags, {1})  # E: members of the wrong type added
    change.add(Order.tags, "new")  # E: one member in place of a set
    change.add(Order.lines, [line])  # E: a list is appended to
    change.append(Order.lines, line)  # E: one element in place of a list
    change.append(Order.lines, ["x"])  # E: elements of the wrong type
    change.append(Order.tags, ["x"])  # E: a set is added to
    change.append(Order.status, "x")  # E: text can't be appended to
    change.prepend(Order.lines, [Address(city="x", zip="1")])  # E: elements of another class in front
    change.remove(Order.notes)  # E: no such field to remove
    change.apply(attr(Order.lines[0]).set(Address(city="x", zip="1")))  # E: attr: one nested value for another
    change.apply(attr(Order.address).set(line))  # E: attr: another class in place of an optional one
    change.apply(attr(Part.colour).set(Grade.LOW))  # E: attr: one enum for another
    change.apply(attr(Part.age).set(1.5))  # E: attr: a float for an int
    change.apply(attr(Part.active).set(5))  # E: attr: a number for a bool
    change.apply(Order.note)  # E: a path is no clause
    change.apply(attr(Order.note).exists())  # E: a condition is no clause
    change.apply(attr(Order.note).set(5))  # E: attr: a wrong value
    change.apply(attr(Order.total).set_if_absent("5"))  # E: attr: a wrong value if absent
    change.apply(attr(Order.tags).delete({1}))  # E: attr: members of the wrong type taken out
    change.apply(attr(Order.lines).delete({"x"}))  # E: attr: a list has no members
    change.apply(attr(Order.status).add("x"))  # E: attr: text can't be added to
    change.apply(attr(Order.tags).append(["x"]))  # E: attr: a set is added to
    change.apply(attr(Order.lines).append([5]))  # E: attr: elements of the wrong type
    change.when("version = 3")  # E: text is no condition of an update
    change.when(Order.version == "3")  # E: a version against text
    change.returning("all")  # E: no such choice
    change.returning("new").set(Order.version, "1")  # E: the clauses stay typed behind returning
    change.where(Order.version == 3)  # E: an update is conditional by when
    rest = parts.update(("p", 1))
    rest.append(Part.tags_list, [1])  # E: numbers appended to texts
    rest.set(Part.matrix, [["a"]])  # E: nested elements of the wrong type
    rest.set(Part.sizes, {1})  # E: a set for a frozenset
    rest.set(Part.origin, {"land": "de"})  # E: the wrong keys of a TypedDict
    rest.set(Part.made_on, "2026-01-01")  # E: text for a date
    rest.set(Part.blob, "x")  # E: text for bytes
    rest.set(Part.source, "x")  # E: text for a path
    rest.set(Part.colour, 1)  # E: a value for an enum's member


# ---- operations


async def operations(order: Order, event: Event) -> None:
    await orders.create(event)  # E: an item of another model
    await orders.put({"customer_id": "c1"})  # E: a dict is no item
    await orders.create(Order)  # E: the class in place of an item
    await orders.save(order, only=Order.version)  # E: only= takes a list
    await orders.save(order, fields=[Order.status])  # E: no such option of save
    await orders.get()  # E: no key
    await orders.get(None)  # E: None is no key
    await orders.get(["c1", "o1"])  # E: a list is no key
    await orders.get("c1", "o1", "x")  # E: three parts of a key
    await orders.get(order)  # E: an item is no key to read by
    await orders.get(db.table(Event).key("e1"))  # E: a key of another model
    await orders.delete(event)  # E: an item of another model deleted
    await orders.delete(db.table(Event).key("e1"))  # E: a key of another model deleted
    await orders.update(order).set(Order.status, "x")  # E: an update takes a key
    await orders.get("c1", "o1").when(Order.version == 1)  # E: a read has no condition
    await orders.create(order).returning("new")  # E: a put can't return the new item
    await orders.put(order).set(Order.status, "x")  # E: a put has no clauses
    orders.get("c1", "o1").total  # E: the operation is not awaited
    (await orders.get_or_none("c1", "o1")).total  # E: there may be no item
    (await orders.get("c1", "o1")).totl  # E: no such field of the item
    (await orders.put(order).returning("old")).total  # E: there may be no old item
    (await orders.update("c1", "o1").remove(Order.note)).total  # E: an update returns nothing unless asked to
    number: int = await orders.get("c1", "o1")  # E: an item is no number
    text: str = await found.count()  # E: a count is no text
    gone: Order = await found.first()  # E: there may be no first item
    old: Order = await change.returning("old")  # E: there may be no old item of an update
    names: Sequence[str] = await found  # E: items are no texts
    print(number, text, gone, old, names)


async def reads() -> None:
    pairs: list[tuple[str, str]] = await found.select(Order.order_id, Order.total)  # E: select used at a wrong type
    wide: list[tuple[str, Decimal, str]] = await found.select(Order.order_id, Order.total)  # E: select used at a wrong length
    (await found.select(Order.order_id, Order.total))[0][1].upper()  # E: a Decimal used as text
    (await found.select(Order.order_id))[0][1].upper()  # E: there is no second value
    (await found.select(Order.order_id))[0].order_id  # E: a tuple is no item
    await found.select(Order.order_idd)  # E: no such field selected
    await found.select()  # E: nothing selected
    async for order_id, total in found.select(Order.order_id, Order.total):
        print(order_id + total)  # E: text and a number from a typed row
    async for order in found:
        print(order.totl)  # E: no such field of a row
    for order in found:  # E: a query is iterated by async for
        pass
    async with found.stream() as rows:
        rows[0]  # E: a stream has no index
    with found.stream():  # E: a stream is a block for async with
        pass
    (await found.page(5)).items  # E: a cursor is text
    (await found.page()).rows  # E: no such part of a page
    await found.limit("20")  # E: a limit is a number
    await found.limit(20.5)  # E: a limit is whole
    await found.index(5)  # E: an index goes by its name
    await found.order_by(Order.total)  # E: no such clause
    await found.sum(Order.note)  # E: text has no sum
    await found.avg(Order.created_at)  # E: times have no mean
    total_text: str = await found.sum(Order.total)  # E: a sum of Decimals is no text
    mean: int = await found.avg(Order.version)  # E: a mean is a Decimal or None
    counts: dict[int, int] = await found.count_by(Order.status)  # E: counted by text
    orders.scan().descending()  # E: a scan has no order
    orders.scan("c1")  # E: a scan has no partition
    orders.query(None)  # E: None is no partition
    print(pairs, wide, total_text, mean, counts)


async def connections() -> None:
    adorm.connect("disk")  # E: no such engine
    adorm.connect(region=5)  # E: a region is text
    adorm.connect(regoin="eu-central-1")  # E: no such option of a connection
    adorm.connect(retry=5)  # E: a policy is no number
    adorm.connect(rate_limit=100)  # E: a rate limit is no number
    adorm.connect(hedge=True)  # E: a hedge is an object
    adorm.Hedge(operations="GetItem")  # E: operations are a set of names
    db.hedge_figures.won = 0  # E: figures are not settable
    adorm.connect(table_names=["orders"])  # E: names by name, or a function
    adorm.RetryPolicy(max_attempts="5")  # E: attempts are a number
    adorm.RetryPolicy(5)  # E: a policy goes by names
    db.table("orders")  # E: a table goes by its model
    db.table(order := Order(customer_id="c", order_id="o"))  # E: an instance in place of the model
    db.table(int)  # E: a class that is no model
    orders.table(Order)  # E: a table has no tables
    async with adorm.deadline("2"):  # E: a deadline is a number of seconds
        pass
    with adorm.connect("memory"):  # E: a database is a block for async with
        pass
    key: adorm.Key[Event] = orders.key("c1", "o1")  # E: a key of another model by type
    table: adorm.Table[Event] = orders  # E: a table of another model by type
    read: adorm.Query[Event] = found  # E: a query of another model by type
    print(order, key, table, read)


def rename(order: Order) -> str:
    return order.status


async def transactions(order: Order) -> None:
    async with db.transaction() as tx:
        tx.create(Order)  # E: the class in place of an instance
        tx.create("c1")  # E: text is no instance
        tx.update(Order)  # E: an update needs a key
        tx.update(order).set(Order.status, "x")  # E: an update goes by model and key
        tx.update(Order, "c1", "o1").set(Order.total, "x")  # E: text in place of a number, in a transaction
        tx.update(Order, "c1", "o1").add(Order.status, 1)  # E: text is not added to
        tx.update(Order, "c1", "o1").when("x")  # E: text is no condition of a transaction
        tx.update(Order, events.key("e1"))  # E: a key of another model in a transaction
        tx.check(Order, "c1", "o1").set(Order.status, "x")  # E: a check changes nothing
        tx.delete(order).returning("old")  # E: a transaction returns nothing
        tx.include(orders.get("c1", "o1"))  # E: a read is no part of a transaction that writes
        await tx.create(order)  # E: nothing is sent before the end
    with db.transaction():  # E: a transaction is a block for async with
        pass
    db.transaction("token")  # E: a token goes by its name
    await db.transact_get("c1")  # E: a value is no key
    await db.transact_get(("c1", "o1"))  # E: a tuple does not know its model
    await db.transact_get_all(orders.key("c1", "o1"))  # E: a list, not one key
    text: str = await db.transact_get(orders.key("c1", "o1"))  # E: a tuple is no text
    first: Order = (await db.transact_get(orders.key("c1", "o1")))[0]  # E: it may be None
    (await db.transact_get(orders.key("c1", "o1"), events.key("e1")))[2]  # E: two keys, two items
    await orders.read_modify_write(("c1", "o1"), rename)  # E: gives text in place of an order
    await events.read_modify_write("e1", pay)  # E: a function of another model
    print(text, first)


def pay(order: Order) -> None:
    order.status = "paid"


async def parallel_scans() -> None:
    scan = orders.scan().segments(8)
    orders.scan().segments("many")  # E: segments by a word other than auto
    orders.scan().segments(2.5)  # E: half a segment
    orders.scan().resume(5)  # E: a checkpoint is text
    orders.scan().read_units_per_s("100")  # E: units are a number
    orders.scan().on_progress(rename)  # E: a report takes a Progress
    orders.query("c1").segments(8)  # E: a query has no segments
    await scan.for_each(pay)  # E: a worker is async
    await scan.map(rename)  # E: a worker that gives plain text is not async
    await scan.fold(0, lambda total, order: total + order.status)  # E: a number and a text don't add up
    async with scan.stream() as rows:
        async for order in rows:
            order.totall  # E: no such field of a row of a parallel scan
    number: int = await scan  # E: a parallel scan gives a list too
    text: list[str] = (await scan.collect_errors()).items  # E: items are orders
    print(number, text)


# ---- batches and gather


async def batches_and_gather(order: Order, event: Event) -> None:
    orders.batch_get(5)  # E: no iterable of keys
    orders.batch_get([None])  # E: None among the keys of a batch
    orders.batch_get([("c1", "o1")]).concurrency("8")  # E: a number of chunks
    orders.batch_get([("c1", "o1")]).put(order)  # E: a read has no puts
    orders.batch_get([("c1", "o1")]).on_chunk_error(lambda outcome: 5)  # E: a decision is "stop" or "continue"
    orders.batch_write([order])  # E: puts and deletes go by name
    orders.batch_write(puts=[event])  # E: a put of another model in a batch
    orders.batch_write(puts=order)  # E: one item for many
    orders.create_many([event])  # E: an insert of another model
    orders.update_many([("c1", "o1")]).set(Order.total, "x")  # E: text for a number in many updates
    orders.update_many([("c1", "o1")]).returning("new")  # E: many updates return nothing
    db.batch_get(("c1", "o1"))  # E: across tables a key says its model
    async with orders.batch() as batch:
        await batch.put(event)  # E: a put of another model in a block
        await batch.delete(event)  # E: a delete of another model in a block
    async with orders.loader() as loader:
        await loader.load()  # E: which item is to be loaded
    await db.gather(5)  # E: a gathered number can't be awaited
    await db.gather(orders.get("c1", "o1"), limit="2")  # E: a limit is a number of operations
    _found, _number = await db.gather(orders.get("c1", "o1"))  # E: one result for two names
    _event: tuple[Event] = await db.gather(orders.get("c1", "o1"))  # E: the gathered result is of another model


# ---- idempotency and prices


@adorm.idempotent(key="number")
async def count(number: int) -> int:
    return number


async def idempotency_and_prices() -> None:
    await count("1")  # E: the arguments are the function's own
    _text: str = await count(1)  # E: so is the result
    adorm.idempotent()  # E: what tells one call from another
    adorm.idempotent(key=5)  # E: a key is an argument's name or a function
    adorm.idempotent(key="number", lease_s="5")  # E: text for seconds
    adorm.PriceTable(0.1)  # E: prices go by name
    adorm.PriceTable(per_million_read_units="0.1")  # E: text for a price
    async with db.capacity() as used:
        used.price(0.1)  # E: a number for a table of prices
        used.read_units = 1.0  # E: totals are read


# ---- accounts


def accounts_and_credentials() -> None:
    adorm.connect(credentials="AK")  # E: credentials are no text
    adorm.accounts({"prod": "arn:aws:iam::123456789012:role/orders"})  # E: an account is more than a role's name
    adorm.accounts({}, client=object())  # E: accounts share no client
    adorm.accounts({})[5]  # E: accounts have names
    adorm.Account("arn:aws:iam::123456789012:role/orders")  # E: fields of an account go by name


# ---- services


def services(page: adorm.Page[Order]) -> CursorPage[Order]:
    lifespan(db)  # E: a function makes the database, anew for each life
    table(int)  # E: no model
    CursorPage.of([])  # E: a list is no page
    CursorPage.of(page, len)  # E: not made of an order
    return CursorPage.of(page, str)  # E: a page of text


# ---- telemetry


def telemetry(call: adorm.CallDetails, attempt: adorm.AttemptDetails) -> None:
    call.operation = "GetItem"  # E: details are frozen
    call.subject  # E: a key is a value
    attempt.attempts  # E: an attempt has a number
    adorm.CallHooks(before_call=telemetry)  # E: a hook is given one thing
    adorm.CallHooks(lambda _call: None)  # E: hooks go by name
    adorm.LogCalls(slow_call_s="1")  # E: text for a threshold
    adorm.connect(hooks=[print])  # E: a function is no hooks
    adorm.connect(middleware=[lambda request: request])  # E: it is given the operation too
    adorm.connect(trace_header="Root=1")  # E: a function gives it


# ---- streams


@adorm.stream_handler
async def changes(record: adorm.StreamRecord) -> None: ...


async def of_event(event: Event) -> None: ...


async def of_order(order: Order) -> None: ...


async def of_two(old: Order, new: Order) -> None: ...


async def of_mixed(old: Order, new: Event) -> None: ...


async def of_other_change(order: Order, change: adorm.StreamChange[Event]) -> None: ...


async def of_text_database(order: Order, change: adorm.StreamChange[Order], db: str) -> None: ...


async def of_text(record: str) -> None: ...


def not_async(order: Order) -> None: ...


async def streams(event: dict[str, Any]) -> None:
    changes.insert(Order)(of_event)  # E: a handler of another model
    changes.insert(Order)(of_two)  # E: an insert has one image, and a change beside it
    changes.insert(Order)(not_async)  # E: a stream handler is async
    changes.insert(Order)(of_other_change)  # E: the change is of another model
    changes.insert(Order)(of_text_database)  # E: what comes last is a database
    changes.insert(Order, optional_images=True)(of_order)  # E: the image may be None
    changes.insert("orders")  # E: a handler is registered for a model
    changes.insert(Order, when="pk")  # E: a predicate is a function
    changes.modify(Order)(of_order)  # E: a modify has two images
    changes.modify(Order)(of_mixed)  # E: both images are of one model
    changes.modify(Order, optional_images=True)(of_two)  # E: both images may be None
    changes.remove(Event)(of_order)  # E: a remove of another model
    changes.expire(Order)(of_event)  # E: an expiry of another model
    adorm.stream_handler(of_text)  # E: a fallback takes a record
    adorm.stream_handler(after_failure="stop")  # E: what to do after a failure is one of two words
    adorm.stream_handler(concurrency="4")  # E: a number of records at a time
    adorm.StreamHandler(unhandled="drop")  # E: what nobody takes fails or is ignored
    order: Order = adorm.from_stream_record(event, Order).new  # E: an image may be missing
    adorm.from_stream_record(event, Order).table  # E: a change has no table, but its name
    adorm.from_stream_record(5, Order)  # E: a record is a mapping
    adorm.testing.stream_record(order)  # E: an instance is new or old, by name


# ---- lambda


@adorm.lambda_handler(models=[Order])
async def entry(event: dict[str, str], context: object, db: adorm.Database) -> str:
    return event["order"]


async def without_a_database(event: object, context: object) -> str:
    return "done"


def plain_function(event: object, context: object, db: adorm.Database) -> str:
    return "done"


def lambda_entry_points() -> None:
    entry("o1", None)  # E: an event of another type
    entry({}, None, db)  # E: Lambda gives event and context only
    _number: int = entry({}, None)  # E: the result is the function's own
    adorm.lambda_handler(without_a_database)  # E: a handler takes the database
    adorm.lambda_handler(plain_function)  # E: a handler is async
    adorm.lambda_handler(models=Order)  # E: one model for a list of them
    adorm.lambda_handler(models=["orders"])  # E: the name of a table for a model
    adorm.lambda_handler(reserve_ms="500")  # E: text for milliseconds
    adorm.lambda_handler(connect="memory")  # E: options of connect are a dict
    adorm.lambda_handler(connect=lambda: 5)  # E: what connects gives a database
    adorm.cold_start_report().first_call_s + 1  # E: a phase may not have happened
    adorm.memory_stats().rss_bytes = 5  # E: figures are read


def exchange_is_not_that() -> None:
    adorm.json_schema(Order, form="yaml")  # E: a form that there is not
    adorm.models_from_dms([])  # E: neither text nor a map
    adorm.to_dms("orders")  # E: no class
