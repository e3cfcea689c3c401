"""The results of updates on items."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.memory.expressions.reading import apply_refusal, item, update, updated, used

BAD_PATH = "The document path provided in the update expression is invalid for update"
BAD_TYPE = "An operand in the update expression has an incorrect data type"
MISSING = "The provided expression refers to an attribute that does not exist in the item"


def test_set_writes_values_paths_and_copies() -> None:
    stored = item(a={"x": [1, 2]}, b=3)
    text = "SET c = :v, a.x[0] = b, a.y = a.x[1], b = a"
    assert updated(text, stored, v="new") == item(a={"x": [3, 2], "y": 2}, b={"x": [1, 2]}, c="new")


def test_an_update_does_not_change_the_old_item() -> None:
    stored = item(a={"x": [1, {"y": 2}], "z": 1}, s={"a", "b"}, l=[1, 2, 3])
    before = copy.deepcopy(stored)
    text = "SET a.x[1].y = :v, l[9] = :v REMOVE a.z, l[0] ADD s :s DELETE t :s"
    updated(text, stored, v=5, s={"c"})
    assert stored == before


def test_values_are_read_before_anything_is_written() -> None:
    assert updated("SET a = b, b = a REMOVE c", item(a=1, b=2, c=3)) == (item(a=2, b=1))
    assert updated("REMOVE a SET b = a", item(a=1)) == item(b=1)
    assert apply_refusal("SET x = :v, y = x", {}, v=1) == MISSING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET n = n + :v", 12),
        ("SET n = :v - n", -8),
        ("SET n = n - (n + :v)", -2),
        ("SET n = if_not_exists(n, :v) + :v", 12),
        ("SET n = if_not_exists(m, :v) + :v", 4),
    ],
)
def test_set_calculates(text: str, expected: int) -> None:
    assert updated(text, item(n=10), v=2) == item(n=expected)


def test_sums_are_exact_and_bounded() -> None:
    stored = {"n": {"N": "0.1"}}
    assert updated("SET n = n + n ADD m :v", stored, v=1) == {"n": {"N": "0.2"}, "m": {"N": "1"}}
    large = {"n": {"N": "9" + "0" * 125}}
    overflow = "Number overflow. Attempting to store a number with magnitude larger than"
    assert apply_refusal("SET n = n + n", large).startswith(overflow)
    digits = {"n": {"N": "1" * 38}, "m": {"N": "0.1"}}
    assert apply_refusal("SET n = n + m", digits).startswith(overflow)


def test_if_not_exists_reads_a_path_or_its_second_operand() -> None:
    stored = item(a=1, m={"x": None})
    text = "SET b = if_not_exists(a, :v), c = if_not_exists(z, :v), d = if_not_exists(m.x, :v)"
    assert updated(text, stored, v="v") == {**stored, **item(b=1, c="v", d=None)}
    assert updated("SET a = if_not_exists(b, if_not_exists(c, a))", item(a=3)) == item(a=3)
    assert apply_refusal("SET a = if_not_exists(b, c)", stored) == MISSING


def test_list_append_joins_lists() -> None:
    stored = item(a=["x"], b=["y", 1])
    assert updated("SET c = list_append(a, b)", stored)["c"] == item(c=["x", "y", 1])["c"]
    assert updated("SET a = list_append(:v, a)", stored, v=[]) == stored
    text = "SET z = list_append(if_not_exists(z, :none), :v)"
    assert updated(text, {}, none=[], v=[1]) == item(z=[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET a = list_append(b, :v)", BAD_TYPE),
        ("SET a = list_append(:v, b)", BAD_TYPE),
        ("SET a = list_append(z, :v)", MISSING),
        ("SET a = n + s", BAD_TYPE),
        ("SET a = s - n", BAD_TYPE),
        ("SET a = n + z", MISSING),
        ("SET a = l + if_not_exists(l, :v)", BAD_TYPE),
        ("SET a = z", MISSING),
        ("SET a = l[5]", MISSING),
        ("SET a = l.x", MISSING),
    ],
)
def test_operands_from_the_item_must_exist_and_have_the_right_type(
    text: str, expected: str
) -> None:
    stored = item(b="text", n=1, s="x", l=[1])
    assert apply_refusal(text, stored, **used(text, v=[1])) == expected


@pytest.mark.parametrize(
    "target", ["a.c", "b.c", "z.c", "a[0]", "m[0]", "z[0]", "b[5].c", "b[0].c"]
)
def test_a_path_must_lead_through_maps_and_lists_that_are_there(target: str) -> None:
    stored = item(a="text", b=["x"], m={"x": 1})
    for text in (f"SET {target} = :v", f"ADD {target} :v", f"DELETE {target} :v"):
        assert apply_refusal(text, stored, v={1}) == BAD_PATH
    assert apply_refusal(f"REMOVE {target}", stored) == BAD_PATH


def test_missing_attributes_can_be_removed() -> None:
    stored = item(a={"x": 3}, b=["hi"])
    assert updated("REMOVE a.y, b[7], c", stored) == stored


def test_the_last_member_of_a_map_or_list_can_be_removed() -> None:
    assert updated("REMOVE a.x, b[0]", item(a={"x": 3}, b=["hi"])) == item(a={}, b=[])


def test_indexes_mean_the_list_before_the_update() -> None:
    stored = item(a=[2, 3, 4, 5, 6, 7])
    for text in ("REMOVE a[1] SET a[3] = :v", "SET a[3] = :v REMOVE a[1]"):
        assert updated(text, stored, v=17) == item(a=[2, 4, 17, 6, 7])
    assert updated("REMOVE a[0], a[2], a[5], a[9]", stored) == item(a=[3, 5, 6])
    nested = item(a=[{"x": 1}, {"x": 2, "y": 0}])
    assert updated("REMOVE a[0], a[1].x", nested) == item(a=[{"y": 0}])


def test_indexes_after_the_end_append_in_their_order() -> None:
    stored = item(a=["one"])
    text = "SET a[84] = :d, a[37] = :b, a[17] = :a ADD a[50] :c"
    assert updated(text, stored, a="a", b="b", c=3, d="d") == item(a=["one", "a", "b", 3, "d"])
    text = "SET a[5] = :v REMOVE a[1], a[0]"
    assert updated(text, stored, v="v") == item(a=["v"])


def test_many_places_of_one_document_change_at_once() -> None:
    stored = item(b={"a": 1, "b": 2, "c": 3}, c=[1, 3], k="key")
    text = (
        "SET b.c=((c[1])+(b.a)), b.a = k, c[1] = k, c[4] = b.a - b.b, c[2] = b.c "
        "ADD c[8] :b, c[6] :a"
    )
    change = update(text, a=2, b={"a"})
    after = change.apply(stored)
    assert after == item(b={"a": "key", "b": 2, "c": 4}, c=[1, "key", 3, -1, 2, {"a"}], k="key")
    assert change.touched(after) == item(b={"a": "key", "c": 4}, c=["key", 3, 2])


def test_add_counts_and_unites() -> None:
    stored = item(n=3, s={"dog", "cat"}, i={1}, b={b"y"})
    text = "ADD n :n, s :s, i :i, b :b, fresh :s"
    assert updated(text, stored, n=-4, s={"cat", "ant"}, i={2}, b={b"x"}) == item(
        n=-1, s={"ant", "cat", "dog"}, i={1, 2}, b={b"x", b"y"}, fresh={"ant", "cat"}
    )


def test_add_works_on_nested_paths() -> None:
    stored = item(m={"n": 1}, l=[1, {"x"}])
    assert updated("ADD m.n :n, m.fresh :n, l[1] :s, l[7] :n", stored, n=2, s={"y"}) == item(
        m={"n": 3, "fresh": 2}, l=[1, {"x", "y"}, 2]
    )


def test_sets_stay_in_the_order_of_canonical_values() -> None:
    stored = {"n": {"NS": ["2", "10"]}}
    assert updated("ADD n :v", stored, v={9}) == {"n": {"NS": ["2", "9", "10"]}}


def test_delete_takes_members_out_and_an_emptied_set_with_them() -> None:
    stored = item(s={"a", "b"}, i={1}, m={"s": {"x"}}, l=[{1}, {1, 2}, 3])
    text = "DELETE s :s, i :i, m.s :x, l[0] :i, l[1] :i, l[9] :i, z :s, m.z :s"
    assert updated(text, stored, s={"a", "q"}, i={1}, x={"x"}) == item(s={"b"}, m={}, l=[{2}, 3])


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("ADD s :v", 1),
        ("ADD n :v", {1}),
        ("ADD s :v", {1}),
        ("ADD m :v", {1}),
        ("ADD l :v", {1}),
        ("DELETE s :v", {1}),
        ("DELETE n :v", {1}),
        ("DELETE m.x :v", {b"x"}),
        ("ADD n :v SET z.z = :v", {1}),
    ],
)
def test_add_and_delete_need_the_type_that_is_stored(text: str, given: Any) -> None:
    stored = item(n=1, s={"a"}, m={"x": {"y"}}, l=[1])
    assert apply_refusal(text, stored, v=given) == BAD_TYPE


def test_an_update_names_the_attributes_that_it_changes() -> None:
    change = update("SET a.b = c REMOVE #d, e[0] ADD f :v DELETE g :w", {"d": "x"}, v=1, w={1})
    assert change.attributes == {"a", "x", "e", "f", "g"}
    assert change.nested_attributes == {"a", "e"}
    assert not change.only_removes
    assert update("REMOVE a, b.c DELETE d :v", v={1}).only_removes
    assert not update("SET a = :v", v=1).only_removes
    assert not update("ADD a :v", v=1).only_removes


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("SET a.b = :v", {"a": {"b": "hi"}}, {"a": {"b": 7}}),
        ("SET a.c[1] = :v", {"a": {"c": [2]}}, {"a": {"c": [7]}}),
        ("SET a.c[1] = :v, a.b = :v", {"a": {"b": "hi", "c": [2]}}, {"a": {"b": 7, "c": [7]}}),
        ("REMOVE a.c[1], a.c[3]", {"a": {"c": [2]}}, {"a": {"c": [3]}}),
        ("SET a.fresh = :v", {}, {"a": {"fresh": 7}}),
        ("SET a.c[100] = :v", {}, {}),
        ("SET d = :v, e = :v", {"d": "cat"}, {"d": 7, "e": 7}),
        ("REMOVE d", {"d": "cat"}, {}),
    ],
)
def test_the_values_at_the_paths_of_an_update(text: str, old: Any, new: Any) -> None:
    stored = item(a={"b": "hi", "c": [1, 2, 3]}, d="cat")
    change = update(text, **used(text, v=7))
    assert change.touched(stored) == item(**old)
    assert change.touched(change.apply(stored)) == item(**new)


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("SET a = :v", "xyz", 3 + 19 + 1 + 3),
        ("SET ab.c[10] = :v", "xyz", 3 + 19 + (2 + 4 + 1 + 4 + 2) + 3),
        ("SET a = b.c", None, 3 + 19 + 1 + (1 + 14 + 1 + 14 + 1)),
        ("SET a = (:v + :v)", 1, 3 + 19 + 1 + 34 + 2 + 2),
        ("SET a = :v - b", 1, 3 + 19 + 1 + 37 + 2 + (1 + 14 + 1)),
        ("SET a = if_not_exists(b, :v)", "x", 3 + 19 + 1 + 39 + (1 + 14 + 1) + 1),
        ("SET a = list_append(:v, b)", [], 3 + 19 + 1 + 37 + 3 + (1 + 14 + 1)),
        ("REMOVE a, b.c DELETE d :v", {"x"}, 3 + (1 + 1) + (1 + 1 + 4 + 1) + (1 + 1)),
        ("ADD a :v", {"xy", "z"}, 3 + 19 + 1 + 3),
    ],
)
def test_the_bytes_of_an_update(text: str, given: Any, expected: int) -> None:
    change = update(text, **used(text, v=given))
    assert change.request_bytes() == expected
