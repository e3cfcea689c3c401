"""Values of numpy are refused by a message that names numpy and says what to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import adorm


@adorm.model(table="samples")
class Sample:
    id: str = adorm.partition_key()
    count: int = 0
    total: Decimal = Decimal(0)
    share: float = 0.0
    fine: bool = True
    at: datetime | None = None
    span: timedelta = timedelta(0)
    blob: bytes = b""
    counts: list[int] = adorm.attribute(factory=list)
    kinds: set[int] = adorm.attribute(factory=set)
    by_name: dict[str, int] = adorm.attribute(factory=dict)
    anything: Any = None
    plain: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", np.int64(1)),
        ("count", np.int64(5)),
        ("count", np.uint8(5)),
        ("count", np.float64(5)),
        ("total", np.int64(5)),
        ("total", np.float64(1.5)),
        ("share", np.float32(1.5)),
        ("fine", np.bool_(True)),
        ("at", np.datetime64("2026-01-01")),
        ("span", np.timedelta64(5, "s")),
        ("blob", np.array([1, 2], dtype=np.uint8)),
        ("counts", [1, np.int64(2)]),
        ("counts", np.array([1, 2])),
        ("kinds", {np.int64(2)}),
        ("by_name", {"a": np.int64(2)}),
        ("by_name", {np.int64(2): 2}),
        ("anything", np.int64(5)),
        ("anything", [{"a": np.bool_(True)}]),
        ("anything", np.array([1, 2])),
        ("anything", np.datetime64("2026-01-01")),
        ("plain", {"a": np.int64(5)}),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_scalar_or_array_of_numpy_is_refused_by_name(field: str, value: Any) -> None:
    values: dict[str, Any] = {"id": "a", field: value}
    with pytest.raises(
        adorm.UsageError,
        match=rf"^Sample\.{field}.*numpy's .*by \.item\(\), an array by \.tolist\(\)",
    ):
        adorm.to_attribute_map(Sample(**values))


def test_what_numpy_derives_from_pythons_own_types_is_taken_as_those() -> None:
    made = Sample(
        id=np.str_("a"), share=np.float64(1.5), blob=np.bytes_(b"x"), anything=np.float64(2.5)
    )
    stored = adorm.to_attribute_map(made)
    assert (stored["id"], stored["share"], stored["blob"], stored["anything"]) == (
        {"S": "a"},
        {"N": "1.5"},
        {"B": b"x"},
        {"N": "2.5"},
    )
