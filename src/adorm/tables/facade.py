"""What a database offers of its tables as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adorm.items.binding import Connection
from adorm.tables.names import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.tables.descriptions import TableDescription
    from adorm.tables.requests import Billing, KeyTypes


class TableCare(Connection):
    """The part of a database that makes, checks, describes and deletes tables."""

    async def create_table(
        self,
        model: type[Any],
        /,
        *,
        name: str | None = None,
        billing: Billing = "on_demand",
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        wait: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table with its indexes, switch its time to live on, and wait until all
        of it can be used.

        `billing` is "on_demand" or `Provisioned(read_units=, write_units=)`; `key_types` gives S, N
        or B by field name for keys of a class that only a hook of yours can store; `wait=False`
        returns at once.

        Raises:
            ServiceError: code `ResourceInUseException`: there is a table of that name.
            DeadlineExceeded: it was not ready within `timeout_s`, or by the deadline.
        """
        from adorm.tables.lifecycle import create_table

        binding = self._binding(model, name)
        return await create_table(
            self,
            binding.info,
            binding.table_name,
            billing=billing,
            key_types=key_types,
            time_to_live=time_to_live,
            wait=wait,
            timeout_s=timeout_s,
            random=self.random,
        )

    async def ensure_table(
        self,
        model: type[Any],
        /,
        *,
        name: str | None = None,
        billing: Billing = "on_demand",
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table where there is none; else check that it has the keys and indexes
        that the model needs.

        Raises:
            UsageError: the table there differs from the model; it names each difference, and
                nothing was altered.
            DeadlineExceeded: it was not ready within `timeout_s`, or by the deadline.
        """
        from adorm.tables.lifecycle import ensure_table

        binding = self._binding(model, name)
        return await ensure_table(
            self,
            binding.info,
            binding.table_name,
            billing=billing,
            key_types=key_types,
            time_to_live=time_to_live,
            timeout_s=timeout_s,
            random=self.random,
        )

    async def delete_table(
        self,
        model: type[Any] | str,
        /,
        *,
        missing_ok: bool = False,
        wait: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Delete a model's table, or the table of just that name, with everything in it, and wait
        until it is gone.

        Raises:
            ResourceNotFound: there is none, unless `missing_ok`.
            DeadlineExceeded: it was not gone within `timeout_s`, or by the deadline.
        """
        from adorm.tables.lifecycle import delete_table

        name = model if isinstance(model, str) else self._binding(model).table_name
        await delete_table(
            self, name, missing_ok=missing_ok, wait=wait, timeout_s=timeout_s, random=self.random
        )

    async def describe_table(self, model: type[Any] | str, /) -> TableDescription:
        """A model's table, or the table of just that name, as it is now.

        Raises:
            ResourceNotFound: there is none.
        """
        from adorm.tables.lifecycle import describe_table

        return await describe_table(
            self, model if isinstance(model, str) else self._binding(model).table_name
        )
