"""Calling the hooks of models around writes, see `adorm.schema.hooks`.

Hooks before a write are called once, before the key and the request are made. Only writes of models
with hooks load this module.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, Self, TypeVar, cast

from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.write_facts import Change
from adorm.items.write_failures import note_applied
from adorm.models import ModelInfo
from adorm.schema.hooks import Hooks
from adorm.schema.model_options import HOOKS

T = TypeVar("T")


class HookedWrite(Protocol):
    """A write of an instance: a `Write`."""

    @property
    def hooks(self) -> Change | None:
        """Which hooks it calls; None where it calls none."""
        ...

    @property
    def instance(self) -> Any: ...
    @property
    def binding(self) -> Binding: ...
    @property
    def key(self) -> Key[Any]: ...
    def after_hooks(self, instance: Any, on_stored: Callable[[Any], object], /) -> Self:
        """The same write of what the hooks have left. It calls no hooks."""
        ...

    def run(self) -> Awaitable[Any]: ...


class HookedOnce:
    """A write of an instance that may be sent several times, and whose hooks before it are called
    once, when it is sent first.

    Args:
        ran_before: whether they were called already.
    """

    def __init__(self, write: HookedWrite, *, ran_before: bool = False) -> None:
        self._write = write
        self._change: Change | None = write.hooks
        self._stored: list[Any] = []
        self._hooked: HookedWrite | None = None
        if ran_before or self._change is None:
            self._hooked = write.after_hooks(write.instance, self._stored.append)

    async def run(self) -> Any:
        """Send it, and call the hooks after it; gives what the write gives.

        Raises:
            AdormError: as for the write.
            Exception: what a hook raised. If it is one after the write, it has `applied`.
        """
        if self._hooked is None:
            self._hooked = await before_write(self._write, self._stored.append)
        hooked = self._hooked
        result = await hooked.run()
        if self._change is not None:
            instance = self._stored[-1] if self._stored else hooked.instance
            await run_after(hooked.binding.info, self._change, hooked.key, instance)
        return result


WriteT = TypeVar("WriteT", bound=HookedWrite)


async def before_write(write: WriteT, on_stored: Callable[[Any], object]) -> WriteT:
    """Call the hooks before a write; gives the write of what they left, which calls no hooks."""
    change = write.hooks
    instance = write.instance
    if change is not None:
        instance = await run_before(write.binding.info, change, instance)
    return write.after_hooks(instance, on_stored)


async def run_before(info: ModelInfo, change: Change, instance: Any) -> Any:
    """Call the hooks before a write of an instance; gives the instance to write.

    Raises:
        UsageError: a hook returned what it may not.
        Exception: what a hook raised.
    """
    hooks = _hooks_of(instance)
    if change == "delete":
        for name in hooks.before_delete:
            _check_none(info, name, "before_delete", instance, await _call(instance, name))
        return instance
    for name in hooks.before_save:
        returned = await _call(instance, name)
        if returned is None or returned is instance:
            continue
        if not info.structure.frozen or type(returned) is not type(instance):
            expected = "changes the instance and returns None"
            if info.structure.frozen:
                expected = "returns a changed copy, such as attrs.evolve(self, ...), or None"
            raise UsageError(
                f"{info.name}.{name}() is a before_save hook and returned "
                f"{type(returned).__name__}: it {expected}"
            )
        instance = returned
    return instance


async def run_after(info: ModelInfo, change: Change, key: Key[Any], instance: Any) -> None:
    """Call the hooks after a write.

    Args:
        instance: as it is stored, or the one that was deleted.

    Raises:
        Exception: what a hook raised; `applied` is True, and a note says so. No hook is called
            after it.
    """
    hooks = _hooks_of(instance)
    names = hooks.after_save if change == "save" else hooks.after_delete
    for name in names:
        event = f"after_{change}"
        try:
            _check_none(info, name, event, instance, await _call(instance, name))
        except Exception as error:
            error.add_note(f"{info.name}.{name}(), an {event} hook, raised this")
            note_applied(error, key)
            raise


def after_hooks_of(
    info: ModelInfo, change: Change, key: Key[Any], instance: Any
) -> Callable[[Any], Awaitable[None]]:
    """The hooks after a write of a batch, to be called with what is stored.

    Args:
        instance: the hooks of a delete are called of it.
    """

    async def after(stored: Any) -> None:
        await run_after(info, change, key, stored if change == "save" else instance)

    return after


async def run_numbered(doing: Callable[[], Awaitable[T]], what: str, number: int, total: int) -> T:
    """Call the hooks before one of many writes. A note on an error says which one it is about."""
    try:
        return await doing()
    except Exception as error:
        error.add_note(f"a hook raised this for {what} {number:,} of {total:,}: nothing was sent")
        raise


async def before_each(
    change: Change,
    instances: tuple[Any, ...],
    info_of: Callable[[Any], ModelInfo],
    what: str,
) -> tuple[Any, ...]:
    """Call the hooks before many writes, one after the other; gives the instances to write.

    Args:
        instances: keys may be among them, for which no hooks are called.
        what: for notes on errors: "put".
    """
    made: list[Any] = []
    for number, each in enumerate(instances, start=1):
        if HOOKS in type(each).__dict__:
            doing = partial(run_before, info_of(each), change, each)
            made.append(await run_numbered(doing, what, number, len(instances)))
        else:
            made.append(each)
    return tuple(made)


def _hooks_of(instance: Any) -> Hooks:
    hooks: Hooks = type(instance).__dict__[HOOKS]
    return hooks


async def _call(instance: Any, name: str) -> Any:
    returned: Any = getattr(instance, name)()
    if isinstance(returned, Awaitable):
        waiting = cast("Awaitable[Any]", returned)  # type: ignore[redundant-cast]  # not to pyright
        returned = await waiting
    return returned


def _check_none(info: ModelInfo, name: str, event: str, instance: Any, returned: Any) -> None:
    if returned is not None and returned is not instance:
        raise UsageError(
            f"{info.name}.{name}() is a hook of {event} and returned {type(returned).__name__}: "
            "it returns None"
        )
