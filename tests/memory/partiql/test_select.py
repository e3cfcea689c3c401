"""SELECT: columns, paths, and which items are found."""

from __future__ import annotations

import pytest

from tests.memory.partiql.shop import EVERYTHING, Item, Shop, number, text


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ("*", EVERYTHING),
        ("pk", {"pk": text("one")}),
        ("n, s", {"n": number(5), "s": text("abc")}),
        ("nope", {}),
        ("pk, nope", {"pk": text("one")}),
        ("m.sub", {"sub": text("x")}),
        ("m['sub']", {"sub": text("x")}),
        ('"m"."sub"', {"sub": text("x")}),
        ("m.nope", {}),
        ("s.sub", {}),
        ("l[1]", {"l[1]": text("y")}),
        ("l[9]", {}),
        ("l[2].deep", {"deep": number(1)}),
        ("m[0]", {}),
        ("m.sub, m", {"sub": text("x"), "m": EVERYTHING["m"]}),
        ("l[0], l[1]", {"l[0]": text("x"), "l[1]": text("y")}),
    ],
)
def test_columns_are_named_after_the_end_of_their_path(
    shop: Shop, columns: str, found: Item
) -> None:
    assert shop.items(f"SELECT {columns} FROM Things WHERE pk = 'one'") == [found]


def test_the_indexes_at_the_end_of_a_path_belong_to_its_name(shop: Shop) -> None:
    nested = {"L": [{"L": [number(7)]}]}
    shop.run("INSERT INTO Things VALUE {'pk': 'k', 'm': ?}", {"M": {"a": nested}})
    found = shop.items("SELECT m.a[0][0], m.a[0] FROM Things WHERE pk = 'k'")
    assert found == [{"a[0][0]": number(7), "a[0]": {"L": [number(7)]}}]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("l[-1]", "List index is not within the allowable range; index: [-1] at 1:11:1"),
        ("l[1.5]", None),
        ("l[n]", None),
        ("l[2147483648]", None),
        ("'text'", "Unexpected path component at 1:8:6"),
        ("5", "Unexpected path component at 1:8:1"),
        ("s + 1", None),
        ("*.s", None),
    ],
)
def test_columns_that_are_no_paths_are_refused(
    shop: Shop, columns: str, message: str | None
) -> None:
    refusal = shop.refusal(f"SELECT {columns} FROM Things WHERE pk = 'one'")
    assert message is None or refusal == message


def test_without_a_condition_everything_is_found(shop: Shop) -> None:
    assert sorted(shop.notes("SELECT * FROM Orders")) == [
        f"{partition}{at}" for partition in "ab" for at in range(1, 5)
    ]


@pytest.mark.parametrize(
    ("condition", "notes"),
    [
        ("pk = 'a'", "a1 a2 a3 a4"),
        ("'a' = pk", "a1 a2 a3 a4"),
        ("pk = 'a' AND sk = 2", "a2"),
        ("sk = 2 AND pk = 'a'", "a2"),
        ("pk = 'a' AND sk > 2", "a3 a4"),
        ("pk = 'a' AND 2 < sk", "a3 a4"),
        ("pk = 'a' AND sk >= 2 AND sk < 4", "a2 a3"),
        ("pk = 'a' AND sk BETWEEN 2 AND 3", "a2 a3"),
        ("pk = 'a' AND sk NOT BETWEEN 2 AND 3", "a1 a4"),
        ("pk = 'a' AND sk <> 2", "a1 a3 a4"),
        ("pk = 'a' AND NOT sk = 2", "a1 a3 a4"),
        ("pk = 'a' AND sk IN [1, 4]", "a1 a4"),
        ("pk = 'a' AND sk IN (1, 4)", "a1 a4"),
        ("pk = 'a' AND total < 98", "a3 a4"),
        ("pk = 'a' AND (sk = 1 OR total = 97)", None),
        ("pk = 'a' AND (status = 'open' OR total = 98)", "a1 a2 a3"),
        ("pk = 'a' AND sk = 1 OR pk = 'b' AND sk = 2", "a1 b2"),
        ("pk = 'nobody'", ""),
        ("pk = 'a' AND pk = 'b'", ""),
        ("pk = 'a' AND sk = 1 AND sk = 2", ""),
    ],
)
def test_a_condition_on_the_key_reads_what_it_names(
    shop: Shop, condition: str, notes: str | None
) -> None:
    statement = f"SELECT * FROM Orders WHERE {condition}"
    if notes is None:
        assert shop.refusal(statement).startswith("Overlapping conditions")
    else:
        assert shop.notes(statement) == notes.split()


@pytest.mark.parametrize(
    ("condition", "notes"),
    [
        ("sk = 2", "a2 b2"),
        ("pk > 'a'", "b1 b2 b3 b4"),
        ("pk IN ['a', 'c'] AND sk = 3", "a3"),
        ("pk = 'a' OR sk = 1", "a1 a2 a3 a4 b1"),
        ("begins_with(pk, 'b') AND status = 'paid'", "b2 b4"),
        ("NOT pk = 'a' AND total > 97", "b1 b2"),
        ("note = 'b3'", "b3"),
    ],
)
def test_any_other_condition_is_tested_on_every_item(
    shop: Shop, condition: str, notes: str
) -> None:
    assert sorted(shop.notes(f"SELECT * FROM Orders WHERE {condition}")) == notes.split()


def test_only_a_read_by_key_costs_little(shop: Shop) -> None:
    for at in range(40):
        shop.run("INSERT INTO Things VALUE {'pk': ?, 'a': ?}", text(f"k{at}"), text("x" * 1000))

    def units(condition: str) -> float:
        answer = shop.run(
            f"SELECT * FROM Things WHERE {condition}",
            ReturnConsumedCapacity="TOTAL",
            ConsistentRead=True,
        )
        used: float = answer["ConsumedCapacity"]["CapacityUnits"]
        return used

    assert units("pk = 'k7'") == 1
    assert units("pk = 'k7' AND nope IS MISSING") == 1
    assert units("pk IN ['k7']") == 1
    assert units("pk > 'k7'") == units("nope IS MISSING") > 9
