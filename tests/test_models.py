"""Models: what a class becomes, and every mistake that is found when it is made."""

from __future__ import annotations

import copy
import pickle
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypedDict, TypeVar

import attrs
import pytest

import adorm
from adorm.models import model_info
from adorm.schema.fields import Role

T = TypeVar("T")


@adorm.model(
    table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status", sort="created_at")]
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    created_at: datetime = adorm.created_at()
    version: int = adorm.version()

    def described(self) -> str:
        return f"{self.order_id} is {self.status}"

    def __str__(self) -> str:
        return f"<{super().__str__()[:6]}>"


def test_a_model_is_an_attrs_class_with_a_keyword_only_constructor() -> None:
    order = Order(customer_id="c1", order_id="o1")
    cls: type[Any] = Order
    assert attrs.has(cls)
    assert order == Order(customer_id="c1", order_id="o1", created_at=order.created_at)
    assert repr(order).startswith("Order(customer_id='c1', order_id='o1', status='open'")
    with pytest.raises(TypeError):
        Order("c1", "o1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake under test
    with pytest.raises(TypeError):
        Order(customer_id="c1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake under test


def test_methods_super_and_class_cells_survive_the_decorator() -> None:
    order = Order(customer_id="c1", order_id="o1")
    assert order.described() == "o1 is open"
    assert str(order) == "<Order(>"


def test_an_instance_keeps_its_attributes_in_itself_and_never_answers_with_a_path() -> None:
    order = Order(customer_id="c1", order_id="o1")
    assert order.__dict__["status"] == "open"
    assert not any(
        hasattr(type(order).__mro__[0].__dict__.get(name), "__get__")
        for name in ("status", "order_id")
    )
    del order.status
    with pytest.raises(AttributeError):
        _ = order.status


def test_instances_can_be_copied_and_pickled() -> None:
    order = Order(customer_id="c1", order_id="o1")
    assert copy.deepcopy(order) == order
    assert copy.copy(order) == order
    assert pickle.loads(pickle.dumps(order)) == order  # our own bytes
    evolved: Any = attrs.evolve(order, status="paid")  # type: ignore[misc]  # to mypy a dataclass_transform makes no attrs class
    assert evolved.status == "paid"


def test_an_unknown_field_names_the_one_that_was_meant() -> None:
    with pytest.raises(
        adorm.UnknownField, match="Order has no field 'statos'; did you mean 'status'"
    ):
        _ = Order.statos  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownVariableType]  # the mistake
    assert not hasattr(Order, "agee")


def test_metadata_holds_keys_indexes_and_roles() -> None:
    info = model_info(Order)
    assert info.table == "orders"
    assert [field.name for field in info.key_fields] == ["customer_id", "order_id"]
    assert info.indexes["by-status"].is_global
    assert info.version is not None
    assert info.version.role is Role.VERSION
    assert info.ttl is None


def test_a_subclass_has_the_parents_fields_table_and_indexes() -> None:
    @adorm.model
    class Gift(Order):
        card: str = ""

    info = model_info(Gift)
    assert info.table == "orders"
    assert list(info.indexes) == ["by-status"]
    assert Gift(customer_id="c", order_id="o", card="x").described() == "o is open"
    assert repr(Gift.card) == "Gift.card"
    assert repr(Gift.status) == "Gift.status"

    class Undecorated(Order):
        pass

    with pytest.raises(adorm.UsageError, match="Undecorated is no model"):
        model_info(Undecorated)


def test_generic_recursive_and_abstract_models() -> None:
    @adorm.model
    class Box(Generic[T]):
        name: str = adorm.partition_key()
        content: list[T] = adorm.attribute(factory=list)
        inner: Box[T] | None = None

    @adorm.model(table="boxes")
    class IntBox(Box[int]):
        pass

    info = model_info(IntBox)
    assert info.structure.by_name["content"].type == list[int]
    box = IntBox(name="a", content=[1], inner=Box[int](name="b"))
    assert adorm.from_attribute_map(IntBox, adorm.to_attribute_map(box)) == box
    assert repr(IntBox.inner.inner.content[0]) == "IntBox.inner.inner.content[0]"  # type: ignore[misc, union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # at run time

    class Shape(ABC):
        @abstractmethod
        def area(self) -> float: ...

    @adorm.model(table="squares")
    class Square(Shape):
        name: str = adorm.partition_key()
        side: float = 1.0

        def area(self) -> float:
            return self.side**2

    assert Square(name="s", side=2.0).area() == 4
    assert repr(Square.side) == "Square.side"


@adorm.model(table="trees")
class Tree:
    name: str = adorm.partition_key()
    leaves: list[Leaf] = adorm.attribute(factory=list)
    children: list[Tree] = adorm.attribute(factory=list)


@adorm.model
class Leaf:
    color: str = "green"


def test_forward_references_resolve_at_first_use() -> None:
    assert repr(Tree.leaves[0].color) == "Tree.leaves[0].color"
    assert repr(Tree.children[1].leaves[0].color) == "Tree.children[1].leaves[0].color"
    tree = Tree(name="t", leaves=[Leaf()], children=[Tree(name="u")])
    assert adorm.from_attribute_map(Tree, adorm.to_attribute_map(tree)) == tree


def test_a_mistake_behind_a_forward_reference_is_found_at_first_use() -> None:
    @adorm.model(table="x")
    class Lost:
        name: str = adorm.partition_key()
        friend: Nobody | None = None  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # the mistake

    with pytest.raises(adorm.ModelError, match=r"Lost: the annotation that names 'Nobody'"):
        model_info(Lost)


def test_naming_makes_attribute_names_and_a_field_can_have_its_own() -> None:
    @adorm.model(table="x", naming="camelCase")
    class Camel:
        user_id: str = adorm.partition_key()
        full_name: str = adorm.attribute(default="", name="fn")
        zip_code: str = ""

    assert [field.attribute_name for field in model_info(Camel).structure.fields] == [
        "userId",
        "fn",
        "zipCode",
    ]

    @adorm.model(table="x", naming=str.upper)
    class Loud:
        user_id: str = adorm.partition_key()

    assert model_info(Loud).partition.attribute_name == "USER_ID"


@dataclass
class Foreign:
    id: str
    amount: int = 0
    seen: int = 0


@attrs.frozen
class Sealed:
    id: str
    amount: int = 0


def test_a_class_that_cannot_be_edited_becomes_a_model() -> None:
    mapped = adorm.map_class(
        Foreign, table="foreign", partition_key="id", version="seen", names={"amount": "amt"}
    )
    assert repr(mapped.amount) == "Foreign.amount"
    assert isinstance(mapped(id="x"), Foreign)
    assert type(mapped(id="x")) is Foreign
    info = model_info(mapped)
    assert info.version is not None
    assert not hasattr(Foreign, "__adorm_info__")
    assert adorm.from_attribute_map(mapped, {"id": {"S": "x"}, "amt": {"N": "5"}}) == Foreign(
        "x", 5
    )
    assert adorm.to_attribute_map(Foreign("x", 5), model=mapped)["amt"] == {"N": "5"}
    assert adorm.to_plain(Foreign("x", 5), model=mapped) == {"id": "x", "amt": 5, "seen": 0}
    with pytest.raises(adorm.UsageError, match="an instance of Foreign is expected, not Sealed"):
        adorm.to_attribute_map(Sealed("x"), model=mapped)
    sealed = adorm.map_class(Sealed, table="sealed", partition_key="id")
    assert repr(sealed.amount) == "Sealed.amount"
    with pytest.raises(adorm.ModelError, match="no field 'idd'; did you mean 'id'"):
        adorm.map_class(Foreign, table="foreign", partition_key="idd")
    with pytest.raises(adorm.ModelError, match="one role"):
        adorm.map_class(Foreign, table="foreign", partition_key="id", sort_key="id")


@dataclass
class Passing:
    id: str
    until: int | None = None


def test_whether_an_instance_of_a_mapped_class_is_over_is_told_by_its_model() -> None:
    mapped = adorm.map_class(Passing, table="passing", partition_key="id", ttl="until")
    assert adorm.is_expired(Passing("x", 1), model=mapped)
    assert not adorm.is_expired(Passing("x", 2**40), model=mapped)
    with pytest.raises(adorm.UsageError, match="Passing is no model"):
        adorm.is_expired(Passing("x", 1))
    with pytest.raises(adorm.UsageError, match="an instance of Passing is expected, not Sealed"):
        adorm.is_expired(Sealed("x"), model=mapped)


class Bag(TypedDict):
    count: int


def test_a_typed_dict_is_stored_by_its_class() -> None:
    assert adorm.to_attribute_map(Bag(count=1), model=Bag) == {"count": {"N": "1"}}


class Color(Enum):
    RED = 1
    BLUE = "b"


def define(**fields: tuple[Any, Any]) -> type[Any]:
    """A class body made of annotations and defaults."""
    body: dict[str, Any] = {
        "__annotations__": {name: annotation for name, (annotation, _) in fields.items()},
        "__module__": __name__,
    }
    body.update({name: default for name, (_, default) in fields.items() if default is not ...})
    return type("Bad", (), body)


PK = (str, adorm.partition_key())

MISTAKES: dict[str, tuple[dict[str, tuple[Any, Any]], dict[str, Any], str]] = {
    "no partition key": ({"a": (str, "")}, {"table": "t"}, "Bad has no partition key"),
    "sort key only": ({"a": (str, adorm.sort_key())}, {}, "Bad has no partition key"),
    "two partition keys": (
        {"a": PK, "b": (str, adorm.partition_key())},
        {},
        "Bad has 2 partition_key fields, a and b",
    ),
    "two sort keys": (
        {"a": PK, "b": (str, adorm.sort_key()), "c": (str, adorm.sort_key())},
        {},
        "2 sort_key fields, b and c",
    ),
    "two versions": (
        {"a": PK, "b": (int, adorm.version()), "c": (int, adorm.version())},
        {},
        "2 version fields",
    ),
    "bool key": ({"a": (bool, adorm.partition_key())}, {}, "Bad.a is a key, but bool can't be one"),
    "list key": ({"a": (list[str], adorm.partition_key())}, {}, "Bad.a is a key, but list"),
    "optional key": (
        {"a": (str | None, adorm.partition_key())},
        {},
        "Bad.a is a key of the table, so it can't be optional",
    ),
    "set sort key": ({"a": PK, "b": (set[str], adorm.sort_key())}, {}, "Bad.b is a key"),
    "mixed enum key": ({"a": (Color, adorm.partition_key())}, {}, "Bad.a"),
    "version of text": (
        {"a": PK, "v": (str, adorm.version())},
        {},
        "Bad.v is the version, so it is an int, not str",
    ),
    "optional version": ({"a": PK, "v": (int | None, adorm.version())}, {}, "Bad.v is the version"),
    "ttl of text": ({"a": PK, "t": (str, adorm.ttl())}, {}, "Bad.t is the ttl"),
    "created_at of a number": (
        {"a": PK, "c": (int, adorm.created_at())},
        {},
        "Bad.c is created_at",
    ),
    "one attribute name twice": (
        {"a": PK, "b": (str, adorm.attribute(default="", name="a"))},
        {},
        "the fields a and b have one attribute name, 'a'",
    ),
    "naming that collides": (
        {"a_b": PK, "aB": (str, "")},
        {"naming": "camelCase"},
        "a_b and aB have one attribute name",
    ),
    "unknown naming": ({"a": PK}, {"naming": "kebab-case"}, "naming is 'kebab-case'"),
    "unknown index field": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition="b")]},
        "index 'idx': Bad has no field 'b'",
    ),
    "unknown projection field": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition="a", projection=["zz"])]},
        "index 'idx': Bad has no field 'zz'",
    ),
    "unknown projection": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition="a", projection="SOME")]},
        "projection is 'ALL'",
    ),
    "index key of a bool": (
        {"a": PK, "b": (bool, False)},
        {"indexes": [adorm.GlobalIndex("idx", partition="b")]},
        "Bad.b is a key",
    ),
    "five partition fields": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition=["a", "b", "c", "d", "e"])]},
        "partition takes 1 to 4",
    ),
    "no partition fields": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition=[])]},
        "partition takes 1 to 4",
    ),
    "index twice": (
        {"a": PK},
        {
            "indexes": [
                adorm.GlobalIndex("idx", partition="a"),
                adorm.GlobalIndex("idx", partition="a"),
            ]
        },
        "declared twice",
    ),
    "field twice in an index key": (
        {"a": PK},
        {"indexes": [adorm.GlobalIndex("idx", partition="a", sort="a")]},
        "twice in its key",
    ),
    "local index without sort key": (
        {"a": PK, "b": (str, "")},
        {"indexes": [adorm.LocalIndex("idx", sort="b")]},
        "needs a table with a sort key",
    ),
    "bad index name": ({"a": PK}, {"indexes": [adorm.GlobalIndex("x", partition="a")]}, "3 to 255"),
    "mutable default": (
        {"a": PK, "b": (list[int], [])},
        {},
        "Bad.b: one list as the default of all instances",
    ),
    "field marker without annotation": ({"a": PK}, {"extra": adorm.attribute()}, "Bad"),
    "omit_empty with a full default": (
        {"a": PK, "b": (str, adorm.attribute(default="x", omit_empty=True))},
        {},
        "Bad.b",
    ),
    "dict with odd keys": (
        {"a": PK, "b": (dict[tuple[int, int], str], adorm.attribute(factory=dict))},
        {},
        "Bad.b",
    ),
    "union that can't be told apart": ({"a": PK, "b": (str | datetime, "")}, {}, "Bad.b"),
    "a name that every class has": ({"a": PK, "mro": (str, "")}, {}, "Bad.mro"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_model_is_a_model_error_that_names_class_and_field(name: str) -> None:
    fields, options, message = MISTAKES[name]
    options = dict(options)
    body = define(**fields)
    if (extra := options.pop("extra", None)) is not None:
        body.extra = extra
    with pytest.raises(adorm.ModelError) as caught:
        adorm.model(**options)(body)
    assert message in str(caught.value)


def test_an_attrs_class_or_dataclass_is_not_made_a_model_twice() -> None:
    with pytest.raises(adorm.ModelError, match="already"):
        adorm.model(table="x")(attrs.define(define(a=PK)))
    with pytest.raises(adorm.ModelError, match="already"):
        adorm.model(table="x")(dataclass(define(a=(str, ""))))


def test_validators_run_at_construction() -> None:
    @adorm.model(table="x")
    class Strict:
        name: str = adorm.partition_key()
        size: int = adorm.attribute(default=1, validator=attrs.validators.gt(0))

        @cached_property
        def doubled(self) -> int:
            return self.size * 2

    with pytest.raises(ValueError, match="size"):
        Strict(name="a", size=0)
    assert Strict(name="a", size=2).doubled == 4


def test_a_table_name_is_needed_somewhere() -> None:
    @adorm.model
    class Loose:
        name: str = adorm.partition_key()

    db = adorm.connect("memory")
    with pytest.raises(adorm.UsageError, match="Loose names no table"):
        db.table(Loose)
    assert db.table(Loose, name="somewhere").name == "somewhere"
    for wrong in (str, 5, Decimal, Leaf):
        with pytest.raises(adorm.UsageError):
            db.table(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]  # the mistake


def test_a_class_that_nothing_can_store_is_named_at_first_use() -> None:
    @adorm.model(table="x")
    class Odd:
        name: str = adorm.partition_key()
        wave: complex = 1j

    with pytest.raises(adorm.ModelError, match=r"Odd\.wave"):
        adorm.to_attribute_map(Odd(name="a"))


def one_list_for_all() -> type:
    class Shared:
        pk: str = adorm.partition_key()
        tags: list[str] = adorm.attribute(default=[])

    return Shared


def with_slots() -> type:
    class Slotted:
        __slots__ = ("pk",)
        pk: str

    return Slotted


def with_arguments_of_its_base() -> type:
    class Tagged:
        def __init_subclass__(cls, tag: str) -> None: ...

    class Plain(Tagged, tag="x"):
        pk: str = adorm.partition_key()

    return Plain


def with_a_field_called_self() -> type:
    class Odd:
        pk: str = adorm.partition_key()

    Odd.__annotations__["self"] = str
    return Odd


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            one_list_for_all,
            (
                r"Shared\.tags: one list as the default of all instances: write "
                r"adorm\.attribute\(factory=list\)"
            ),
        ),
        (with_slots, "Slotted can't be made again with adorm's metaclass"),
        (
            with_arguments_of_its_base,
            "Plain can't be made again with adorm's metaclass.*__init_subclass__",
        ),
        (with_a_field_called_self, "Odd: duplicate argument 'self'"),
    ],
)
def test_what_python_or_attrs_would_refuse_is_a_model_error_too(make: Any, message: str) -> None:
    with pytest.raises(adorm.ModelError, match=message):
        adorm.model(table="things")(make())


def test_options_without_names_and_indexes_of_another_kind_are_model_errors() -> None:
    wrong: Any = "orders"
    with pytest.raises(adorm.ModelError, match=r"@adorm\.model decorates a class, not 'orders'"):
        adorm.model(wrong)
    with pytest.raises(adorm.ModelError, match=r"an index is GlobalIndex\(name, \.\.\.\)"):

        @adorm.model(table="things", indexes=[wrong])
        class _Thing:
            pk: str = adorm.partition_key()
