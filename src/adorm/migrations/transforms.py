"""`rename`, `drop`, `add` and `chain`: transforms of plain items that DynamoDB can do by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs

from adorm.errors import UsageError
from adorm.support.records import Record

PlainItem = dict[str, Any]


@attrs.frozen
class Rename:
    """`rename("name", "full_name")`."""

    old: str
    new: str

    def __call__(self, item: PlainItem) -> PlainItem:
        changed = dict(item)
        if self.old in changed:
            value = changed.pop(self.old)
            changed.setdefault(self.new, value)
        return changed

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that it touches."""
        return self.old, self.new


@attrs.frozen
class Drop:
    """`drop("tmp")`."""

    name: str

    def __call__(self, item: PlainItem) -> PlainItem:
        return {name: value for name, value in item.items() if name != self.name}

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that it touches."""
        return (self.name,)


@attrs.frozen
class Add:
    """`add("kind", "order")`."""

    name: str
    value: Any

    def __call__(self, item: PlainItem) -> PlainItem:
        return {self.name: self.value, **item}

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that it touches."""
        return (self.name,)


Step = Rename | Drop | Add


class Chain(Record):
    """`chain(first, second)`."""

    steps: tuple[Callable[[PlainItem], PlainItem], ...]

    def __call__(self, item: PlainItem) -> PlainItem:
        for step in self.steps:
            item = step(item)
        return item


def rename(old: str, new: str, /) -> Callable[[PlainItem], PlainItem]:
    """The transform that stores the attribute `old` under the name `new`.

    Where an item has both, `new` stays as it is and `old` is removed.

    Raises:
        UsageError: both names are the same.
    """
    if old == new:
        raise UsageError(f"rename({old!r}, {new!r}): the two names are the same")
    return Rename(old, new)


def drop(name: str, /) -> Callable[[PlainItem], PlainItem]:
    """The transform that removes an attribute."""
    return Drop(name)


def add(name: str, value: Any, /) -> Callable[[PlainItem], PlainItem]:
    """The transform that gives an attribute to the items that lack it."""
    return Add(name, value)


def chain(*steps: Callable[[PlainItem], PlainItem]) -> Callable[[PlainItem], PlainItem]:
    """The transform that does one step after the other."""
    return Chain(steps)


def server_side_steps(transform: object) -> Sequence[Step] | None:
    """The steps of a transform that DynamoDB can do by itself; None where it can't.

    Two steps that touch the same attribute can't be one update, so they are done by the client.
    """
    steps = _flat(transform)
    if not steps or not all(isinstance(step, Rename | Drop | Add) for step in steps):
        return None
    known = cast("list[Step]", steps)
    names = [name for step in known for name in step.names]
    return known if len(set(names)) == len(names) else None


def _flat(transform: object) -> list[object]:
    if isinstance(transform, Chain):
        return [each for step in transform.steps for each in _flat(step)]
    return [transform]
