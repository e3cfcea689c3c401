"""Hooks: methods of a model that are called when its items are saved, deleted or read.

Only models that have hooks load this module.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_VARARGS
from types import FunctionType
from typing import Any, Literal, TypeVar, cast

from adorm.errors import ModelError
from adorm.schema.model_options import HOOKS
from adorm.support.records import Record

HookT = TypeVar("HookT", bound=Callable[..., Any])

Event = Literal["before_save", "after_save", "before_delete", "after_delete", "after_load"]


def before_save(method: HookT, /) -> HookT:
    """Call this method before an instance is written by `create`, `put` or `save`, alone, in a
    batch or in a transaction.

    It may be async. It changes the instance; of a frozen model it returns a changed copy. It is
    called once for each write, before the key and the request are made, and not again where the
    request is sent again. If it raises, nothing is sent, and the error is raised as it is. Updates
    call no hooks.

    Raises:
        ModelError: it is no plain method.
    """
    return _marked(method, "before_save")


def after_save(method: HookT, /) -> HookT:
    """Call this method of the stored instance after it was written by `create`, `put` or `save`.

    It may be async. If it raises, the error is raised with a note that the write was applied, and
    the error's `applied` is True.

    Raises:
        ModelError: it is no plain method.
    """
    return _marked(method, "after_save")


def before_delete(method: HookT, /) -> HookT:
    """Call this method before an instance is deleted. Deletes by key, `purge` and `restore` call no
    hooks.

    It may be async. If it raises, nothing is sent, and the error is raised as it is.

    Raises:
        ModelError: it is no plain method.
    """
    return _marked(method, "before_delete")


def after_delete(method: HookT, /) -> HookT:
    """Call this method after an instance was deleted.

    It may be async. If it raises, the error is raised with a note that the delete was applied, and
    the error's `applied` is True.

    Raises:
        ModelError: it is no plain method.
    """
    return _marked(method, "after_delete")


def after_load(method: HookT, /) -> HookT:
    """Call this method after an item of a table was made an instance.

    It changes the instance; of a frozen model it returns a changed copy. It is called for each item
    that a read, `returning("new")` or `returning("old")`, a stream or `from_attribute_map` gives,
    and for `.item` of an error. If it raises, the read raises an `ItemDecodeError`.

    Raises:
        ModelError: it is async, or no plain method.
    """
    marked = _marked(method, "after_load")
    _check_sync(marked, "after_load")
    return marked


def _marked(method: HookT, event: Event) -> HookT:
    if not isinstance(method, FunctionType):
        raise ModelError(
            f"@adorm.{event} decorates a method of a model, written by def, not {method!r}; it "
            "stands above no @staticmethod, @classmethod or @property"
        )
    known: tuple[Event, ...] = method.__dict__.get(HOOKS, ())
    setattr(method, HOOKS, (*known, event))
    return cast("HookT", method)


def _check_parameters(method: FunctionType, where: str) -> None:
    """Refuse a method that can't be called with the instance alone."""
    code, defaults = method.__code__, method.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    required = list(names[1 : code.co_argcount - len(defaults)])
    keyword_defaults = method.__kwdefaults__ or {}
    required += [name for name in names[code.co_argcount :] if name not in keyword_defaults]
    takes_self = code.co_argcount > 0 or code.co_flags & CO_VARARGS
    if required or not takes_self:
        what = f"takes {' and '.join(required)}" if required else "takes no self"
        raise ModelError(
            f"{where} {what}, and a hook is called with the instance alone: write it with the one "
            "parameter self"
        )


def _check_sync(method: Any, where: str) -> None:
    if method.__code__.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        raise ModelError(
            f"{where}: {method.__qualname__} is async, and an after_load hook can't be: items are "
            "made of answers without waiting"
        )


class Hooks(Record):
    """The names of a class's hook methods by event, those of its bases first."""

    before_save: tuple[str, ...]
    after_save: tuple[str, ...]
    before_delete: tuple[str, ...]
    after_delete: tuple[str, ...]
    after_load: tuple[str, ...]


def hooks_of(cls: type) -> Hooks:
    """The hooks of a class and of its bases.

    A method that overrides a hook is called in its place. A name that is bound to something else,
    such as None, is no hook any more.

    Raises:
        ModelError: a hook is a static method or class method, or needs more than the instance, or
            an `after_load` hook is async.
    """
    found: dict[str, tuple[Event, ...]] = {}
    methods: dict[str, FunctionType] = {}
    for base in reversed(cls.__mro__):
        for name, value in base.__dict__.items():
            if isinstance(value, FunctionType):
                events = (*found.get(name, ()), *value.__dict__.get(HOOKS, ()))
                if events:
                    found[name], methods[name] = tuple(dict.fromkeys(events)), value
            elif hasattr(getattr(value, "__func__", None), HOOKS):
                raise ModelError(
                    f"{cls.__name__}.{name}: a hook is called with the instance, so it is no "
                    f"{type(value).__name__}"
                )
            else:
                found.pop(name, None)
    for name, events in found.items():
        _check_parameters(methods[name], f"{cls.__name__}.{name}")
        if "after_load" in events:
            _check_sync(methods[name], f"{cls.__name__}.{name}")

    def of(event: Event) -> tuple[str, ...]:
        return tuple(name for name, events in found.items() if event in events)

    return Hooks(
        of("before_save"),
        of("after_save"),
        of("before_delete"),
        of("after_delete"),
        of("after_load"),
    )
