"""The grammar: which texts are parsed, and which token a syntax error names."""

from __future__ import annotations

import pytest

from tests.memory.expressions.reading import (
    filter_refusal,
    holds,
    item,
    refusal,
    request,
    update,
    update_refusal,
    updated,
    used,
)


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("things are not gonna be ok", "are", "things are not"),
        ("a > 4", "4", "> 4"),
        ("a > 456 b", "456", "> 456 b"),
        ("a > 0456", "0", "> 0456"),
        ("a", "<EOF>", "a"),
        ("a = ", "<EOF>", "="),
        ("a = :v :v", ":v", ":v :v"),
        ("(a = :v", "<EOF>", ":v"),
        ("a = :v)", ")", ":v)"),
        ("a = = :v", "=", "= = :v"),
        ("a <= > :v", ">", "<= > :v"),
        ("a != :v", "!", "a !="),
        ("!!! INVALID !!!", "!", "!!"),
        ("ü > a", "ü", "ü >"),
        ("a\u00a0= :v", "\u00a0", "a\u00a0="),
        ("a = '4'", "'", "= '4"),
        ("_hidden = :v", "_", "_hidden"),
        ("# = :v", "#", "# ="),
        ("a = :", ":", "= :"),
        ("attribute_exists(Pictures-RearView)", "-", "Pictures-RearView"),
        ("attribute_exists(Pictures..RearView)", ".", "..RearView"),
        ("attribute_exists(a,)", ")", ",)"),
        ("attribute_exists()", ")", "()"),
        ("a IN (b, c,)", ")", ",)"),
        ("a IN b", "b", "IN b"),
        ("a IN ()", ")", "()"),
        ("a > between", "between", "> between"),
        ("a between :x or :y", "or", ":x or :y"),
        ("(a)between(b.(c.d))and(c)", "(", ".(c"),
        ("size(a).b > a", ".", ").b"),
        ("(size(a))[0] > a", "[", ")[0"),
        ("b[:a] > a", ":a", "[:a]"),
        ("b[#a] > a", "#a", "[#a]"),
        ("b[00] > a", "0", "00]"),
        ("b[1.5] > a", ".", "1.5"),
        ("a > :things.stuff", ".", ":things.stuff"),
        ("a = :v AND b", "<EOF>", "b"),
        ("a OR b = :v", "OR", "a OR b"),
        ("(a) AND b = :v", "AND", ") AND b"),
        ("NOT a", "<EOF>", "a"),
        ("NOT :v", "<EOF>", ":v"),
        ("(a = b) = c", "=", ") = c"),
        ("AND a = b", "AND", "AND a"),
        (" \t\n", "<EOF>", " \t\n"),
        ("(" * 4096, "<EOF>", "("),
        ("NOT " * 1024, "<EOF>", "NOT"),
        ("a<" + "f(" * 1000, "<EOF>", "("),
    ],
)
def test_a_syntax_error_of_a_condition_names_the_token_and_what_is_near(
    text: str, token: str, near: str
) -> None:
    assert filter_refusal(text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"),
        ("SET a", "<EOF>", "a"),
        ("SET", "<EOF>", "SET"),
        ("SET a = set", "set", "= set"),
        ("SET a b", "b", "a b"),
        ("SET :a = b", ":a", "SET :a ="),
        ("SET _123 = :v", "_", "SET _123"),
        ("SET a = :v,", "<EOF>", ","),
        ("SET a = :v, REMOVE b", "REMOVE", ", REMOVE b"),
        ("SET a = b / c", "/", "b / c"),
        ("SET a = b + c + d", "+", "c + d"),
        ("SET (a = (b + c))", "(", "SET (a"),
        ("SET a = (b.c).d + e", ".", ").d"),
        ("SET a = (b.c)[0]", "[", ")[0"),
        ('SET a[1] = "eight"', '"', '= "eight'),
        ("SET a = if_not_exists(a, 100)", "100", ", 100)"),
        ("SET c = if_not_exists(c, :a+:b)", "+", ":a+:b"),
        ("SET if_not_exists(a, b) = a", "(", "if_not_exists(a"),
        ("REMOVE a = b", "=", "a = b"),
        ("REMOVE :a", ":a", "REMOVE :a"),
        ("ADD a b", "b", "a b"),
        ("ADD a = :v", "=", "a = :v"),
        ("DELETE a if_not_exists(b, :v)", "if_not_exists", "a if_not_exists("),
        ("ADD a :v :w", ":w", ":v :w"),
        ("  ", "<EOF>", "  "),
    ],
)
def test_a_syntax_error_of_an_update_names_the_token_and_what_is_near(
    text: str, token: str, near: str
) -> None:
    assert update_refusal(text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("!!! INVALID !!!", "!", "!!"),
        ("a,", "<EOF>", ","),
        (",a", ",", ",a"),
        ("a,,b", ",", ",,b"),
        ("a b", "b", "a b"),
        ("a.:v", ":v", ".:v"),
        ("a.b[x]", "x", "[x]"),
        ("(a)", "(", "(a"),
        (" ", "<EOF>", " "),
    ],
)
def test_a_syntax_error_of_a_projection_names_the_token_and_what_is_near(
    text: str, token: str, near: str
) -> None:
    message = refusal("GetItem", request(ProjectionExpression=text))
    assert message == (
        f'Invalid ProjectionExpression: Syntax error; token: "{token}", near: "{near}"'
    )


@pytest.mark.parametrize(
    "text",
    [
        "a = :v",
        "(a) = (:v)",
        "((a = :v) AND (b = :w))",
        "a=:v and b=:w or not c=:v",
        "(a)between(b.c.d)and(c)",
        "(b.c).d = :v AND (b[0]) = :w",
        "((size(a)) = :v)",
        "attribute_exists((a)) AND contains((a), (b))",
        "a IN ((b), (c))",
        "a In (:v)",
        "NOT NOT NOT (a = :v)",
        "a . b [ 0 ] = :v",
        "\n a\t=\r:v",
        "a<>b AND c<=d AND e>=f",
    ],
)
def test_the_whole_grammar_of_conditions_is_parsed(text: str) -> None:
    holds(text, {}, **used(text, v=1, w=1))


@pytest.mark.parametrize(
    "text",
    [
        "SET a = :n",
        " set  a=:n,b = ( :n ) remove c",
        "REMOVE a.b[0], c ADD d :n DELETE e :s sEt f = :n",
        "SET a = (b + (:n))",
        "SET a = ((b.c) - (:n))",
        "SET a = list_append(if_not_exists(a, :l), (:l))",
        "SET a = if_not_exists(a, if_not_exists(b, :n)) + :n",
        "SET #add = :n",
    ],
)
def test_the_whole_grammar_of_updates_is_parsed(text: str) -> None:
    update(text, {"add": "add"} if "#add" in text else None, **used(text, n=1, s={1}, l=[]))


def test_precedence_is_not_then_and_then_or() -> None:
    stored = item(t=1)
    true, false = "t = :one", "t <> :one"
    assert holds(f"{true} OR {false} AND {false}", stored, one=1)
    assert not holds(f"({true} OR {false}) AND {false}", stored, one=1)
    assert not holds(f"NOT {true} AND {false}", stored, one=1)
    assert holds(f"NOT ({true} AND {false})", stored, one=1)
    assert holds(f"NOT {false} AND {true}", stored, one=1)


@pytest.mark.parametrize(
    "text",
    [
        "a = b AND c > ((d))",
        "((a = b))",
        "(((a = b)))",
        "a = b AND ((c = d AND e = f)) AND g = h",
        "(a)between(((b.c)).d)and(c)",
        "NOT ((a = b))",
        "a IN (((b)))",
        "((size(a))) > b",
    ],
)
def test_parentheses_around_nothing_but_parentheses_are_refused(text: str) -> None:
    assert filter_refusal(text) == "The expression has redundant parentheses;"


def test_thousands_of_parentheses_end_in_a_refusal_and_not_in_a_crash() -> None:
    deep = "(" * 2000 + "a = b" + ")" * 2000
    assert filter_refusal(deep) == "The expression has redundant parentheses;"
    assert update_refusal("SET a = " + "(" * 2000 + "b" + ")" * 2000) == (
        "The expression has redundant parentheses;"
    )


def test_an_empty_expression_is_refused() -> None:
    assert filter_refusal("") == "The expression can not be empty;"
    assert update_refusal("") == "The expression can not be empty;"


def test_the_largest_expression_has_4096_bytes() -> None:
    fits = "a" + " " * 4090 + "= :v"
    assert holds(fits + " ", item(a=1), v=1)
    assert filter_refusal(fits + "  ", v=1) == (
        "Expression size has exceeded the maximum allowed size; expression size: 4097"
    )
    umlauts = "a = :v" + " " * 4089 + "ü"
    assert "expression size: 4097" in filter_refusal(umlauts, v=1)


def test_300_operators_are_read_and_301_are_refused() -> None:
    fits = "a<b " + "or (a<b " * 149 + ")" * 149
    assert holds(fits, item(a=1, b=2))
    assert not holds("not " * 299 + "a<b", item(a=1, b=2))
    message = "The expression contains too many operators; operator count: 301"
    assert filter_refusal("a<b " + "or (a<b " * 454 + ")" * 454) == message
    assert filter_refusal("not " * 1000 + "a<b") == message


def test_thousands_of_functions_are_refused() -> None:
    deep = "a < " + "f(" * 1300 + "b" + ")" * 1300
    assert filter_refusal(deep) == "Invalid function name; function: f"
    nested = "a < " + "size(" * 680 + "b" + ")" * 680
    assert "Incorrect operand type" in filter_refusal(nested)
    updates = "SET a = " + "if_not_exists(b," * 235 + ":v" + ")" * 235
    assert updated(updates, {}, v=1) == item(a=1)


def test_a_path_has_at_most_32_elements() -> None:
    assert holds("attribute_not_exists(a" + ".b" * 31 + ")", {})
    assert filter_refusal("attribute_exists(a" + ".b" * 32 + ")") == (
        "The document path has too many nesting levels; nesting levels: 33"
    )


def test_a_list_index_is_bounded() -> None:
    assert not holds("attribute_exists(a[2147483647])", item(a=[1]))
    for index in ("2147483648", "9" * 400):
        assert filter_refusal(f"attribute_exists(a[{index}])") == (
            f"List index is not within the allowable range; index: [{index}]"
        )


@pytest.mark.parametrize("word", ["abOrT", "ABSOLUTE", "zone", "Status", "set"])
def test_reserved_words_need_a_placeholder(word: str) -> None:
    expected = f"Attribute name is a reserved keyword; reserved keyword: {word}"
    assert filter_refusal(f"a.{word} = :v") == expected
    assert refusal("GetItem", request(ProjectionExpression=f"x, {word}")) == (
        f"Invalid ProjectionExpression: {expected}"
    )
    if word != "set":
        assert update_refusal(f"REMOVE {word}") == expected
    assert holds("#w = :v", {word: {"N": "1"}}, {"w": word}, v=1)
