"""Plans: what differs between a table and its spec, in which words, and what is no difference."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import adorm
from adorm.errors import ResourceNotFound, UsageError
from tests.tables.spec_setup import (
    FULL,
    UNITS,
    Aged,
    Bare,
    Bench,
    OldOrder,
    Order,
    texts,
)

pytestmark = pytest.mark.anyio

SMALL = adorm.Provisioned(read_units=1, write_units=1)
KEY = "arn:aws:kms:us-east-1:123456789012:key/4f2f9b1e-0000-4000-8000-000000000001"
OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/4f2f9b1e-0000-4000-8000-000000000002"


async def test_a_plan_prints_each_step_with_its_mark_and_what_follows_from_it() -> None:
    async with Bench().connect() as db:
        await db.create_table(OldOrder)
        plan = await db.diff(adorm.TableSpec(Order, billing=UNITS))
        assert str(plan) == (
            "orders: 4 to change\n"
            "  ~ billing provisioned 5/4\n"
            "  ! ttl by exp   (items that are expired already will be deleted)\n"
            "  ! replace index by-total (total; keys, note, status)   (it is by-total (total; "
            "KEYS_ONLY) now; it is deleted, then added under its name, and queries of it fail "
            "meanwhile)\n"
            "  ~ add index by-status (status, created_at; ALL)   (fills from the table: one write "
            "unit a KB of each item; no writes are blocked; it leaves out items without its key: "
            'check_index(Order, "by-status") counts them)\n'
            "    delete index by-old   (the model does not name it; kept, unless allow= names it)"
        )
        assert not plan.is_empty
        assert repr(plan).startswith("<TablePlan orders: billing provisioned 5/4, ttl by exp")


async def test_an_index_on_required_fields_leaves_out_nothing() -> None:
    @adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status")])
    class Sure:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        status: str

    async with Bench().connect() as db:
        await db.create_table(Bare)
        (step,) = (await db.diff(Sure)).steps
        assert "check_index" not in step.why


async def test_a_model_alone_is_compared_by_keys_indexes_and_time_to_live() -> None:
    async with Bench().connect() as db:
        await db.create_table(FULL)
        assert str(await db.diff(Order)) == "orders: nothing to change"
        assert texts((await db.diff(Aged)).steps) == [
            "extra: delete index by-status",
            "extra: delete index by-total",
        ]
        assert (await db.diff(Aged)).is_empty, "what is beyond the spec is nothing to do"


async def test_a_table_that_is_not_there_or_not_ready_has_no_plan() -> None:
    async with Bench(delay_s=60.0).connect() as db:
        with pytest.raises(ResourceNotFound) as missing:
            await db.diff(Order)
        assert missing.value.__notes__ == ["create_table or ensure_table makes the table of Order"]
        await db.create_table(Order, wait=False)
        with pytest.raises(UsageError, match="orders is CREATING: it can be compared once it is"):
            await db.diff(Order)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"billing": UNITS}, ["change: billing provisioned 5/4"]),
        ({"billing": UNITS}, {"billing": "on_demand"}, ["change: billing on demand"]),
        ({"billing": UNITS}, {"billing": SMALL}, ["change: billing provisioned 1/1"]),
        (
            {"billing": UNITS},
            {"billing": UNITS, "index_billing": {"by-status": SMALL}},
            ["change: index by-status provisioned 1/1"],
        ),
        ({}, {"max_read_units_per_s": 500}, ["change: maximum of reads 500 units a second"]),
        (
            {"max_write_units_per_s": 500},
            {"max_write_units_per_s": -1},
            ["change: maximum of writes no limit"],
        ),
        ({}, {"stream": "both"}, ["change: stream both"]),
        ({"stream": "keys"}, {"stream": "off"}, ["danger: stream off"]),
        ({"stream": "keys"}, {"stream": "new"}, ["danger: stream new instead of keys"]),
        ({}, {"time_to_live": False}, ["change: ttl off"]),
        ({}, {"point_in_time_recovery": True}, ["change: point-in-time recovery on"]),
        ({}, {"point_in_time_recovery": 7}, ["change: point-in-time recovery on for 7 days"]),
        (
            {"point_in_time_recovery": True},
            {"point_in_time_recovery": 7},
            ["danger: point-in-time recovery for 7 days instead of 35"],
        ),
        (
            {"point_in_time_recovery": 7},
            {"point_in_time_recovery": 35},
            ["change: point-in-time recovery for 35 days instead of 7"],
        ),
        (
            {"point_in_time_recovery": 7},
            {"point_in_time_recovery": False},
            ["danger: point-in-time recovery off"],
        ),
        ({}, {"deletion_protection": True}, ["change: deletion protection on"]),
        (
            {"deletion_protection": True},
            {"deletion_protection": False},
            ["danger: deletion protection off"],
        ),
        ({}, {"encryption": "aws-managed"}, ["change: encryption aws-managed"]),
        ({"encryption": KEY}, {"encryption": OTHER_KEY}, [f"danger: encryption {OTHER_KEY}"]),
        ({"encryption": KEY}, {"encryption": "aws-owned"}, ["danger: encryption aws-owned"]),
        ({}, {"table_class": "infrequent_access"}, ["change: table class infrequent_access"]),
        (
            {"tags": {"team": "a", "old": "x"}},
            {"tags": {"team": "b", "stage": "c"}},
            ["change: tag team=b", "change: tag stage=c", "extra: delete tag old"],
        ),
        (
            {},
            {"warm_read_units_per_s": 20_000},
            ["change: warm throughput of reads 20000 units a second"],
        ),
        # no difference: nothing said, at least as much, another spelling of the same
        ({"billing": UNITS, "stream": "new", "tags": {"a": "b"}}, {}, []),
        ({"warm_read_units_per_s": 20_000}, {"warm_read_units_per_s": 15_000}, []),
        ({}, {"warm_write_units_per_s": 100, "max_read_units_per_s": -1}, []),
        ({"point_in_time_recovery": 7}, {"point_in_time_recovery": True}, []),
        ({}, {"stream": "off", "encryption": "aws-owned", "table_class": "standard"}, []),
        ({"encryption": KEY}, {"encryption": KEY.rpartition("/")[2]}, []),
        ({"encryption": "alias/shop"}, {"encryption": "alias/shop"}, []),
        ({"billing": UNITS, "index_billing": {"by-total": SMALL}}, {"billing": UNITS}, []),
    ],
)
async def test_each_option_is_a_step_of_its_kind(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(adorm.TableSpec(Order, **before))
        spec = adorm.TableSpec(Order, **after)
        plan = await db.diff(spec)
        assert texts(plan.steps) == expected
        allow = [step.text for step in plan.steps if step.kind != "change"]
        assert len(await plan.apply(allow=allow)) == len(expected)
        assert (await db.diff(spec)).steps == ()


async def test_what_dynamodb_cannot_do_is_impossible_and_names_the_way_out() -> None:
    @adorm.model(table="orders", indexes=[adorm.LocalIndex("by-note", sort="note")])
    class Moved:
        customer_id: str = adorm.partition_key()
        order_id: int = adorm.sort_key()
        note: str
        until: datetime | None = adorm.ttl()

    @adorm.model(
        table="orders",
        indexes=[
            adorm.GlobalIndex("by-age", partition="created_at"),
            adorm.LocalIndex("by-status", sort="status"),
        ],
    )
    class Turned:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        status: str
        created_at: datetime = adorm.created_at()

    async with Bench().connect() as db:
        await db.create_table(Order)
        steps = {step.text: step for step in (await db.diff(Moved)).steps if step.kind != "extra"}
        key, index = "key customer_id (HASH, S), order_id (RANGE, N)", "add local index by-note"
        assert {text: step.kind for text, step in steps.items()} == {
            key: "impossible",
            f"{index} (customer_id, note; ALL)": "impossible",
            "ttl by until": "impossible",
        }
        assert all(step.request is None for step in steps.values())
        assert "copy the items to a new table with migrate_to" in steps[key].why
        assert "TableSpec(Moved, time_to_live=False)" in steps["ttl by until"].why
        turned = (await db.diff(Turned)).steps
        assert texts(turned)[:2] == [
            "impossible: change index by-age (created_at; ALL)",
            "impossible: change index by-status (customer_id, status; ALL)",
        ]


async def test_a_provisioned_table_has_no_maximum() -> None:
    async with Bench().connect() as db:
        await db.create_table(adorm.TableSpec(Aged, billing=UNITS))
        (step,) = (await db.diff(adorm.TableSpec(Aged, max_read_units_per_s=500))).steps
        assert step.kind == "impossible"
        assert step.why.startswith("only a table on demand has one")
        both = adorm.TableSpec(Aged, billing="on_demand", max_read_units_per_s=500)
        await (await db.diff(both)).apply()
        assert (await db.diff(both)).steps == ()


async def test_a_wider_projection_and_another_order_of_it_are_no_difference() -> None:
    @adorm.model(
        table="orders",
        indexes=[
            adorm.GlobalIndex("by-status", partition="status", projection=["note"]),
            adorm.GlobalIndex("by-total", partition="total", projection=["status", "note"]),
        ],
    )
    class Less:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        status: str
        total: int
        note: str

    @adorm.model(
        table="orders",
        indexes=[
            adorm.GlobalIndex("by-status", partition="status"),
            adorm.GlobalIndex("by-total", partition="total", projection=["note", "status"]),
        ],
    )
    class More:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        status: str
        total: int
        note: str

    async with Bench().connect() as db:
        await db.create_table(More)
        assert (await db.diff(Less)).steps == ()


async def test_an_index_needs_that_another_type_of_its_attribute_goes_first() -> None:
    @adorm.model(table="orders", indexes=[adorm.GlobalIndex("by-new", partition="old")])
    class Renumbered:
        customer_id: str = adorm.partition_key()
        order_id: str = adorm.sort_key()
        old: int

    async with Bench().connect() as db:
        await db.create_table(OldOrder)
        plan = await db.diff(Renumbered)
        with pytest.raises(UsageError, match=r"can't be done before 'delete index by-old'.*type"):
            await plan.apply()
        done = await plan.apply(allow=["delete index by-old"])
        assert [step.name for step in done] == ["index by-old", "index by-new"]
        assert (await db.diff(Renumbered)).is_empty


async def test_only_what_is_said_is_asked_for() -> None:
    bench = Bench()
    async with bench.connect() as db:
        await db.create_table(FULL)
        bench.recorder.clear()
        await db.diff(adorm.TableSpec(Aged, stream="both"))
        assert bench.recorder.operations == ["DescribeTable"]
        bench.recorder.clear()
        await db.diff(FULL)
        assert bench.recorder.operations == [
            "DescribeTable",
            "DescribeTimeToLive",
            "DescribeContinuousBackups",
            "ListTagsOfResource",
        ]


async def test_tags_of_aws_are_its_own() -> None:
    bench = Bench()
    bench.faults.on("ListTagsOfResource").run(
        lambda _: _tags([{"Key": "aws:cloudformation:stack-name", "Value": "shop"}])
    )
    async with bench.connect() as db:
        await db.create_table(Order)
        assert (await db.diff(adorm.TableSpec(Order, tags={}))).steps == ()


async def _tags(tags: list[dict[str, str]]) -> dict[str, Any]:
    return {"Tags": tags}
