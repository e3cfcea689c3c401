"""Whole items by the keys that an index holds, and the limits of single requests."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.database import Database
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio

KEY: dict[str, Any] = {"cup": {"S": "c"}, "match_id": {"S": "m"}}


@adorm.model(
    table="matches", indexes=[adorm.LocalIndex("by-score", sort="score", projection="KEYS_ONLY")]
)
class Match:
    cup: str = adorm.partition_key()
    match_id: str = adorm.sort_key()
    score: int = 0


@pytest.mark.parametrize("consistent", [True, False])
async def test_the_items_are_read_as_consistently_as_their_keys(consistent: bool) -> None:
    transport = ScriptedTransport(
        [
            {"Items": [{**KEY, "score": {"N": "5"}}]},
            {"Responses": {"matches": [{**KEY, "score": {"N": "6"}}]}},
        ]
    )
    async with Database(lambda: transport) as db:
        query = db.table(Match).query("c").where(Match.score > 3).hydrate()
        [match] = await (query.consistent() if consistent else query)
    assert match.score == 6
    (_, keys), (operation, whole) = transport.sent
    assert operation == "BatchGetItem"
    assert (
        keys.get("ConsistentRead", False)
        is whole["RequestItems"]["matches"].get("ConsistentRead", False)
        is consistent
    )


def test_a_page_of_the_largest_limit_asks_for_no_more_than_dynamodb_takes() -> None:
    page = adorm.connect("memory").table(Match).query("c").limit(2**31 - 1).page()
    assert page.request()["Limit"] == 2**31 - 1
