"""What the modules of unique values and of hooks need to know of a write, whichever class it is
of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias

import attrs

if TYPE_CHECKING:
    from adorm.expressions.conditions import Condition
    from adorm.expressions.document_path import DocumentPath
    from adorm.expressions.updates import Clause
    from adorm.items.binding import Binding
    from adorm.items.keys import Key
    from adorm.items.write import PreparedWrite
    from adorm.retry import RetryPolicy


Change: TypeAlias = Literal["save", "delete"]
"""What a write does with an instance, for the hooks of its model."""


@attrs.frozen(eq=False, kw_only=True)
class WriteFacts:
    """What a write does."""

    verb: Literal["create", "put", "save", "update", "delete", "check"]
    instance: Any = None
    """None where only the key was given."""
    only: Sequence[DocumentPath] | None = None
    """The fields that a save writes; None for all."""
    changes: Sequence[Clause[Any]] = ()
    """The user's clauses of an update."""
    upserts: bool = False
    """Whether it is an update that creates the item where there is none."""
    is_exactly_once: bool = False
    """Whether it is sent as a transaction in any case."""

    @property
    def may_create(self) -> bool:
        """Whether it makes an item where there is none, and writes one that is there."""
        is_whole = self.verb == "put" or (self.verb == "save" and self.only is None)
        return is_whole or self.upserts


class UniqueSubject(Protocol):
    """A write of one item: a `SingleWrite`."""

    @property
    def binding(self) -> Binding: ...
    @property
    def key(self) -> Key[Any]: ...
    @property
    def conditions(self) -> tuple[Condition, ...]: ...
    @property
    def policy(self) -> RetryPolicy | None: ...
    def facts(self) -> WriteFacts: ...
    def returns_attributes(self) -> bool: ...
    def with_conditions(self, added: tuple[Condition, ...], /) -> Self: ...
    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite: ...
