"""Every text gets an answer or a refusal, whatever it is."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from adorm.memory.errors import EngineError
from tests.memory.partiql.generated import VALUES
from tests.memory.partiql.shop import EVERYTHING, Value, open_shop

WORDS = """
SELECT * , FROM Things Orders "Orders"."by-status" WHERE pk sk n s l m ss flag gone nope = <> < <=
> >= != + - / % || ( ) [ ] { } << >> : ; . ? 'one' 'a' '' 1 -1 1.5 1e400 true false null MISSING
NULL AND OR NOT IN BETWEEN IS LIKE ESCAPE INSERT INTO VALUE VALUES UPDATE SET REMOVE DELETE
RETURNING ALL OLD NEW MODIFIED EXISTS size begins_with contains attribute_type attribute_exists
list_append set_add set_delete if_not_exists CASE WHEN THEN ELSE END ORDER BY ASC DESC NULLS FIRST
LAST GROUP LIMIT OFFSET AS AT COUNT CAST STRING NUMERIC -- /* */ ` " '
""".split()  # noqa: SIM905  # a list of them would be long

STATEMENTS = [
    "SELECT * FROM Things WHERE pk = 'one' AND n BETWEEN 1 AND 9",
    "SELECT m.sub, l[0] FROM Things WHERE contains(ss, 'a') OR NOT size(s) > 2",
    "SELECT * FROM Orders WHERE pk IN ['a', 'b'] AND sk >= 2 ORDER BY pk DESC, sk",
    'SELECT * FROM "Orders"."by-status" WHERE status = \'open\' AND total IN [1, 97]',
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


@settings(max_examples=1000, deadline=None)
@given(
    statement=GARBAGE,
    parameters=st.lists(VALUES, max_size=2),
    operation=st.sampled_from(["ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"]),
    token=st.none() | st.text(min_size=1, max_size=20),
)
def test_every_text_gets_an_answer_or_a_refusal(
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
