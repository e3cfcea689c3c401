"""Removal by time to live."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.items.time_to_live import remove_expired
from tests.memory.stream_setup import START, Streamed, key, streamed

YEAR = 365 * 24 * 60 * 60


def with_ttl(*items: dict[str, Any]) -> Streamed:
    orders = streamed()
    orders.table.definition.ttl_attribute = "expires_at"
    for n, item in enumerate(items):
        orders.put({**key(str(n)), **item})
    return orders


def left(orders: Streamed) -> list[str]:
    return sorted(stored.item()["pk"]["S"] for _, stored in orders.table.items.between())


def test_items_whose_time_passed_are_removed_and_their_records_say_so() -> None:
    orders = with_ttl(
        {"expires_at": {"N": str(int(START) - 1)}},
        {"expires_at": {"N": str(int(START))}},
        {"expires_at": {"N": str(int(START) + 1)}},
    )
    assert remove_expired(orders.database) == 2
    assert left(orders) == ["2"]
    removals = [each for each in orders.records() if each["eventName"] == "REMOVE"]
    assert [each["userIdentity"]["Type"] for each in removals] == ["Service", "Service"]
    assert remove_expired(orders.database) == 0
    orders.wait(1)
    assert remove_expired(orders.database) == 1


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"expires_at": {"S": "1"}},
        {"expires_at": {"NULL": True}},
        {"expires_at": {"NS": ["1699999999"]}},
        {"other": {"N": "1699999999"}},
        {"nested": {"M": {"expires_at": {"N": "1699999999"}}}},
        {"expires_at": {"N": "0"}},
        {"expires_at": {"N": "-1699999999"}},
        {"expires_at": {"N": str(int(START) - 5 * YEAR - 1)}},
        {"expires_at": {"N": str(int(START)) + "000"}},
        {"expires_at": {"N": "1e100"}},
    ],
)
def test_items_that_did_not_expire_in_the_last_five_years_stay(attributes: dict[str, Any]) -> None:
    orders = with_ttl(attributes)
    assert remove_expired(orders.database) == 0
    assert left(orders) == ["0"]


def test_a_number_with_a_fraction_is_a_time_too() -> None:
    orders = with_ttl({"expires_at": {"N": f"{int(START) - 1}.5"}})
    assert remove_expired(orders.database) == 1


def test_nothing_is_removed_while_time_to_live_is_off() -> None:
    orders = with_ttl({"expires_at": {"N": str(int(START) - 1)}})
    orders.table.definition.ttl_attribute = None
    assert remove_expired(orders.database) == 0


def test_an_item_that_a_transaction_has_stays_for_now() -> None:
    orders = with_ttl({"expires_at": {"N": str(int(START) - 1)}})
    position = orders.table.schema.position(key("0"))
    with orders.database.hold("orders", position):
        assert remove_expired(orders.database) == 0
    assert remove_expired(orders.database) == 1


def test_the_attributes_name_may_hold_any_character() -> None:
    name = 'läuft "ab"\n\\'
    orders = streamed()
    orders.table.definition.ttl_attribute = name
    orders.put({**key(), name: {"N": str(int(START) - 1)}})
    assert remove_expired(orders.database) == 1
