"""Read an item, change it and save it; begin again if another writer has changed it meanwhile."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, cast

from adorm.checks import count
from adorm.errors import TransactionConflict, UsageError, VersionConflict
from adorm.items.binding import Binding, bound_to
from adorm.items.get import Get, finish_get
from adorm.items.instances import store_values
from adorm.items.keys import Key, key_of
from adorm.items.save import Save
from adorm.schema.fields import Field

ModelT = TypeVar("ModelT")

ChangeFunction: TypeAlias = Callable[[ModelT], "ModelT | Awaitable[ModelT | None] | None"]
"""Gets the item; changes it and returns None, or returns another one in its place. May be async."""


async def read_modify_write(
    binding: Binding, key: Key[Any], change: ChangeFunction[Any], *, max_attempts: int
) -> Any:
    """Save what `change` makes of the item, unless its version has changed; gives it as stored.

    See `Table.read_modify_write`.
    """
    version = binding.info.version
    if version is None:
        raise UsageError(
            f"read_modify_write() needs a version, and {binding.info.name} has none: "
            "add `version: int = adorm.version()` to it, or use update() with when()"
        )
    count("max_attempts", max_attempts)
    attempt = 0
    while True:
        attempt += 1
        item = await Get[Any](binding, key, finish_get).consistent()
        own, own_key = bound_to(binding, item), key
        if own is not binding:
            own_key = key_of(own.info, item)
        changed = await _changed(own, own_key, own.info.version or version, item, change)
        try:
            return await Save[Any, Any](own, own_key, changed, returning="item")
        except (VersionConflict, TransactionConflict) as error:
            if error.maybe_applied:
                error.add_note(
                    "the change is not made again: the save may have been applied, "
                    "and a second one would make it twice"
                )
                raise
            if attempt >= max_attempts:
                error.add_note(
                    f"others were faster {attempt} times; "
                    "max_attempts of read_modify_write() says how often it tries"
                )
                raise
        await binding.connection.back_off(
            attempt,
            operation="read_modify_write",
            subject=key,
            why="before the change is made again",
        )


async def _changed(
    binding: Binding, key: Key[Any], version: Field, item: Any, change: ChangeFunction[Any]
) -> Any:
    """The item to be saved: under the same key, and with the version that was read."""
    info, version_read = binding.info, getattr(item, version.name)
    returned = change(item)
    if inspect.isawaitable(returned):
        returned = await cast("Awaitable[Any]", returned)
    if returned is None and info.structure.frozen:
        raise UsageError(
            f"{info.name} is frozen, so the function has to return a changed copy: "
            "attrs.evolve(item, ...)"
        )
    changed: Any = item if returned is None else returned
    info.check_instance(changed)
    new_key = key_of(info, changed)
    is_same = new_key.values == key_of(info, item).values
    if not is_same and binding.encode_key(new_key) != binding.encode_key(key):
        raise UsageError(
            f"read_modify_write() changed the key of {key} to {new_key}: "
            "an item is saved under its own key"
        )
    if getattr(changed, version.name) == version_read:
        return changed
    return store_values(info, changed, {version.name: version_read})
