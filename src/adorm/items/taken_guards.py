"""`TakenGuards`: guards that were in the way, and whether they can be taken over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, UniqueConflict
from adorm.items.binding import Binding
from adorm.items.guard_change import GuardChange
from adorm.items.guard_owners import GuardOwner, check_owner, read_owner
from adorm.items.guards import owner_of, same, unique_values
from adorm.items.write_failures import error_like
from adorm.retry import RetryPolicy

GuardId: TypeAlias = tuple[str, str]
"""The name of the table and the text of a guard."""


@attrs.frozen(eq=False)
class Taken:
    """A guard that can be taken over."""

    binding: Binding
    text: str
    owner: GuardOwner | None
    """None where it belongs to the item itself: then the write's own condition is enough."""


class TakenGuards:
    """The guards that a transaction has met, and that can be taken over."""

    def __init__(self) -> None:
        self._taken: dict[GuardId, Taken] = {}

    def owner(self, guard: GuardId, own_key: AttributeMap) -> AttributeMap | None:
        """The key that the guard names now; None where it was not in the way.

        Args:
            own_key: the key of the item that wants it.
        """
        taken = self._taken.get(guard)
        if taken is None:
            return None
        return own_key if taken.owner is None else taken.owner.key

    def checks(self, guards: Iterable[GuardId]) -> list[tuple[GuardId, dict[str, Any]]]:
        """The actions that make sure that former owners do not have the values of these guards, one
        for each owner, with one of its guards."""
        grouped: list[tuple[GuardId, GuardOwner, list[Taken]]] = []
        for guard in guards:
            taken = self._taken.get(guard)
            if taken is None or taken.owner is None:
                continue
            for other, owner, texts in grouped:
                if other[0] == guard[0] and same(owner.key, taken.owner.key):
                    texts.append(taken)
                    break
            else:
                grouped.append((guard, taken.owner, [taken]))
        found: list[tuple[GuardId, dict[str, Any]]] = []
        for guard, owner, texts in grouped:
            check = check_owner(texts[0].binding, owner, [each.text for each in texts])
            if check is not None:
                found.append((guard, check))
        return found

    def check_failed(self, guard: GuardId) -> None:
        """The owner of a guard has changed since it was read: it has to be read again."""
        taken = self._taken.pop(guard, None)
        if taken is None or taken.owner is None:
            return
        for other, each in list(self._taken.items()):
            if each.owner is not None and same(each.owner.key, taken.owner.key):
                del self._taken[other]

    async def put_failed(
        self,
        binding: Binding,
        text: str,
        change: GuardChange,
        cause: ConditionalCheckFailed,
        retry: RetryPolicy | None,
    ) -> None:
        """A guard could not be put: see whose it is.

        Raises:
            UniqueConflict: its owner has the value.
            ConditionalCheckFailed: an item that is no guard has its key.
        """
        guard = (binding.table_name, text)
        self._taken.pop(guard, None)
        if cause.attribute_map is None:
            return  # the guard is gone
        key = owner_of(cause.attribute_map)
        if key is None:
            cause.add_note(
                f"an item that is no guard has the key of the guard {text!r} in table "
                f"{binding.table_name}: delete it, or take another text for the unique value"
            )
            raise cause
        if same(key, change.owner):
            self._taken[guard] = Taken(binding, text, None)
            return
        owner = await read_owner(binding, text, key, retry)
        if not owner.has_value:
            self._taken[guard] = Taken(binding, text, owner)
            return
        constraint = change.put[text]
        conflict = error_like(cause, UniqueConflict)
        conflict.constraint, conflict.owner = constraint.name, owner.named
        uniques = unique_values(binding.info, binding.codec)
        conflict.value = uniques.described(constraint, change.values)
        raise conflict from cause
