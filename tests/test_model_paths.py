"""Where a model's paths are kept: on a metaclass of its own, once the first was asked for."""

from __future__ import annotations

import copy
import pickle
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar
from unittest.mock import patch

import pytest

import adorm


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    total: int = 0
    kind: ClassVar[str] = "any"

    def doubled(self) -> int:
        return 2 * self.total


@adorm.model
class Stamped:
    note: str = ""


@adorm.model
class Audited:
    author: str = ""


def fresh(**fields: type) -> Any:
    """A model with an `order_id` as its key, and the fields."""
    annotations = {"order_id": str, **fields}
    body = {"__annotations__": annotations, "order_id": adorm.partition_key()}
    return adorm.model(table="orders")(type("Fresh", (), body))


def test_a_path_is_the_same_object_each_time() -> None:
    model: Any = Order
    assert model.total is model.total
    assert repr(model.total) == "Order.total"


def test_an_instance_does_not_answer_with_a_path() -> None:
    order = Order(order_id="a")
    assert repr(Order.total) == "Order.total"
    assert order.total == 0
    assert order.doubled() == 0
    del order.total
    with pytest.raises(AttributeError, match="total"):
        _ = order.total


@pytest.mark.parametrize("parent_first", [True, False])
def test_a_subclass_has_paths_of_its_own_whenever_those_of_its_parent_are_made(
    parent_first: bool,
) -> None:
    parent = fresh(total=int)
    if parent_first:
        assert repr(parent.total) == "Fresh.total"
    child: Any = adorm.model(
        type("Child", (parent,), {"__annotations__": {"card": int}, "card": 0, "__module__": "m"})
    )
    grandchild: Any = adorm.model(type("Grandchild", (child,), {}))
    if not parent_first:
        assert repr(parent.total) == "Fresh.total"
    assert repr(grandchild.total) == "Grandchild.total"
    assert repr(child.total) == "Child.total"
    assert repr(child.card) == "Child.card"
    assert repr(parent.total) == "Fresh.total"
    with pytest.raises(adorm.UsageError, match="Fresh has no field 'card'"):
        _ = parent.card


def test_a_subclass_without_a_decorator_has_no_paths() -> None:
    assert repr(Order.total) == "Order.total"

    class Bare(Order):
        pass

    with pytest.raises(AttributeError, match=r"write @adorm\.model above it"):
        _ = Bare.total
    assert isinstance(Bare(order_id="a"), Order)
    assert issubclass(Bare, Order)


def test_nested_models_are_combined_as_bases_after_their_paths_were_made() -> None:
    assert repr(Stamped.note) == "Stamped.note"
    assert repr(Audited.author) == "Audited.author"

    @adorm.model(table="entries")
    class Entry(Stamped, Audited):
        entry_id: str = adorm.partition_key()

    assert repr(Entry.note) == "Entry.note"
    assert repr(Entry.author) == "Entry.author"

    @adorm.model
    class Late(Entry, Audited):
        pass

    assert repr(Late.author) == "Late.author"


def test_class_variables_methods_and_patches_come_before_paths() -> None:
    assert repr(Order.total) == "Order.total"
    assert Order.kind == "any"
    assert Order.doubled(Order(order_id="a", total=2)) == 4
    with patch.object(Order, "total", 5, create=True):
        assert Order.total == 5
    assert repr(Order.total) == "Order.total"


def test_methods_of_an_abstract_class_stay_where_a_field_has_their_name() -> None:
    @adorm.model(table="shapes")
    class Shape(ABC):
        shape_id: str = adorm.partition_key()
        register: str = ""  # ABCMeta has a method of that name

        @abstractmethod
        def area(self) -> int: ...

    assert repr(Shape.shape_id) == "Shape.shape_id"
    abstract: Any = Shape
    assert callable(abstract.register)
    with pytest.raises(TypeError, match="abstract"):
        abstract(shape_id="a")


def test_a_model_is_copied_and_pickled_after_its_paths_were_made() -> None:
    assert repr(Order.total) == "Order.total"
    order = Order(order_id="a", total=3)
    assert pickle.loads(pickle.dumps(order)) == order
    assert pickle.loads(pickle.dumps(Order)) is Order
    assert copy.deepcopy(order) == order
    assert copy.copy(Order) is Order
    assert copy.deepcopy(Order) is Order


def test_a_mapped_class_makes_and_knows_instances_after_its_paths_were_made() -> None:
    @dataclass
    class Reading:
        sensor: str
        celsius: float = 0.0

    model = adorm.map_class(Reading, table="readings", partition_key="sensor")
    assert repr(model.celsius) == "Reading.celsius"
    made: Any = model(sensor="a")
    assert type(made) is Reading
    assert isinstance(made, model)
