"""What holds for every statement."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError
from adorm.memory.values import canonical_item, canonical_value
from tests.memory.partiql.generated import (
    CONDITIONS,
    ITEMS,
    NAMES,
    VALUES,
    Condition,
    literal,
)
from tests.memory.partiql.shop import EVERYTHING, Item, Shop, Value, open_shop, text

OVERLAP = "Overlapping conditions with range keys are not supported in where clause"


def _items_shop(items: list[Item]) -> Shop:
    shop = Shop(Engine())
    shop.call(
        "CreateTable",
        TableName="items",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "turned",
                "KeySchema": [
                    {"AttributeName": "sk", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in items:
        shop.call("PutItem", TableName="items", Item=item)
    return shop


def _in_order(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["pk"]["S"], float(item["sk"]["N"])))


@settings(max_examples=300)
@given(
    items=ITEMS,
    condition=CONDITIONS,
    source=st.sampled_from(["items", "items.turned"]),
    limit=st.integers(1, 5) | st.none(),
)
def test_a_select_finds_what_plain_python_finds(
    items: list[Item], condition: Condition, source: str, limit: int | None
) -> None:
    shop = _items_shop(items)
    request: dict[str, Any] = {} if limit is None else {"Limit": limit}
    found: list[Item] = []
    try:
        for _ in range(100):
            answer = shop.run(f"SELECT * FROM {source} WHERE {condition.text}", **request)
            found += answer["Items"]
            if "NextToken" not in answer:
                break
            request["NextToken"] = answer["NextToken"]
    except EngineError as error:
        assert error.message == OVERLAP
        return
    assert _in_order(found) == _in_order([item for item in items if condition.holds(item)])


@given(items=ITEMS, condition=CONDITIONS, descending=st.booleans())
def test_what_is_ordered_is_in_order(
    items: list[Item], condition: Condition, descending: bool
) -> None:
    shop = _items_shop(items)
    statement = f"SELECT * FROM items WHERE pk = 'a' AND ({condition.text}) ORDER BY sk"
    try:
        found = shop.items(f"{statement} DESC" if descending else statement)
    except EngineError as error:
        assert error.code == "ValidationException"
        return
    wanted = [item for item in items if item["pk"] == text("a") and condition.holds(item)]
    ordered = _in_order(wanted)
    assert found == (ordered[::-1] if descending else ordered)


@given(items=ITEMS, condition=CONDITIONS)
def test_a_delete_and_an_update_hold_the_condition_against_their_item(
    items: list[Item], condition: Condition
) -> None:
    shop = _items_shop(items)
    for item in items:
        key = f"pk = '{item['pk']['S']}' AND sk = {item['sk']['N']}"
        where = f"WHERE {key} AND ({condition.text})"
        for statement in (f"UPDATE items SET z = 1 {where}", f"DELETE FROM items {where}"):
            try:
                shop.run(statement)
                done = True
            except EngineError as error:
                if error.code == "ValidationException":
                    assert error.message.startswith("Multiple conditions on same key")
                    continue
                assert error.code == "ConditionalCheckFailedException"
                done = False
            assert done is condition.holds(item)


def _as_stored(item: Item) -> Item:
    return {name: _sorted(value) for name, value in canonical_item(item).items()}


def _sorted(value: Value) -> Value:
    ((tag, content),) = value.items()
    match tag:
        case "SS" | "NS":
            return {tag: sorted(content)}
        case "L":
            return {tag: [_sorted(each) for each in content]}
        case "M":
            return {tag: {name: _sorted(each) for name, each in content.items()}}
        case _:
            return value


@given(attributes=st.dictionaries(NAMES, VALUES, max_size=4), key=st.text(min_size=1, max_size=9))
def test_what_is_inserted_as_literals_is_read_back(
    attributes: dict[str, Value], key: str
) -> None:
    shop = open_shop()
    item = {**attributes, "pk": text(key)}
    whole = literal({"M": item})
    if key == "one":
        return
    shop.run(f"INSERT INTO Things VALUE {whole}")
    stored = _as_stored(item)
    where = f"WHERE pk = {literal(text(key))}"
    (found,) = shop.items(f"SELECT * FROM Things {where}")
    assert {name: _sorted(value) for name, value in found.items()} == stored
    for name, value in attributes.items():
        quoted = '"' + name.replace('"', '""') + '"'
        equal = f"SELECT {quoted} FROM Things {where} AND {quoted} = {literal(value)}"
        (column,) = shop.items(equal)
        assert {each: _sorted(other) for each, other in column.items()} == {name: stored[name]}
    (old,) = shop.items(f"DELETE FROM Things {where} RETURNING ALL OLD *")
    assert {name: _sorted(value) for name, value in old.items()} == stored


@given(value=VALUES)
def test_a_literal_and_a_parameter_are_the_same_value(value: Value) -> None:
    shop = open_shop()
    shop.run(f"UPDATE Things SET a = {literal(value)}, b = ? WHERE pk = 'one'", value)
    stored = shop.thing()
    assert stored is not None
    assert _sorted(stored["a"]) == _sorted(stored["b"]) == _sorted(canonical_value(value))


WORDS = (
    """
    SELECT * , FROM Things Orders "Orders"."by-status" WHERE pk sk n s l m ss flag gone nope = <> <
    <= > >= != + - / % || ( ) [ ] { } << >> : ; . ? 'one' 'a' '' 1 -1 1.5 1e400 true false null
    MISSING NULL AND OR NOT IN BETWEEN IS LIKE ESCAPE INSERT INTO VALUE VALUES UPDATE SET REMOVE
    DELETE RETURNING ALL OLD NEW MODIFIED EXISTS size begins_with contains attribute_type
    attribute_exists list_append set_add set_delete if_not_exists CASE WHEN THEN ELSE END ORDER BY
    ASC DESC NULLS FIRST LAST GROUP LIMIT OFFSET AS AT COUNT CAST STRING NUMERIC -- /* */ ` " '
    """
).split()

STATEMENTS = [
    "SELECT * FROM Things WHERE pk = 'one' AND n BETWEEN 1 AND 9",
    "SELECT m.sub, l[0] FROM Things WHERE contains(ss, 'a') OR NOT size(s) > 2",
    "SELECT * FROM Orders WHERE pk IN ['a', 'b'] AND sk >= 2 ORDER BY pk DESC, sk",
    "SELECT * FROM \"Orders\".\"by-status\" WHERE status = 'open' AND total IN [1, 97]",
    "INSERT INTO Things VALUE {'pk': 'k', 'a': [1, <<'x'>>, {'b': null}], 'c': ?}",
    "UPDATE Things SET n = n + 1, l = list_append(l, [1]) REMOVE m.sub WHERE pk = 'one'",
    "DELETE FROM Orders WHERE pk = 'a' AND sk = 1 AND total IS NOT MISSING RETURNING ALL OLD *",
    "EXISTS(SELECT * FROM Things WHERE pk = 'one' AND n = 5)",
]


@st.composite
def _changed_statements(draw: st.DrawFn) -> str:
    words = draw(st.sampled_from(STATEMENTS)).split(" ")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words)))
        match draw(st.sampled_from(["drop", "add", "swap", "double"])):
            case "drop":
                del words[at : at + 1]
            case "add":
                words.insert(at, draw(st.sampled_from(WORDS)))
            case "swap":
                words[at : at + 2] = words[at : at + 2][::-1]
            case _:
                words[at:at] = words[at : at + 3]
    return " ".join(words)


GARBAGE = st.one_of(
    st.text(min_size=1, max_size=60),
    st.text(alphabet="'\"`<>[](){}*?.,;:-/ \n\t0123456789eabSELCTFROM", min_size=1, max_size=60),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join),
    _changed_statements(),
)

SHOP = open_shop()


@settings(max_examples=1500)
@given(
    statement=GARBAGE,
    parameters=st.lists(VALUES, max_size=2),
    operation=st.sampled_from(["ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"]),
    token=st.none() | st.text(min_size=1, max_size=20),
)
def test_no_text_ends_in_anything_but_an_answer_or_a_refusal(
    statement: str, parameters: list[Value], operation: str, token: str | None
) -> None:
    asked: dict[str, Any] = {"Statement": statement}
    if parameters:
        asked["Parameters"] = parameters
    match operation:
        case "ExecuteStatement":
            request = asked if token is None else {**asked, "NextToken": token}
        case "BatchExecuteStatement":
            request = {"Statements": [asked]}
        case _:
            request = {"TransactStatements": [asked]}
    try:
        SHOP.call(operation, **request)
    except EngineError as error:
        assert error.message
    SHOP.call("PutItem", TableName="Things", Item=EVERYTHING)
