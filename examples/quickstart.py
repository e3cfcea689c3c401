"""A tour of adorm: every step prints its own code and then its result. `make demo` runs it.

    python examples/quickstart.py                                 # a DynamoDB inside the process
    python examples/quickstart.py --endpoint-url http://127.0.0.1:8000 --region eu-central-1
    python examples/quickstart.py --region eu-central-1           # DynamoDB itself

Needs `pip install adorm`. Outside of memory it uses a table with a name of its own and deletes it
at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import re
import textwrap
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TypeAlias
from uuid import uuid4

import adorm
from adorm import attr


@adorm.model
class Line:
    sku: str
    quantity: int = 1


@adorm.model(
    table="orders",
    indexes=[adorm.GlobalIndex("by-status", partition="status", sort="total")],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    lines: list[Line] = adorm.attribute(factory=list)
    tags: set[str] = adorm.attribute(factory=set)
    note: str | None = None
    created_at: datetime = adorm.created_at()
    version: int = adorm.version()


async def create_the_table(db: adorm.Database) -> None:
    """Create the table, with its index"""
    table = await db.create_table(Order)
    show(table.status, list(table.indexes))


async def create_and_get(db: adorm.Database) -> None:
    """Store an item, and read it back by its key"""
    orders = db.table(Order)
    order = Order(customer_id="ada", order_id="001", total=Decimal("12.50"), tags={"new"})
    order.lines = [Line(sku="tea", quantity=2), Line(sku="cup")]
    await orders.create(order)
    show(order.version, order.created_at)

    same = await orders.get("ada", "001").consistent()
    show(same == order)
    show(same.lines)


async def what_is_there_and_what_is_not(db: adorm.Database) -> None:
    """create() never overwrites, get() never invents"""
    orders = db.table(Order)
    try:
        await orders.create(Order(customer_id="ada", order_id="001", status="another"))
    except adorm.ItemExists as error:
        show(f"ItemExists, and there it is: {error.item.status}, {error.item.total}")
    try:
        await orders.get("ada", "999")
    except adorm.ItemNotFound as error:
        show(f"ItemNotFound: {error}")
    show(await orders.get_or_none("ada", "999"))


async def two_writers(db: adorm.Database) -> None:
    """Two writers, one item: save() writes only if the version read is still the one stored"""
    orders = db.table(Order)
    mine = await orders.get("ada", "001").consistent()
    theirs = await orders.get("ada", "001").consistent()

    theirs.note = "please wrap it"
    await orders.save(theirs)
    show(f"they saved first: version {theirs.version}")

    mine.status = "paid"
    try:
        await orders.save(mine)
    except adorm.VersionConflict as error:
        show(
            f"VersionConflict: I read {error.expected}, stored is {error.actual}, "
            f"{error.item.note!r}"
        )
        mine = error.item
    mine.status = "paid"
    await orders.save(mine)
    show(f"repeated on top of theirs: version {mine.version}, {mine.status}, {mine.note!r}")


async def update_in_place(db: adorm.Database) -> None:
    """Change parts of an item without reading it: clauses, and a condition"""
    orders = db.table(Order)
    order = await (
        orders.update("ada", "001")
        .set(Order.status, "packed")
        .add(Order.total, Decimal("22.50"))
        .add(Order.tags, {"vip"})
        .append(Order.lines, [Line(sku="spoon")])
        .remove(Order.note)
        .when(Order.status == "paid", Order.total < 100)
        .returning("new")
    )
    show(order.status, order.total, sorted(order.tags), order.note)

    order = await orders.update("ada", "001").set(Order.lines[1].quantity, 4).returning("new")
    show([(line.sku, line.quantity) for line in order.lines])


async def a_condition_that_does_not_hold(db: adorm.Database) -> None:
    """A condition that does not hold changes nothing, and the error has the stored item"""
    orders = db.table(Order)
    try:
        await orders.delete("ada", "001").when(
            (Order.status == "draft") | attr(Order.lines).not_exists()
        )
    except adorm.ConditionalCheckFailed as error:
        show(
            f"ConditionalCheckFailed: it is {error.item.status}, with {len(error.item.lines)} lines"
        )


async def query_a_partition(db: adorm.Database) -> None:
    """Query the orders of one customer: a range of the sort key, a filter, an order, a limit"""
    orders = db.table(Order)
    for number in range(2, 8):
        status = "open" if number % 2 else "shipped"
        await orders.put(
            Order(
                customer_id="ada",
                order_id=f"{number:03}",
                status=status,
                total=Decimal(number * 10),
            )
        )
    latest = (
        await orders.query("ada")
        .where(Order.order_id > "002")
        .filter(Order.total < 70)
        .descending()
        .limit(3)
    )
    show([order.order_id for order in latest])

    async for order in orders.query("ada").where(attr(Order.order_id).between("001", "002")):
        show(order.order_id, order.status, order.total)


async def the_planner(db: adorm.Database) -> None:
    """The planner finds the index that serves a query, and explains itself"""
    orders = db.table(Order)
    query = orders.query().where(Order.status == "open", Order.total >= 30)
    show(query.explain())
    show([(order.order_id, order.total) for order in await query])


async def nothing_is_scanned_by_accident(db: adorm.Database) -> None:
    """A query that no index can serve is refused: a scan has to be asked for"""
    orders = db.table(Order)
    try:
        await orders.query().where(Order.note == "please wrap it")
    except adorm.UsageError as error:
        show(f"UsageError: {error}")
    show(await orders.scan().filter(Order.total > 30).count())


async def select_and_sum(db: adorm.Database) -> None:
    """Read a few attributes as typed tuples, or only a figure"""
    orders = db.table(Order)
    show(await orders.query("ada").select(Order.order_id, Order.total).limit(3))
    show(await orders.query("ada").count())
    show(await orders.query("ada").sum(Order.total))
    show(await orders.query("ada").count_by(Order.status))


async def pages(db: adorm.Database) -> None:
    """Pages for a web client: the cursor is URL-safe text that goes on after the last item"""
    orders = db.table(Order)
    query = orders.query("ada").limit(3)
    cursor = None
    for number in count(1):
        page = await query.page(cursor)
        show(
            f"page {number}: {[order.order_id for order in page.items]}, cursor {page.cursor!s:.20}"
        )
        cursor = page.cursor
        if cursor is None:
            break


async def the_request(db: adorm.Database) -> None:
    """See the exact request, without sending it: names and values never enter its text"""
    orders = db.table(Order)
    for name, value in (
        orders.update("ada", "001")
        .set(Order.status, "sent")
        .when(Order.total > 10)
        .request()
        .items()
    ):
        show(f"{name}: {value}")


async def deadlines(db: adorm.Database) -> None:
    """A deadline bounds every call inside it, retries and waits included"""
    orders = db.table(Order)
    async with adorm.deadline(10):
        show(await orders.exists("ada", "001"))
    try:
        async with adorm.deadline(0):
            await orders.get("ada", "001")
    except adorm.DeadlineExceeded as error:
        show(f"DeadlineExceeded: {error}")


async def mistakes(db: adorm.Database) -> None:
    """Mistakes are errors that tell what to do; type checkers see most of them earlier"""
    orders = db.table(Order)
    for mistake in (
        lambda: Order.agee,  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownLambdaType, reportUnknownMemberType]
        lambda: orders.get("ada").request(),
        lambda: orders.get("", "001").request(),
        lambda: orders.update("ada", "001").set(Order.order_id, "002").request(),
        lambda: orders.query("ada").filter(Order.total > 10 and Order.total < 20),
    ):
        try:
            mistake()
        except adorm.UsageError as error:
            show(error)


async def delete_the_table(db: adorm.Database) -> None:
    """Delete the table, with everything in it"""
    await db.delete_table(Order)
    try:
        await db.describe_table(Order)
    except adorm.ResourceNotFound as error:
        show(f"ResourceNotFound: {error.message}")


# ---------------------------------------------------------------- how it is printed

WIDTH = 120

Step: TypeAlias = Callable[[adorm.Database], Awaitable[None]]

STEPS: list[Step] = [
    create_and_get,
    what_is_there_and_what_is_not,
    two_writers,
    update_in_place,
    a_condition_that_does_not_hold,
    query_a_partition,
    the_planner,
    nothing_is_scanned_by_accident,
    select_and_sum,
    pages,
    the_request,
    deadlines,
    mistakes,
]


def show(*values: object) -> None:
    """Print what a step gave."""
    mark = "  =>"
    for line in " ".join(map(str, values)).splitlines():
        print(
            textwrap.fill(
                line,
                WIDTH,
                initial_indent=f"{mark} ",
                subsequent_indent=" " * 7,
                break_on_hyphens=False,
            )
        )
        mark = "    "


def print_code(source: str) -> None:
    print(textwrap.indent(textwrap.dedent(source).strip(), "    "))
    print()


def body(step: Callable[..., object]) -> str:
    """A step's code, without the line that defines it, its docstring, and remarks to type
    checkers."""
    lines = inspect.getsource(step).splitlines(keepends=True)[2:]
    return re.sub(r"  # type: ignore.*", "", "".join(lines))


async def take(number: int, step: Step, db: adorm.Database) -> None:
    print(f"== {number}. {step.__doc__}\n")
    print_code(body(step))
    await step(db)
    print()


async def tour(db: adorm.Database) -> None:
    """Take all steps, on a table of their own."""
    print("== 1. A model is a class with plain annotations\n")
    print_code(inspect.getsource(Line))
    print_code(inspect.getsource(Order))
    await take(2, create_the_table, db)
    try:
        for number, step in enumerate(STEPS, 3):
            await take(number, step, db)
    except BaseException:
        await db.delete_table(Order)
        raise
    await take(3 + len(STEPS), delete_the_table, db)


async def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of adorm.")
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    options = parser.parse_args()
    if options.endpoint_url is None and options.region is None:
        print('db = adorm.connect("memory")      # a DynamoDB inside the process\n')
        async with adorm.connect("memory") as db:
            await tour(db)
    else:
        prefix = f"adorm-quickstart-{uuid4().hex[:8]}-"
        given = {
            "endpoint_url": options.endpoint_url,
            "region": options.region,
            "table_prefix": prefix,
        }
        shown = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        print(f"db = adorm.connect({', '.join(shown)})\n")
        async with adorm.connect(
            endpoint_url=options.endpoint_url, region=options.region, table_prefix=prefix
        ) as db:
            await tour(db)
    print("That is all. examples/movies.py goes on with 4,609 films, and README.md tells the rest.")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except adorm.AdormError as error:
        raise SystemExit(f"quickstart: {type(error).__name__}: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
