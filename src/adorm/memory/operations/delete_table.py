"""Internal: DeleteTable.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.backups.backup import make_backup
from adorm.memory.database import Database
from adorm.memory.errors import invalid
from adorm.memory.streams.lifecycle import close_stream
from adorm.memory.tables.description import describe
from adorm.memory.tables.states import DELETING, check_changeable, check_deletable


def delete_table(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Delete a table with its items. The answer says DELETING.

    The stream can be read for another day. If point-in-time recovery is on, a system backup is
    made.
    """
    table = database.known_table(request["TableName"])
    check_changeable(table)
    if table.definition.deletion_protection:
        raise invalid(
            "Resource cannot be deleted as it is currently protected against deletion. Disable"
            " deletion protection first."
        )
    check_deletable(table)
    if table.log is not None:
        make_backup(database, table, f"{table.name}$DeletedTableBackup", backup_type="SYSTEM")
    table.status = DELETING
    close_stream(database, table)

    def end() -> None:
        database.forget_table(table.name)

    table.schedule(database.now() + database.options.delay_s, end)
    return {"TableDescription": describe(table, database.now())}
