"""Read an item, change it, save it, and again from the start when someone else was faster."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, cast

from adorm.checks import count
from adorm.errors import TransactionConflict, UsageError, VersionConflict
from adorm.items.binding import Binding
from adorm.items.get import Get, finish_get
from adorm.items.instances import store_values
from adorm.items.keys import Key, key_of
from adorm.items.save import Save
from adorm.schema.fields import Field

ModelT = TypeVar("ModelT")

Change: TypeAlias = Callable[[ModelT], "ModelT | Awaitable[ModelT | None] | None"]
"""Gets the item; changes it and gives nothing, or gives another in its place. May be async."""


async def read_modify_write(
    binding: Binding,
    key: Key[Any],
    change: Change[Any],
    *,
    max_attempts: int,
) -> Any:
    """The item as stored, after `change` was made to just the version that was read.

    Raises:
        UsageError: the model has no version, or `change` gave what can't be saved.
        ItemNotFound: there is no such item.
        VersionConflict, TransactionConflict: others were faster on every attempt; or with
            `maybe_applied`, the fate of a save is unknown.
        DeadlineExceeded: no time is left for another attempt.
    """
    version = binding.info.version
    if version is None:
        raise UsageError(
            f"read_modify_write() rests on the version, and {binding.info.name} has none: "
            "add `version: int = adorm.version()` to it, or use update() with when()"
        )
    count("max_attempts", max_attempts)
    attempt = 0
    while True:
        attempt += 1
        item = await Get[Any](binding, key, finish_get).consistent()
        changed = await _changed(binding, key, version, item, change)
        try:
            return await Save[Any, Any](binding, key, changed, returning="item")
        except (VersionConflict, TransactionConflict) as error:
            if error.maybe_applied:
                error.add_note(
                    "the change is not made again: the save may have been applied, and a second one would make it twice"
                )
                raise
            if attempt >= max_attempts:
                error.add_note(
                    f"others were faster {attempt} times; max_attempts of read_modify_write() says how often it tries"
                )
                raise
        await binding.connection.back_off(
            attempt,
            operation="read_modify_write",
            subject=key,
            why="before the change is made again",
        )


async def _changed(
    binding: Binding, key: Key[Any], version: Field, item: Any, change: Change[Any]
) -> Any:
    """What is to be saved: the item itself or what stands for it, under the same key and with the
    version that was read."""
    info, read = binding.info, getattr(item, version.name)
    given = change(item)
    result: Any = await cast("Awaitable[Any]", given) if inspect.isawaitable(given) else given
    if result is None:
        if info.structure.frozen:
            raise UsageError(
                f"{info.name} is frozen, so the function has to return a changed copy: attrs.evolve(item, ...)"
            )
        result = item
    info.check_instance(result)
    if key_of(info, result).values != key_of(info, item).values and binding.encode_key(
        key_of(info, result)
    ) != binding.encode_key(key):
        raise UsageError(
            f"read_modify_write() changed the key of {key} to {key_of(info, result)}: an item is saved under its own key"
        )
    return (
        result
        if getattr(result, version.name) == read
        else store_values(info, result, {version.name: read})
    )
