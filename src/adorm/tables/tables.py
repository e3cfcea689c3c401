"""What a database offers for its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from adorm.items.binding import Connection

if TYPE_CHECKING:  # imported by the methods that need them: a cold start pays for what it uses
    from datetime import datetime

    from adorm.items.operation import Operation
    from adorm.schema.single_table import SingleTable
    from adorm.tables.descriptions import TableDescription
    from adorm.tables.details import TableDetails
    from adorm.tables.index_check import IndexCheck
    from adorm.tables.options import Billing, KeyTypes
    from adorm.tables.plan import TablePlan
    from adorm.tables.spec import TableSpec
    from adorm.tables.wanted import WantedTable

DEFAULT_TIMEOUT_S = 300.0
"""Creating a table takes seconds; with many indexes, or while AWS is busy, minutes."""

DEFAULT_RESTORE_S = 3600.0
"""Restoring a table takes minutes to hours, as long as the table is large."""


class Tables(Connection):
    """The part of a database that creates, compares, changes, describes and deletes tables."""

    async def create_table(
        self,
        model: type[Any] | SingleTable | TableSpec,
        /,
        *,
        name: str | None = None,
        billing: Billing | None = None,
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        wait: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table with its indexes, and wait until all of them can be used.

        Of a `SingleTable`, or of a model in one, it is the whole table: with its own indexes and
        those of all models that are imported by now. A `TableSpec` says more options of the table;
        then the name, the billing and the key types are in it.

        For a model with a ttl field, DynamoDB's time to live is switched on once the table is
        active. If that fails, its error is raised, with a note that the table itself is ready;
        `ensure_table` tries it again.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html

        Args:
            name: the table's name, in place of the model's.
            billing: "on_demand" (default), or `Provisioned(read_units=, write_units=)` for the
                table and each global index.
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

        table = self._wanted(model, name, billing, key_types, time_to_live=time_to_live)
        return await create_table(table, timeout_s, wait=wait)

    async def ensure_table(
        self,
        model: type[Any] | SingleTable | TableSpec,
        /,
        *,
        name: str | None = None,
        billing: Billing | None = None,
        key_types: KeyTypes | None = None,
        time_to_live: bool = True,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> TableDescription:
        """Create the model's table where there is none; else check its keys and indexes.

        Of a `SingleTable`, or of a model in one, it is the whole table, as for `create_table`. Of a
        `TableSpec` what it says of settings is checked too, except for tags.

        Waits until the table can be used; a table that is being deleted is waited for first. An
        existing table is not altered, with one exception: where the model has a ttl field and the
        table's time to live is off, it is switched on; so is point-in-time recovery of a
        `TableSpec`. `db.diff` plans other changes. A table may have more indexes and project
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

        table = self._wanted(model, name, billing, key_types, time_to_live=time_to_live)
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

        name = self._table_named(model)
        await delete_table(self, name, timeout_s, missing_ok=missing_ok, wait=wait)

    @overload
    async def describe_table(
        self, model: type[Any] | SingleTable | str, /, *, details: Literal[True]
    ) -> TableDetails: ...
    @overload
    async def describe_table(
        self, model: type[Any] | SingleTable | str, /, *, details: bool = ...
    ) -> TableDescription: ...
    async def describe_table(
        self, model: type[Any] | SingleTable | str, /, *, details: bool = False
    ) -> TableDescription:
        """A model's table, or the table with exactly this name, as it is now.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html

        Args:
            details: True also asks for time to live, point-in-time recovery and tags, by a request
                each, and gives `TableDetails`.

        Raises:
            UsageError: DynamoDB takes no such table name.
            ResourceNotFound: there is no such table.
        """
        from adorm.tables.lifecycle import describe_table

        found = await describe_table(self, self._table_named(model))
        if not details:
            return found
        from adorm.tables.details import read_details

        return await read_details(self, found)

    async def table_exists(self, model: type[Any] | SingleTable | str, /) -> bool:
        """Whether there is a model's table, or a table with exactly this name, in any state.

        Raises:
            UsageError: DynamoDB takes no such table name.
        """
        from adorm.tables.lifecycle import table_exists

        return await table_exists(self, self._table_named(model))

    async def list_tables(
        self, *, prefix: str = "", limit: int | None = None, after: str | None = None
    ) -> list[str]:
        """The names of all tables of the account in the region, in DynamoDB's order.

        The names are as DynamoDB has them: `table_prefix` and `table_names` of the connection play
        no part.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html

        Args:
            prefix: gives only names that begin with it.
            limit: the most names to give; default all.
            after: the last name of a list that was limited: gives those that follow it.
        """
        from adorm.tables.listing import list_tables

        return await list_tables(self, prefix, limit, after)

    # ---- changes

    def diff(self, spec: TableSpec | type[Any] | SingleTable, /) -> Operation[TablePlan]:
        """Compare a table with a spec, and plan what has to be done.

        Of a model, keys, indexes and time to live are compared; of a `TableSpec` also the options
        that are not None. It changes nothing: `print(plan)` shows the plan, `await plan.apply()`
        does it.

        It needs the permission dynamodb:DescribeTable, and for what the spec says
        DescribeTimeToLive, DescribeContinuousBackups and ListTagsOfResource.

        Raises:
            UsageError: the spec contradicts its model, or the table is being created or deleted.
            ResourceNotFound: there is no such table: `create_table(spec)` makes it.
        """
        from adorm.tables.operations import TableOperation
        from adorm.tables.plan import make_plan

        wanted = self._wanted(spec)
        return TableOperation(self, wanted.owner, lambda: make_plan(wanted))

    def check_index(
        self, model: type[Any], index: str, /, *, samples: int = 10
    ) -> Operation[IndexCheck]:
        """Count the items that an index of the model leaves out, or would leave out, and why.

        Reads the whole table, a page after the other: half a read unit for 4 KB of items. Items of
        other models in the table are not counted.

        Args:
            samples: how many items to name at most.

        Raises:
            UsageError: the model has no such index.
        """
        from adorm.tables.index_check import check_index
        from adorm.tables.operations import TableOperation

        name = self.binding(model).info.name
        return TableOperation(self, name, lambda: check_index(self, model, index, samples))

    # ---- backups

    def back_up(
        self,
        model: type[Any] | SingleTable | str,
        name: str,
        /,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Operation[str]:
        """Make a backup of a table, and give its ARN when it can be restored.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateBackup.html

        Args:
            name: the backup's name, 3 to 255 letters, digits, `_`, `-` and `.`; several backups can
                have one name.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: DynamoDB does not take a name.
            ResourceNotFound: there is no such table.
            ConnectionFailed: the answer was lost; `maybe_applied` tells whether there may be a
                backup. It is not sent again, because that may make a second one.
        """
        from adorm.tables.backups import back_up
        from adorm.tables.operations import TableOperation

        table_name = self._table_named(model)
        return TableOperation(self, table_name, lambda: back_up(self, table_name, name, timeout_s))

    def restore(
        self, backup: str, table_name: str, /, *, timeout_s: float = DEFAULT_RESTORE_S
    ) -> Operation[None]:
        """Make a new table of a backup, and wait until it can be used.

        It has the items, keys and indexes. Streams, time to live, tags, point-in-time recovery and
        deletion protection are not restored: `db.diff(TableSpec(Order, name="orders-2", ...))`
        plans them.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html

        Args:
            backup: the ARN of the backup.
            table_name: the name of the new table, exactly.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: DynamoDB does not take the name, or the ARN is none.
            ResourceNotFound: there is no such backup.
            ServiceError: code `TableAlreadyExistsException`: there is a table of that name.
            DeadlineExceeded: the table was not ready in time; DynamoDB goes on with it.
        """
        from adorm.tables.backups import restore
        from adorm.tables.operations import TableOperation

        return TableOperation(
            self, table_name, lambda: restore(self, backup, table_name, timeout_s)
        )

    def restore_to_time(
        self,
        model: type[Any] | SingleTable | str,
        table_name: str,
        /,
        *,
        at: datetime | None = None,
        timeout_s: float = DEFAULT_RESTORE_S,
    ) -> Operation[None]:
        """Make a new table with the items that a table had at a time, and wait until it can be
        used.

        What `restore` says of the new table's settings is true here too. The table needs
        point-in-time recovery: `TableSpec(Order, point_in_time_recovery=True)`.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html

        Args:
            table_name: the name of the new table, exactly.
            at: a time with a time zone; default the latest that can be restored, typically five
                minutes ago.
            timeout_s: seconds for all of it; `adorm.deadline` may shorten them.

        Raises:
            UsageError: DynamoDB does not take a name, or the time has no time zone.
            ServiceError: code `PointInTimeRecoveryUnavailableException`: it is off. Code
                `InvalidRestoreTimeException`: the time is too early or too late.
        """
        from adorm.tables.backups import restore_to_time
        from adorm.tables.operations import TableOperation

        source = self._table_named(model)
        return TableOperation(
            self, source, lambda: restore_to_time(self, source, table_name, at, timeout_s)
        )

    def _table_named(self, model: type[Any] | SingleTable | str) -> str:
        if isinstance(model, str):
            return model
        from adorm.tables.wanted import table_binding

        return table_binding(self, model).table_name

    def _wanted(
        self,
        model: type[Any] | SingleTable | TableSpec,
        name: str | None = None,
        billing: Billing | None = None,
        key_types: KeyTypes | None = None,
        *,
        time_to_live: bool = True,
    ) -> WantedTable:
        """The table of a model with these options, or of a spec, which has its own."""
        from adorm.tables.wanted import wanted_table

        return wanted_table(
            self, model, name, billing=billing, key_types=key_types, time_to_live=time_to_live
        )
