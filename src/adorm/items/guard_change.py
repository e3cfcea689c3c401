"""`GuardChange`: the guards that one write puts and deletes beside its item."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.schema.unique import UniqueConstraint


@attrs.frozen(eq=False)
class GuardChange:
    """The guards that a write puts and deletes."""

    put: Mapping[str, UniqueConstraint]
    """The texts of new guards."""
    delete: frozenset[str]
    """The texts of guards that are not needed any more."""
    owner: AttributeMap
    """The key of the item."""
    values: AttributeMap
    """The item's unique values after the write."""

    def __bool__(self) -> bool:
        return bool(self.put or self.delete)
