"""The hooks of the instances that a transaction writes and deletes.

Only transactions with such instances load this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.items.hooks import before_write, run_after
from adorm.items.write_facts import Change
from adorm.tx.actions import WriteAction


class HookedActions:
    """Calls the hooks of actions of a transaction, in their order.

    Args:
        hooked: the actions that have hooks, each with what it does.
    """

    def __init__(self, hooked: Sequence[tuple[WriteAction[Any], Change]]) -> None:
        self._hooked = hooked

    async def before(self, *, ran_before: bool) -> None:
        """Call the hooks before the writes; each action then writes what they have left.

        Args:
            ran_before: whether they were called already.

        Raises:
            Exception: what a hook raised; a note says for which operation. Nothing was sent.
        """
        for action, _ in self._hooked:
            if ran_before:
                action.write = action.write.after_hooks(action.write.instance, _do_nothing)
                continue
            try:
                action.write = await before_write(action.write, _do_nothing)
            except Exception as error:
                error.add_note(f"a hook of {action.label} raised this: the transaction is not sent")
                raise

    async def after(self, problem: Exception | None) -> None:
        """Call the hooks after the writes, all of them, also where some raise.

        Args:
            problem: the error of an instance that could not be changed.

        Raises:
            Exception: the only error; `applied` is True.
            ExceptionGroup: there are several of them.
        """
        errors: list[Exception] = [] if problem is None else [problem]
        for action, change in self._hooked:
            write, stored = action.write, action.stored
            instance = write.instance if stored is None else stored
            try:
                await run_after(write.binding.info, change, action.key, instance)
            except Exception as error:  # noqa: BLE001  # the hooks of other items are called first
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            message = "the transaction was applied, and hooks after it failed"
            group: Any = ExceptionGroup(message, errors)
            group.applied = group.maybe_applied = True
            raise group


def hooked_actions(actions: Sequence[WriteAction[Any]]) -> HookedActions:
    """Those of the actions that have hooks."""
    hooked: list[tuple[WriteAction[Any], Change]] = []
    for action in actions:
        change: Change | None = getattr(action.write, "hooks", None)  # an update has none
        if change is not None:
            hooked.append((action, change))
    return HookedActions(hooked)


def _do_nothing(_stored: Any) -> None:
    """What is stored is on the action."""
