"""A caller sends again what is not known to be done: in the end each change was made once.

Items that others left unreadable and refusals in any order; single writes, bulk updates, inserts.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings, strategies as st

import adorm
from adorm.testing import Faults
from tests.items.counters import Counter

UNREADABLE = {"N": "7"}
KEYS = "abcdef"
CHANGES = st.tuples(
    st.sampled_from(
        [
            "update",
            "old",
            "new",
            "update_many",
            "update_many new",
            "create",
            "create_many",
            "put old",
            "tx",
        ]
    ),
    st.sampled_from(KEYS),
    st.integers(1, 9),
)


@settings(max_examples=200, deadline=None)
@given(
    unreadable=st.sets(st.sampled_from(KEYS)),
    changes=st.lists(CHANGES, min_size=1, max_size=12),
    refusals=st.sets(st.integers(1, 20), max_size=4),
)
def test_each_change_is_made_once_when_what_is_not_done_is_sent_again(
    unreadable: set[str], changes: list[tuple[str, str, int]], refusals: set[int]
) -> None:
    async def run() -> None:
        faults = Faults()
        async with adorm.connect(
            "memory", wrap=faults, retry=adorm.RetryPolicy(max_attempts=1)
        ) as db:
            await db.create_table(Counter)
            for key in KEYS:
                color = {"color": UNREADABLE} if key in unreadable else {}
                await db.call(
                    "PutItem",
                    {
                        "TableName": "counters",
                        "Item": {"counter_id": {"S": key}, "n": {"N": "0"}, **color},
                    },
                )
            if refusals:
                faults.on("UpdateItem", call=refusals).refuse(
                    "ProvisionedThroughputExceededException"
                )
            expected = dict.fromkeys(KEYS, 0)
            for how, key, amount in changes:
                done = await sent_until_done(db, how, key, amount)
                assert done
                expected[key] = (
                    amount
                    if how == "put old"
                    else expected[key] + (0 if "create" in how else amount)
                )
                if how == "put old":
                    unreadable.discard(key)
            assert {key: await stored_n(db, key) for key in KEYS} == expected

    asyncio.run(run())


async def stored_n(db: adorm.Database, key: str) -> int:
    answer = await db.call("GetItem", {"TableName": "counters", "Key": {"counter_id": {"S": key}}})
    return int(answer["Item"]["n"]["N"])


async def sent_until_done(db: adorm.Database, how: str, key: str, amount: int) -> bool:
    counters = db.table(Counter)
    for _ in range(8):
        if how.startswith("update_many"):
            update: Any = counters.update(key).add(Counter.n, amount)
            result = await counters.update_many(
                [update.returning("new") if how.endswith("new") else update]
            ).collect_errors()
            if not result.unprocessed:
                return True
            continue
        if how == "create_many":
            created = await counters.create_many([Counter(counter_id=key)]).collect_errors()
            assert [type(error) for error in created.errors] == [adorm.ItemExists]
            return True
        try:
            await one(db, how, key, amount)
        except adorm.ItemExists:
            return how == "create"
        except adorm.AdormError as error:
            if error.applied:
                return True
            assert not error.maybe_applied
        else:
            return True
    return False


async def one(db: adorm.Database, how: str, key: str, amount: int) -> None:
    counters = db.table(Counter)
    if how == "create":
        await counters.create(Counter(counter_id=key))
    elif how == "put old":
        await counters.put(Counter(counter_id=key, n=amount)).returning("old")
    elif how == "tx":
        async with db.transaction() as tx:
            tx.update(Counter, key).add(Counter.n, amount)
    else:
        update: Any = counters.update(key).add(Counter.n, amount)
        await (update if how == "update" else update.returning(how))
