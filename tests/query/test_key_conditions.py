"""Key conditions: values that no key can have are refused before the wire, and each is encoded
once."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm import attr


class Code:
    """A text that a hook stores, and counts how often."""

    stored = 0

    def __init__(self, text: str) -> None:
        self.text = text


@adorm.model(table="visits", indexes=[adorm.GlobalIndex("by-code", partition="code", sort="day")])
class Visit:
    place: str = adorm.partition_key()
    visit_id: str = adorm.sort_key()
    code: Code
    day: str = ""


def store(code: Code) -> dict[str, str]:
    Code.stored += 1
    return {"S": code.text}


def read(stored: dict[str, str], _type: Any) -> Code:
    return Code(stored["S"])


@pytest.fixture
def visits() -> adorm.Table[Visit]:
    db = adorm.connect("memory")
    db.converter.register_unstructure_hook(Code, store)
    db.converter.register_structure_hook(Code, read)
    return db.table(Visit)


def test_each_value_of_a_key_condition_is_encoded_once(visits: adorm.Table[Visit]) -> None:
    query = visits.query().where(Visit.code == Code("x"), Visit.day >= "1", Visit.day <= "2")
    Code.stored = 0
    values = query.request()["ExpressionAttributeValues"]
    assert list(values.values()) == [{"S": "x"}, {"S": "1"}, {"S": "2"}]
    assert Code.stored == 1


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (Visit.visit_id == "", "Visit.visit_id is part of a key, and DynamoDB takes no empty key"),
        (Visit.visit_id > "", "takes no empty key"),
        (attr(Visit.visit_id).between("", "b"), "takes no empty key"),
        (attr(Visit.visit_id).between("a", "b" * 1025), "1025 bytes; DynamoDB takes at most 1024"),
        (attr(Visit.visit_id).begins_with(""), "Visit.visit_id begins with nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_that_no_key_can_have_is_refused(
    visits: adorm.Table[Visit], condition: Any, problem: str
) -> None:
    with pytest.raises(adorm.UsageError, match=problem):
        visits.query("p").where(condition).request()


def test_a_partition_that_no_key_can_have_is_refused(visits: adorm.Table[Visit]) -> None:
    with pytest.raises(adorm.BadValue, match=r"Visit\.place is part of a key.* no empty key"):
        visits.query("").request()
    with pytest.raises(adorm.BadValue, match="2049 bytes; DynamoDB takes at most 2048"):
        visits.query("é" * 1024 + "x").request()
    with pytest.raises(adorm.BadValue, match=r"Visit\.code is part of a key.* no empty key"):
        visits.query(Code("")).index("by-code").request()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a hook stores it
