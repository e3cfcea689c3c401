"""The names of a `SingleTable` and of its indexes, which are checked when it is made."""

from __future__ import annotations

from typing import Any

import pytest

import adorm
from adorm.errors import ModelError


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t2", "'t2' can't be a table's name: it has 3 to 255 letters"),
        ("", "'' can't be a table's name"),
        ("my shop", "'my shop' can't be a table's name"),
        ("x" * 256, "can't be a table's name"),
        (None, "a table's name is text, not None"),
        ("arn:aws:s3:::shop", "is no table's ARN"),
    ],
)
def test_a_name_that_dynamodb_does_not_take_is_refused(name: Any, message: str) -> None:
    with pytest.raises(ModelError, match=rf"^SingleTable\(.*\): .*{message}"):
        adorm.SingleTable(name)


@pytest.mark.parametrize(
    "name", ["t22", "My_shop-2.x", "arn:aws:dynamodb:eu-central-1:111122223333:table/shop"]
)
def test_a_name_and_an_arn_are_taken(name: str) -> None:
    assert adorm.SingleTable(name).name == name


@pytest.mark.parametrize("name", ["G1", "by status"])
def test_a_bad_name_of_an_index_is_refused(name: str) -> None:
    index = adorm.GlobalIndex(name, partition="GSI1PK", sort="GSI1SK")
    message = f"index '{name}': a name has 3 to 255 letters, digits, '_', '-' and '.'"
    with pytest.raises(ModelError, match=rf"^SingleTable\('shop'\): {message}"):
        adorm.SingleTable("shop", indexes=[index])
    with pytest.raises(ModelError, match=f"^Task: {message}"):

        @adorm.model(table="tasks", indexes=[index])
        class Task:
            name: str

            key = adorm.key("TASK#{name}", "TASK")
            by_name = adorm.key("TASKS", "{name}", index=index.name)


def test_what_is_no_index_is_refused() -> None:
    wrong: Any = ["GSI1"]
    with pytest.raises(ModelError, match=r"^SingleTable\('shop'\): an index is GlobalIndex"):
        adorm.SingleTable("shop", indexes=wrong)
