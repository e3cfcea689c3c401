"""UPDATE: SET, REMOVE, the functions of SET, and RETURNING."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import EVERYTHING, Item, Shop, Value, number, text


@pytest.mark.parametrize(
    ("change", "attribute", "value"),
    [
        ("SET a = 1", "a", number(1)),
        ("SET a = s", "a", text("abc")),
        ("SET a = m.sub", "a", text("x")),
        ("SET n = n + 1", "n", number(6)),
        ("SET n = 1 + n", "n", number(6)),
        ("SET n = n - 1.5", "n", number("3.5")),
        ("SET n = n + 1 - 2", "n", number(4)),
        ("SET n = n + m.other", "n", number(6)),
        ("SET m.sub = 'z'", "m", {"M": {"sub": text("z"), "other": number(1)}}),
        ("SET m['sub'] = 'z'", "m", {"M": {"sub": text("z"), "other": number(1)}}),
        ("SET m.fresh = 2", "m", {"M": {**EVERYTHING["m"]["M"], "fresh": number(2)}}),
        ("SET l[1] = 7", "l", {"L": [text("x"), number(7), EVERYTHING["l"]["L"][2]]}),
        ("SET l[99] = 7", "l", {"L": [*EVERYTHING["l"]["L"], number(7)]}),
        ("SET l = list_append(l, [7])", "l", {"L": [*EVERYTHING["l"]["L"], number(7)]}),
        ("SET l = list_append([7], l)", "l", {"L": [number(7), *EVERYTHING["l"]["L"]]}),
        ("SET ss = set_add(ss, <<'d', 'a'>>)", "ss", {"SS": ["a", "b", "c", "d"]}),
        ("SET ss = SET_DELETE(ss, <<'b', 'z'>>)", "ss", {"SS": ["a", "c"]}),
        ("SET ns = set_add(ns, <<4>>)", "ns", {"NS": ["1", "2", "3", "4"]}),
        ("SET ns = set_delete(ns, <<1, 2>>)", "ns", {"NS": ["3"]}),
        ("SET fresh = set_add(fresh, <<4>>)", "fresh", {"NS": ["4"]}),
        ("SET m = {} SET n = 1", "n", number(1)),
        ("REMOVE l[0]", "l", {"L": EVERYTHING["l"]["L"][1:]}),
        ("REMOVE m.sub", "m", {"M": {"other": number(1)}}),
        ("REMOVE s SET a = s", "a", text("abc")),
    ],
)
def test_an_update_changes_an_attribute(
    shop: Shop, change: str, attribute: str, value: Value
) -> None:
    assert shop.items(f"UPDATE \"Things\" {change} WHERE pk = 'one'") == []
    stored = shop.thing()
    assert stored is not None
    assert _with_sorted_sets(stored[attribute]) == value


def _with_sorted_sets(value: Value) -> Value:
    ((tag, content),) = value.items()
    return {tag: sorted(content)} if tag in ("SS", "NS") else value


def _changed(**changes: Value | None) -> Item:
    changed = {**EVERYTHING, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def test_an_update_changes_several_attributes_at_once(shop: Shop) -> None:
    shop.run("UPDATE Things SET n = ?, s = 'z' REMOVE l REMOVE flag WHERE pk = 'one'", number(9))
    assert shop.thing() == _changed(n=number(9), s=text("z"), l=None, flag=None)


def test_every_operand_is_read_before_anything_changes(shop: Shop) -> None:
    shop.run("UPDATE Things SET n = m.other, m.other = n WHERE pk = 'one'")
    stored = shop.thing()
    assert stored is not None
    assert stored["n"] == number(1)
    assert stored["m"]["M"]["other"] == number(5)


def test_an_empty_set_leaves_no_attribute(shop: Shop) -> None:
    shop.run("UPDATE Things SET ss = set_delete(ss, <<'a', 'b', 'c'>>) WHERE pk = 'one'")
    assert shop.thing() == _changed(ss=None)


def test_an_update_may_begin_with_its_table_and_condition(shop: Shop) -> None:
    shop.run("FROM Things WHERE pk = 'one' SET n = 6 REMOVE s")
    assert shop.thing() == _changed(n=number(6), s=None)


@pytest.mark.parametrize(
    ("returning", "items"),
    [
        ("ALL OLD", [EVERYTHING]),
        ("ALL NEW", [_changed(n=number(6), fresh=number(1), s=None)]),
        ("MODIFIED OLD", [{"n": number(5), "s": text("abc")}]),
        ("MODIFIED NEW", [{"n": number(6), "fresh": number(1)}]),
        ("all old", [EVERYTHING]),
    ],
)
def test_an_update_returns_the_values_that_are_asked_for(
    shop: Shop, returning: str, items: list[Item]
) -> None:
    statement = (
        f"UPDATE Things SET n = 6, fresh = 1 REMOVE s WHERE pk = 'one' RETURNING {returning} *"
    )
    assert shop.items(statement) == items


def test_only_the_changed_part_of_a_document_is_returned(shop: Shop) -> None:
    shop.run("UPDATE Things SET m.sub = 'z' WHERE pk = 'one'")
    found = shop.items("UPDATE Things SET m.sub = 'q' WHERE pk = 'one' RETURNING MODIFIED OLD *")
    assert found == [{"m": {"M": {"sub": text("z")}}}]


def test_nothing_is_returned_if_nothing_was_modified(shop: Shop) -> None:
    assert shop.items("UPDATE Things REMOVE nope WHERE pk = 'one' RETURNING MODIFIED OLD *") == []
    assert shop.items("UPDATE Things SET nope = 1 WHERE pk = 'one' RETURNING MODIFIED OLD *") == []


def test_an_update_makes_no_item(shop: Shop) -> None:
    error = shop.error("UPDATE Things SET n = 1 WHERE pk = 'nobody'")
    assert error.code == "ConditionalCheckFailedException"
    assert error.message == "The conditional request failed"
    assert shop.thing("nobody") is None


def test_an_update_looks_at_the_rest_of_the_condition(shop: Shop) -> None:
    statement = "UPDATE Things SET n = 6 WHERE pk = 'one' AND attribute_not_exists(s)"
    error = shop.error(statement, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert error.code == "ConditionalCheckFailedException"
    assert error.fields == {"Item": EVERYTHING}
    shop.run("UPDATE Things SET n = 6 WHERE pk = 'one' AND (n < 5 OR s = 'abc')")
    assert shop.thing() == _changed(n=number(6))


SET_ADD_IS = "The first argument to SET_ADD must equal the assignment value at 1:23:7"
NO_SET = "The second argument to SET_ADD must be a value with type SET at 1:32:2"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "SET pk = 'two'",
            (
                "One or more parameter values were invalid: Cannot update attribute pk."
                " This attribute is part of the key"
            ),
        ),
        (
            "SET a = nope",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET a.b = 1",
            "The document path provided in the update expression is invalid for update",
        ),
        ("SET n = s + 1", "An operand in the update expression has an incorrect data type"),
        (
            "SET m = {}, m.sub = 1",
            (
                "Two document paths overlap with each other; must remove or rewrite one of these"
                " paths;"
            ),
        ),
        ("SET a = MISSING", "MISSING must be compared using IS operator"),
        ("SET n = n * 2", "Unsupported operator in SET clause at 1:25:1"),
        ("SET a = n = 5", "Unsupported operator in SET clause at 1:25:1"),
        ("SET a = if_not_exists(a, 1)", "Unrecognized function: if_not_exists at 1:23:13"),
        ("SET ss = set_add(a, <<1>>)", SET_ADD_IS.replace("23", "24")),
        ("SET a = set_add(ss, <<1>>)", SET_ADD_IS),
        ("SET a = set_add(a, 1)", "The second argument to SET_ADD must be a value with type SET"),
        ("SET a = set_add(a)", "SET_ADD must have exactly two arguments at 1:23:7"),
        ("SET s = set_add(s, <<'a'>>)", None),
        ("SET ss = set_add(ss, <<1>>)", None),
        ("SET l = list_append(l, 1)", None),
        ("SET a = 'a' + 1", None),
        ("REMOVE pk", None),
    ],
)
def test_refusals_of_an_update(shop: Shop, change: str, message: str | None) -> None:
    refusal = shop.refusal(f"UPDATE Things {change} WHERE pk = 'one'")
    assert message is None or refusal.startswith(message)
    assert shop.thing() == EVERYTHING


def test_an_update_keeps_the_indexes(shop: Shop) -> None:
    shop.run("UPDATE Orders SET status = 'lost' WHERE pk = 'a' AND sk = 1")
    shop.run("UPDATE Orders REMOVE status WHERE pk = 'a' AND sk = 2")
    assert shop.notes("SELECT * FROM Orders.\"by-status\" WHERE status = 'lost'") == ["a1"]
    assert len(shop.items('SELECT * FROM Orders."by-status"')) == 7
    assert shop.refusal("UPDATE Orders SET total = 'x' WHERE pk = 'a' AND sk = 3") == (
        "One or more parameter values were invalid: Type mismatch for Index Key total Expected: N"
        " Actual: S IndexName: by-status"
    )
