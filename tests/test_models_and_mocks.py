"""Mocks, completion and help see a model's fields."""

from __future__ import annotations

import inspect
import pydoc
from dataclasses import dataclass
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest

import adorm


@adorm.model
class Inner:
    size: int = 1


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0
    inner: Inner | None = None
    anything: Any = None
    extra: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)

    def double(self) -> int:
        return 2 * self.total


@dataclass
class Reading:
    sensor: str
    celsius: float = 0.0


FIELDS = ["anything", "extra", "inner", "order_id", "total"]


def test_dir_of_a_model_has_its_fields_and_methods() -> None:
    assert [name for name in dir(Order) if not name.startswith("_")] == sorted([*FIELDS, "double"])
    mapped = adorm.map_class(Reading, table="readings", partition_key="sensor")
    assert {"sensor", "celsius"} <= set(dir(mapped))


def test_dir_of_a_model_works_before_its_forward_references_can_be_resolved() -> None:
    @adorm.model
    class Early:
        name: str
        later: NeverDefined | None = None  # type: ignore[name-defined]  # noqa: F821  # on purpose  # pyright: ignore[reportUndefinedVariable]  # the same

    assert {"name", "later"} <= set(dir(Early))


@pytest.mark.parametrize(
    "kind", [Mock, MagicMock, AsyncMock, create_autospec], ids=lambda kind: kind.__name__
)
def test_a_mock_by_the_class_has_the_fields_and_nothing_else(kind: Any) -> None:
    mock = create_autospec(Order, instance=True) if kind is create_autospec else kind(spec=Order)
    for name in FIELDS:
        getattr(mock, name)
    mock.total = 5
    assert mock.total == 5
    with pytest.raises(AttributeError):
        _ = mock.totel


def test_a_mock_of_the_class_itself_is_called_as_the_class_is() -> None:
    mock = create_autospec(Order)
    mock(order_id="a", total=1)
    with pytest.raises(TypeError):
        mock("a")


def test_help_and_inspection_get_through() -> None:
    assert "class Order" in pydoc.render_doc(Order)
    assert dict(inspect.getmembers(Order))["double"] is Order.double


def test_a_model_keeps_its_qualified_name() -> None:
    class Outer:
        @adorm.model
        class Nested:
            size: int = 1

    assert (
        Outer.Nested.__qualname__ == "test_a_model_keeps_its_qualified_name.<locals>.Outer.Nested"
    )
