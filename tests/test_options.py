"""The options of `connect()`: the lists of them agree."""

from __future__ import annotations

import inspect
import re

import attrs
import pytest

import adorm
from adorm.options import ConnectOptions, ConnectOptionsDict

NAMES = ConnectOptionsDict.__optional_keys__


def test_each_option_has_a_field() -> None:
    assert {field.name for field in attrs.fields(ConnectOptions)} == NAMES


def test_each_option_is_described_where_users_look() -> None:
    arguments = inspect.cleandoc(str(adorm.connect.__doc__)).partition("Args:")[2]
    arguments = arguments.partition("Raises:")[0]
    described = re.findall(r"^    (\w+(?:, \w+)*):", arguments, re.MULTILINE)
    assert {name for names in described for name in names.split(", ")} == NAMES | {"where"}


def test_options_are_frozen_and_tell_no_secrets() -> None:
    options = ConnectOptions(cursor_secret="0123456789abcdef")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        options.region = "eu-central-1"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the mistake
    assert "0123456789abcdef" not in repr(options)


def test_an_unknown_option_is_refused_as_an_unknown_argument_is() -> None:
    with pytest.raises(TypeError, match=r"connect\(\) got an unexpected keyword argument 'regoin'"):
        adorm.connect(regoin="eu-central-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the mistake
