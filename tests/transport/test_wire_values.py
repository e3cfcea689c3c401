from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from adorm.transport.wire_values import epoch_seconds, plain_request


@pytest.mark.parametrize("value", [b"\x00\xff", bytearray(b"\x00\xff"), "AP8="])
def test_binary_values_become_bytes_wherever_they_stand(value: Any) -> None:
    request = {
        "Item": {
            "B": {"B": value},
            "set": {"BS": [value]},
            "l": {"L": ({"M": {"deep": {"B": value}}},)},
        }
    }
    assert plain_request(request) == {
        "Item": {
            "B": {"B": b"\x00\xff"},
            "set": {"BS": [b"\x00\xff"]},
            "l": {"L": [{"M": {"deep": {"B": b"\x00\xff"}}}]},
        }
    }


def test_text_that_is_not_binary_stays() -> None:
    request = {
        "TableName": "AP8=",
        "Item": {"S": {"S": "AP8="}, "SS": {"SS": ["AP8="]}},
        "AttributeDefinitions": [{"AttributeType": "B"}],
    }
    assert plain_request(request) == request


def test_the_copy_shares_nothing_mutable_and_is_made_of_dicts_and_lists() -> None:
    inner: list[Any] = [{"S": "a"}]
    copy = plain_request(MappingProxyType({"Item": MappingProxyType({"l": {"L": inner}})}))
    assert copy == {"Item": {"l": {"L": [{"S": "a"}]}}}
    assert type(copy["Item"]) is dict
    inner.append({"S": "b"})
    assert copy == {"Item": {"l": {"L": [{"S": "a"}]}}}


def test_times_become_seconds_wherever_they_stand() -> None:
    moment = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert epoch_seconds({"at": moment, "l": [{"at": moment}], "n": 1}) == {
        "at": 1795249800.0,
        "l": [{"at": 1795249800.0}],
        "n": 1,
    }
