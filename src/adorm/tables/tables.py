"""What a database offers for its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adorm.items.binding import Connection
from adorm.tables.names import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from adorm.schema.single_table import SingleTable
    from adorm.tables.descriptions import TableDescription
    from adorm.tables.requests import Billing, KeyTypes


class Tables(Connection):
    """The part of a database that creates, checks, describes and deletes tables."""

    async def create_table(
        self,
        model: type[Any] | SingleTable,
        /,
        *,
        name: str | None = None,
        billing: Billing = "on_demand",
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        wait: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table with its indexes, and wait until all of them can be used.

        Of a `SingleTable`, or of a model in one, it is the whole table: with its own indexes and
        those of all models that are imported by now.

        For a model with a ttl field, DynamoDB's time to live is switched on once the table is
        active. If that fails, its error is raised, with a note that the table itself is ready;
        `ensure_table` tries it again.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html

        Args:
            name: the table's name, in place of the model's.
            billing: "on_demand", or `Provisioned(read_units=, write_units=)` for the table and each
                global index.
            key_types: S, N or B by field name, for keys of a class that only a hook of yours can
                store.
            time_to_live: False does not touch time to live, so that no permission for
                UpdateTimeToLive is needed.
            wait: False returns as soon as DynamoDB has accepted the table. A later `ensure_table`
                switches time to live on.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: the name, or an argument, is wrong; nothing was sent.
            ServiceError: code `ResourceInUseException`: there is a table of that name. Other codes:
                DynamoDB refused the request.
            DeadlineExceeded: the table was not active in time; the message names its last status.
                It may still become active.
        """
        from adorm.tables.lifecycle import create_table
        from adorm.tables.wanted import wanted_table

        table = wanted_table(
            self, model, name, billing=billing, key_types=key_types, time_to_live=time_to_live
        )
        return await create_table(table, timeout_s, wait=wait)

    async def ensure_table(
        self,
        model: type[Any] | SingleTable,
        /,
        *,
        name: str | None = None,
        billing: Billing = "on_demand",
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table where there is none; else check its keys and indexes.

        Of a `SingleTable`, or of a model in one, it is the whole table, as for `create_table`.

        Waits until the table can be used; a table that is being deleted is waited for first. An
        existing table is not altered, with one exception: where the model has a ttl field and the
        table's time to live is off, it is switched on. A table may have more indexes and project
        more attributes than the model needs. Billing is not compared. Several processes may ensure
        one table at the same time.

        Args:
            name: the table's name, in place of the model's.
            billing: for a table that is created.
            key_types: the same as for `create_table`.
            time_to_live: False neither checks time to live nor switches it on.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: the existing table differs from the model; the message names each
                difference.
            ServiceError: DynamoDB refused a request.
            DeadlineExceeded: the table was not active in time; the message names its last status.
        """
        from adorm.tables.lifecycle import ensure_table
        from adorm.tables.wanted import wanted_table

        table = wanted_table(
            self, model, name, billing=billing, key_types=key_types, time_to_live=time_to_live
        )
        return await ensure_table(table, timeout_s)

    async def delete_table(
        self,
        model: type[Any] | SingleTable | str,
        /,
        *,
        missing_ok: bool = False,
        wait: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Delete a table with everything in it, and wait until it is gone.

        It is the model's, or the table with exactly the given name.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html

        Args:
            missing_ok: no error where there is no such table.
            wait: False returns as soon as DynamoDB has accepted the request.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: DynamoDB takes no such table name.
            ResourceNotFound: there is no such table.
            ServiceError: code `ResourceInUseException`: the table is being created or altered.
                Other codes: DynamoDB refused the request, for example because of deletion
                protection.
            DeadlineExceeded: the table was not gone in time.
        """
        from adorm.tables.lifecycle import delete_table
        from adorm.tables.wanted import table_binding

        name = model if isinstance(model, str) else table_binding(self, model).table_name
        await delete_table(self, name, timeout_s, missing_ok=missing_ok, wait=wait)

    async def describe_table(self, model: type[Any] | SingleTable | str, /) -> TableDescription:
        """A model's table, or the table with exactly this name, as it is now.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html

        Raises:
            UsageError: DynamoDB takes no such table name.
            ResourceNotFound: there is no such table.
        """
        from adorm.tables.lifecycle import describe_table
        from adorm.tables.wanted import table_binding

        name = model if isinstance(model, str) else table_binding(self, model).table_name
        return await describe_table(self, name)
