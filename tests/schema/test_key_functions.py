"""Key functions: read once, and refused where they do more than return texts of their parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from adorm.errors import ModelError
from adorm.schema.key_functions import read_key_function

PREFIX = "ORDER#"
NOT_DEFINED: str
changed = False


def read(function: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return read_key_function(function, "Order.key")


def test_a_key_function_gives_two_texts_and_the_names_of_its_parts() -> None:
    def key(self: Any, user_name: str, order_id: str) -> tuple[str, str]:
        return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"

    assert read(key) == (
        ("CUSTOMER#{user_name}", "ORDER#{order_id}"), ("user_name", "order_id")
    )  # fmt: skip


def test_formats_braces_and_constants_are_kept() -> None:
    def key(self: Any, number: int, *, at: datetime) -> tuple[str, str]:
        """The key."""
        return f"{{{number:~010d}}}", f"{PREFIX}{at:%Y-%m-%d}#{at}"

    assert read(key) == (("{{{number:~010d}}}", "ORDER#{at:%Y-%m-%d}#{at}"), ("number", "at"))


def test_a_side_may_be_a_constant_or_a_part_itself() -> None:
    def one(self: Any) -> str:
        return "in{fo"

    def two(self: Any, user_name: str) -> tuple[str, str]:
        return user_name, "info"

    assert read(one) == (("in{{fo",), ())
    assert read(two) == (("{user_name}", "info"), ("user_name",))


def _repo(owner: str, name: str) -> str:
    return _in_capitals("REPO", f"{owner}#{name}")


def _in_capitals(kind: str, text: str) -> str:
    return f"{kind}#{text}"


def test_key_functions_may_call_functions_for_what_they_have_in_common() -> None:
    def local(number: int) -> str:
        return f"ISSUE#{number:010d}"

    def key(self: Any, owner: str, repo: str, number: int) -> tuple[str, str]:
        return _repo(owner, name=repo), local(number)

    assert read(key) == (
        ("REPO#{owner}#{repo}", "ISSUE#{number:010d}"), ("owner", "repo", "number")
    )  # fmt: skip


def test_annotations_are_not_looked_at() -> None:
    def key(self: Any, user_name: str) -> str:
        return f"A#{user_name}"

    key.__annotations__ = {"user_name": "NotThere", "return": "NotThere"}
    assert read(key) == (("A#{user_name}",), ("user_name",))


def _branch(self: Any, a: Any) -> Any:
    return f"{a}" if a else "x"


def _branch_on_something_else(self: Any, a: Any) -> Any:
    if PREFIX:
        return f"{a}"
    return f"x{a}"


def _is_none(self: Any, a: Any) -> Any:
    return f"{a is None}{a}"


def _equal(self: Any, a: Any) -> Any:
    return f"{a == 1}{a}"


def _inside(self: Any, a: Any) -> Any:
    return f"{a in PREFIX}{a}"


def _not(self: Any, a: Any) -> Any:
    return f"{not a}{a}"


def _sum(self: Any, a: Any) -> Any:
    return "A#" + a


def _percent(self: Any, a: Any) -> Any:
    return "A#%s" % a  # noqa: UP031


def _percent_of_tuple(self: Any, a: Any) -> Any:
    return "A#%s" % (a,)  # noqa: UP031


def _call(self: Any, a: Any) -> Any:
    return str(a)


def _calls_a_branch(self: Any, a: Any) -> Any:
    return f"{_branch(None, a)}"


def _calls_itself(self: Any, a: Any) -> Any:
    return f"{_calls_itself(self, a)}"


def _calls_a_class(self: Any, a: Any) -> Any:
    return f"{partial(a)}{a}"


def _calls_a_method_of_a_text(self: Any, a: Any) -> Any:
    return f"{PREFIX.lower()}{a}"


def _calls_a_lambda(self: Any, a: Any) -> Any:
    text: Callable[[], str] = lambda: f"{a}"  # noqa: E731  # what is refused
    return text()


def _method(self: Any, a: Any) -> Any:
    return f"{a.lower()}"


def _attribute(self: Any, a: Any) -> Any:
    return f"{a.name}{a}"


def _class(self: Any, a: Any) -> Any:
    return f"{a.__class__}{a}"


def _item(self: Any, a: Any) -> Any:
    return f"{a[0]}{a}"


def _repr(self: Any, a: Any) -> Any:
    return f"{a!r}"


def _str(self: Any, a: Any) -> Any:
    return f"{a!s}"


def _shown(self: Any, a: Any) -> Any:
    return f"{a=}"


def _in_list(self: Any, a: Any) -> Any:
    return f"{[a]}{a}"


def _loop(self: Any, a: Any) -> Any:
    for letter in a:
        return f"{letter}"
    return f"{a}"


def _unpacked(self: Any, a: Any) -> Any:
    first, _second = a
    return f"{first}"


def _try(self: Any, a: Any) -> Any:
    try:
        return f"{a}"
    except ValueError:
        return "x"


def _generator(self: Any, a: Any) -> Any:
    yield f"{a}"


async def _coroutine(self: Any, a: Any) -> Any:
    return f"{a}"


def _global(self: Any, a: Any) -> Any:
    global changed  # noqa: PLW0603  # what is refused
    changed = True
    return f"{a}"


def _unknown(self: Any, a: Any) -> Any:
    return f"{NOT_DEFINED}{a}"  # noqa: F821  # as the name says


def _format_of_a_part(self: Any, a: Any, b: Any) -> Any:
    return f"{a:{b}}"


@pytest.mark.parametrize(
    "function",
    [_branch, _branch_on_something_else, _is_none, _equal, _inside, _not, _sum, _percent,
     _percent_of_tuple, _call, _calls_a_branch, _calls_itself, _calls_a_class,
     _calls_a_method_of_a_text, _calls_a_lambda, _method, _attribute, _class, _item, _repr,
     _str, _shown, _in_list, _loop, _unpacked, _try, _generator,
     _coroutine, _global, _unknown, _format_of_a_part],
)  # fmt: skip
def test_a_function_that_does_more_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="no branches and calls nothing on a part") as raised:
        read(function)
    assert str(raised.value).startswith("Order.key: ")
    assert not changed


def _no_self() -> Any:
    return "x"


def _default(self: Any, a: Any = "x") -> Any:
    return f"{a}"


def _keyword_default(self: Any, *, a: Any = "x") -> Any:
    return f"{a}"


def _star(self: Any, *a: Any) -> Any:
    return f"{a}"


def _stars(self: Any, **a: Any) -> Any:
    return f"{a}"


def _self_as_a_part(self: Any, a: Any) -> Any:
    return f"{self}{a}"


def _forgotten_self(a: Any, b: Any) -> Any:
    return f"{a}", f"{b}"


def _field_of_self(self: Any) -> Any:
    return f"A#{self.a}"


def _unused(self: Any, a: Any, b: Any) -> Any:
    return f"{a}"


def _three(self: Any, a: Any) -> Any:
    return f"{a}", "x", "y"


def _nothing(self: Any) -> Any:
    return ()


def _list(self: Any, a: Any) -> Any:
    return [f"{a}"]


def _none(self: Any, a: Any) -> Any:
    return None, f"{a}"


def _nul(self: Any, a: Any) -> Any:
    return f"{a}\0"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_no_self, "the first parameter is self, and the parts follow it"),
        (_default, "has no default"),
        (_keyword_default, "has no default"), (_star, r"no \* and no \*\*"),
        (_stars, r"no \* and no \*\*"), (_self_as_a_part, "first parameter is self, and no part"),
        (_forgotten_self, "the first parameter is self, and no part: write self before a"),
        (_field_of_self, r"Order.key: a part is a parameter .* write \{a\}, and a as a parameter"),
        (_unused, "no text of the key holds its parameter b"), (_three, "not 3 texts"),
        (_nothing, "not 0 texts"), (_list, "returned a list"), (_none, "returned a NoneType"),
        (_nul, "can't hold the character"), (partial(_unused), "a key is a function of its parts"),
        ("A#{x}", "a key is a function of its parts"),
    ],
)  # fmt: skip
def test_a_function_that_is_no_key_is_refused(function: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(function)
