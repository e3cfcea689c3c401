"""The operations of a transaction, as they are sent and settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import attrs

from adorm.errors import AdormError, ConditionalCheckFailed, UsageError, ValidationFailed
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.update import PreparedUpdate, UpdateDraft
from adorm.items.write import PreparedWrite, Write

ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")

ACTIONS: Mapping[str, str] = {
    "PutItem": "Put",
    "UpdateItem": "Update",
    "DeleteItem": "Delete",
    "ConditionCheck": "ConditionCheck",
}
"""An operation's name outside a transaction, and within."""


class Part(Protocol):
    """One operation of a transaction."""

    @property
    def label(self) -> str:
        """What it is, for messages: `update Account a`."""
        ...

    @property
    def key(self) -> Key[Any]: ...

    @property
    def binding(self) -> Binding: ...

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        """What it means that its condition did not hold."""
        ...

    def explain(self, error: ValidationFailed, /) -> None:
        """Add to a refusal what it is about, where that is known."""
        ...


class WritingPart(Part, Protocol):
    """One that writes, or checks."""

    def build(self) -> tuple[str, dict[str, Any]]:
        """Its action, "Put", "Update", "Delete" or "ConditionCheck", and the request for it.

        Raises:
            UsageError: what would be refused before sending.
        """
        ...

    def settle(self) -> None:
        """Take it over into the instance, after the transaction was applied."""
        ...


@attrs.define(eq=False)
class WritePart:
    """A create, put, save, delete or check."""

    write: Write[Any, Any]
    prepared: PreparedWrite | None = None
    stored: Any = None

    @property
    def label(self) -> str:
        return f"{self.write.verb} {self.write.key}"

    @property
    def key(self) -> Key[Any]:
        return self.write.key

    @property
    def binding(self) -> Binding:
        return self.write.binding

    def build(self) -> tuple[str, dict[str, Any]]:
        prepared = self.prepared = self.write.prepare(in_transaction=True)
        request = {
            name: value for name, value in prepared.request.items() if name != "ReturnValues"
        }
        if prepared.operation == "UpdateItem" and "UpdateExpression" not in request:
            raise UsageError(
                f"{self.key} is nothing but its key, and DynamoDB takes no save of that in a transaction: use create() or put()"
            )
        return ACTIONS[prepared.operation], request

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        return error if self.prepared is None else self.write.failure(self.prepared, error)

    def explain(self, error: ValidationFailed, /) -> None:
        """A write of whole values asks nothing of what is stored."""

    def settle(self) -> None:
        if self.prepared is not None:
            self.stored = self.write.settle(self.prepared)


@attrs.define(eq=False)
class UpdatePart:
    """An update."""

    draft: UpdateDraft
    prepared: PreparedUpdate | None = None

    @property
    def label(self) -> str:
        return f"update {self.draft.key}"

    @property
    def key(self) -> Key[Any]:
        return self.draft.key

    @property
    def binding(self) -> Binding:
        return self.draft.binding

    def build(self) -> tuple[str, dict[str, Any]]:
        self.prepared = self.draft.prepare(in_transaction=True)
        return "Update", self.prepared.request

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        return self.draft.failure(error, self.prepared)

    def explain(self, error: ValidationFailed, /) -> None:
        self.draft.explain(error)

    def settle(self) -> None:
        """An update knows no instance."""


@attrs.define(eq=False)
class Check(Write[ModelT, ResultT]):
    """A condition on an item that the transaction does not write; without one, that there is such
    an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConditionCheck.html
    """

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        exists = [] if self._conditions else [self._key_exists(wanted=True)]
        prepared = PreparedWrite(
            "ConditionCheck",
            {"TableName": binding.table_name, "Key": binding.encode_key(self._key)},
        )
        prepared.must_exist = bool(exists)
        self._condition(prepared.request, exists)
        return prepared
