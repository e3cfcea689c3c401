"""The options of `connect()`: the lists of them agree."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

import adorm
import adorm.options
from adorm.options import CHECKS


def members(typed_dict: str) -> set[str]:
    """The names in one of the classes that only type checkers make."""
    (found,) = (
        node
        for node in ast.walk(ast.parse(inspect.getsource(adorm.options)))
        if isinstance(node, ast.ClassDef) and node.name == typed_dict
    )
    return {
        line.target.id
        for line in found.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def test_each_option_has_a_type_and_a_check() -> None:
    assert members("SharedOptions") | members("ConnectOptions") == CHECKS.keys()


def test_every_option_of_connect_is_shared_by_accounts_or_left_out_on_purpose() -> None:
    assert members("ConnectOptions") == {"region", "profile", "session", "credentials", "client"}


def test_each_option_is_described_where_users_look() -> None:
    arguments = inspect.cleandoc(str(adorm.connect.__doc__)).partition("Args:")[2]
    arguments = arguments.partition("Raises:")[0]
    described = re.findall(r"^    (\w+(?:, \w+)*):", arguments, re.MULTILINE)
    assert {name for names in described for name in names.split(", ")} == CHECKS.keys() | {"where"}


def test_a_refused_option_tells_no_secret() -> None:
    with pytest.raises(adorm.UsageError) as caught:
        adorm.connect(cursor_secret=b"too short")
    assert "too short to" in str(caught.value)
    assert "b'too" not in str(caught.value)


def test_an_unknown_option_is_refused_with_the_one_that_was_likely_meant() -> None:
    with pytest.raises(
        adorm.UsageError, match=r"connect\(\) takes no option regoin=: did you mean region=\?"
    ):
        adorm.connect(regoin="eu-central-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake
    with pytest.raises(
        adorm.UsageError, match=r"accounts\(\) takes no option retries=: did you mean retry=\?"
    ):
        adorm.accounts({}, retries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake


def test_an_unknown_option_that_is_like_no_other_is_refused_with_all_of_them() -> None:
    with pytest.raises(
        adorm.UsageError, match="takes no option zzz=: it takes region, endpoint_url,"
    ):
        adorm.connect(zzz=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake
