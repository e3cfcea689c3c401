"""Reads the texts of a key from a function: `return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"`.

The function is called once, with placeholders: docs/decisions/0039.
"""

from __future__ import annotations

from collections.abc import Callable
from opcode import opname
from types import CodeType, FunctionType
from typing import NoReturn, cast, final

from adorm.errors import ModelError
from adorm.support.printable_text import reason_of

_VARIABLE_ARGUMENTS = 0x04 | 0x08
"""The flags of code that takes `*args` or `**kwargs`."""

_CALLS = frozenset({"PRECALL", "CALL", "CALL_KW"})
"""The instructions that call a function, of all versions of Python."""

_REFUSED_INSTRUCTIONS = (
    "JUMP", "FOR_ITER", "CALL", "MAKE_FUNCTION", "IS_OP", "CONTAINS", "COMPARE", "GENERATOR",
    "YIELD", "AWAITABLE", "RAISE", "EXC", "IMPORT", "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR",
    "STORE_NAME", "STORE_SUBSCR", "DELETE_GLOBAL",
)  # fmt: skip
"""Parts of the names of instructions that a key function can't have, of all versions of Python.

`_CALLS` are excepted where all that is called are functions which obey the same rule.
"""

_RULE = "a key function has no branches and calls nothing on a part"
_ONLY_IN_TEXTS = "a part can only stand in an f-string, as in {name}"
_MARK = "\0"


class _Misused(Exception):
    """A part was used otherwise than in an f-string."""


class _SelfUsed(_Misused):
    """An attribute of `self` was used in place of a part."""


@final
class _Placeholder:
    """Stands for a part while the function runs: it can only be put into an f-string."""

    __slots__ = ("format_part", "is_self")

    def __init__(self, name: str, used: set[str], *, is_self: bool = False) -> None:
        def format_part(format_text: str) -> str:
            if _MARK in format_text:
                raise _Misused(f"the format of {name} is made of another part")
            used.add(name)
            return f"{_MARK}{name}{':' if format_text else ''}{format_text}{_MARK}"

        self.format_part = format_part
        self.is_self = is_self

    def __format__(self, format_text: str) -> str:
        format_part: Callable[[str], str] = object.__getattribute__(self, "format_part")
        return format_part(format_text)

    def __getattribute__(self, name: str) -> NoReturn:
        if object.__getattribute__(self, "is_self"):
            raise _SelfUsed(
                f"a part is a parameter of the function: write {{{name}}}, and {name} as a "
                "parameter after self"
            )
        raise _Misused(_ONLY_IN_TEXTS)

    def _refuse(self, *_: object) -> NoReturn:
        raise _Misused(_ONLY_IN_TEXTS)

    __str__ = __repr__ = __bool__ = __len__ = __eq__ = __ne__ = __hash__ = _refuse
    __add__ = __radd__ = __mod__ = __rmod__ = _refuse


def read_key_function(function: object, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts of a key's one or two sides, and the names of the parameters but `self`.

    Args:
        where: the class and the key, for messages: `Order.key`.

    Raises:
        ModelError: the function does more than to return texts of its parameters.
    """
    if not isinstance(function, FunctionType):
        raise ModelError(f"{where}: a key is a function of its parts, not {function!r}")
    code = function.__code__
    _check_parameters(function, code, where)
    _check_instructions(function, where, set())
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    used: set[str] = set()
    first = _Placeholder(names[0], used, is_self=True)
    parts = [_Placeholder(name, used) for name in names[1:]]
    positional = code.co_argcount - 1
    by_name = dict(zip(names[code.co_argcount :], parts[positional:], strict=True))
    try:
        returned: object = function(first, *parts[:positional], **by_name)
    except _SelfUsed as error:
        raise ModelError(f"{where}: {error}") from error
    except Exception as error:  # names that are not defined yet, operators of placeholders
        raise ModelError(f"{where}: {_RULE}; reading it failed: {reason_of(error)}") from error
    sides = cast("tuple[object, ...]", returned if type(returned) is tuple else (returned,))
    if not 1 <= len(sides) <= 2:
        raise ModelError(
            f"{where}: a key has a partition's text, or that and a sort key's, not {len(sides)} "
            "texts"
        )
    texts = tuple(_text_of(side, where) for side in sides)
    if names[0] in used:
        raise ModelError(
            f"{where}: the first parameter is self, and no part: "
            + (
                "give the fields as parameters after it"
                if names[0] == "self"
                else f"write self before {names[0]}"
            )
        )
    unused = [name for name in names[1:] if name not in used]
    if unused:
        raise ModelError(f"{where}: no text of the key holds its parameter {', '.join(unused)}")
    return texts, names[1:]


def _text_of(side: object, where: str) -> str:
    """The template of one returned side."""
    if type(side) is _Placeholder:
        side = f"{side}"
    if type(side) is not str:
        raise ModelError(
            f"{where}: the key function returned a {type(side).__name__}, not one or two texts"
        )
    pieces = side.split(_MARK)
    # literals and parts by turns; a literal of the function has no such character
    if len(pieces) % 2 == 0:
        raise ModelError(f"{where}: a key's text can't hold the character {_MARK!r}")
    return "".join(
        f"{{{piece}}}" if index % 2 else piece.replace("{", "{{").replace("}", "}}")
        for index, piece in enumerate(pieces)
    )


def _check_parameters(function: FunctionType, code: CodeType, where: str) -> None:
    if code.co_flags & _VARIABLE_ARGUMENTS:
        raise ModelError(f"{where}: a key function names its parts: it takes no * and no **")
    if not code.co_argcount:
        raise ModelError(f"{where}: the first parameter is self, and the parts follow it")
    if function.__defaults__ or function.__kwdefaults__:
        raise ModelError(f"{where}: a part of a key has no default: every key has all its parts")


def _check_instructions(function: FunctionType, where: str, checked: set[CodeType]) -> None:
    """Refuse what placeholders do not see: branches on other things than parts, `is`, calls.

    A key function may call functions for what several keys have in common. Each of them is checked
    in the same way.
    """
    code = function.__code__
    checked.add(code)
    calls = False
    for number in code.co_code[::2]:
        name = opname[number]
        if name in _CALLS:
            calls = True
        elif any(refused in name for refused in _REFUSED_INSTRUCTIONS):
            raise _refusal(where)
    for constant in code.co_consts:
        if isinstance(constant, str) and _MARK in constant:
            raise ModelError(f"{where}: a key's text can't hold the character {_MARK!r}")
    if calls:
        _check_called(function, where, checked)


def _check_called(function: FunctionType, where: str, checked: set[CodeType]) -> None:
    """Everything that the function names is text, or a function which obeys the rule."""
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    try:
        named = [function.__globals__[name] for name in code.co_names]
        named += [cell.cell_contents for _, cell in cells]
    except (KeyError, ValueError):  # a function of Python's, a method, a name not defined yet
        raise _refusal(where) from None
    for value in named:
        if isinstance(value, FunctionType):
            if value.__code__ not in checked:
                _check_instructions(value, where, checked)
        elif not isinstance(value, str):
            raise _refusal(where)


def _refusal(where: str) -> ModelError:
    return ModelError(f"{where}: {_RULE}: write only the texts, as f-strings")
