"""Internal: converts the tables of an engine to JSON and back.

A snapshot is meant for fixtures and can be written by hand. A table is a CreateTable request that
would create it, with its items and the state that CreateTable can't express:

    {"format": "adorm.memory snapshot", "version": 1, "databases": [
        {"account": "123456789012", "region": "us-east-1", "tables": [
            {"table": {"TableName": "orders", ...},
             "state": {...},
             "items": [{"pk": {"S": "a"}}]}]}]}

Changes in progress count as done, and tables that are being deleted are left out. A snapshot has no
stream records, no backups, and no past writes for point-in-time recovery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.backups.point_in_time_recovery import KEPT_AS, turn_on
from adorm.memory.database import Database
from adorm.memory.errors import EngineError
from adorm.memory.limits import MAX_ITEM_BYTES
from adorm.memory.options import EngineOptions, check_account, check_region
from adorm.memory.shapes.check import check
from adorm.memory.snapshots.json_forms import is_object, read_list, read_object, read_text, wrong
from adorm.memory.snapshots.table_state import read_state, state_of
from adorm.memory.storage.definitions import TableDefinition
from adorm.memory.storage.table import Table
from adorm.memory.tables.building import add_table, define_table
from adorm.memory.tables.create_request import create_request
from adorm.memory.tables.create_table_checks import check_create
from adorm.memory.tables.states import DELETING
from adorm.memory.values.canonical import canonical_item
from adorm.memory.values.sizes import item_bytes

FORMAT = "adorm.memory snapshot"
VERSION = 1


def snapshot(databases: Iterable[Database]) -> dict[str, Any]:
    """Return every table of some databases with its items and settings as a JSON value."""
    databases = list(databases)
    for database in databases:
        database.apply_due_changes()
    return {
        "format": FORMAT,
        "version": VERSION,
        "databases": [
            {
                "account": database.account,
                "region": database.region,
                "tables": [
                    _table(database.tables[name])
                    for name in sorted(database.tables)
                    if database.tables[name].status != DELETING
                ],
            }
            for database in databases
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "table": create_request(table.definition),
        "state": state_of(table.definition),
        "items": [stored.item() for _, stored in table.items.between()],
    }


def restore(content: Any, options: EngineOptions) -> list[Database]:
    """Make the databases of a snapshot. A stream that is on begins again without records.

    Args:
        content: the result of `snapshot`, also after a round trip through JSON.
        options: the options of the engine that gets the databases.

    Raises:
        ValueError: `content` is not a snapshot of this version; the text names the part and its
            fault.
    """
    if not is_object(content) or content.get("format") != FORMAT:
        raise ValueError(f'not a snapshot: there is no "format": "{FORMAT}"')
    if content.get("version") != VERSION:
        raise ValueError(
            f"snapshot of version {content.get('version')!r}; this engine reads version {VERSION}"
        )
    restored: dict[tuple[str, str], Database] = {}
    for number, part in enumerate(read_list(content.get("databases"), "databases")):
        where = f"databases[{number}]"
        each = read_object(part, where)
        account = read_text(each.get("account"), f"{where}.account")
        region = read_text(each.get("region"), f"{where}.region")
        _check_names(account, region, where)
        if (account, region) in restored:
            raise wrong(where, f"account {account} and region {region} occur twice")
        database = restored[account, region] = Database(options, account, region)
        tables = read_list(each.get("tables"), f"{where}.tables")
        for position, table in enumerate(tables):
            _restore_table(database, table, f"{where}.tables[{position}]")
    return list(restored.values())


def _check_names(account: str, region: str, where: str) -> None:
    try:
        check_account(account)
        check_region(region)
    except ValueError as error:
        raise wrong(where, str(error)) from error


def _restore_table(database: Database, content: Any, where: str) -> None:
    parts = read_object(content, where)
    definition = _read_definition(database, parts, where)
    table = Table(definition, database.arn(definition.name))
    for number, content_of_item in enumerate(read_list(parts.get("items"), f"{where}.items")):
        _load_item(table, content_of_item, f"{where}.items[{number}]")
    add_table(database, table)
    if KEPT_AS in definition.extras:
        turn_on(table, database.now(), definition.extras[KEPT_AS]["RecoveryPeriodInDays"])


def _read_definition(database: Database, parts: Mapping[str, Any], where: str) -> TableDefinition:
    create = read_object(parts.get("table"), f"{where}.table")
    try:
        request = check("CreateTable", create, database.options.wording)
        check_create(request, database.region)
        definition = define_table(database, request)
    except EngineError as error:
        raise wrong(f"{where}.table", error.message) from error
    if definition.name in database.tables:
        raise wrong(f"{where}.table", f"{definition.name} occurs twice")
    state = read_object(parts.get("state", {}), f"{where}.state")
    read_state(definition, state, f"{where}.state")
    return definition


def _load_item(table: Table, content: Any, where: str) -> None:
    try:
        request = check("PutItem", {"TableName": "table", "Item": content})
        item = canonical_item(request["Item"])
        table.schema.check_item(item)
    except EngineError as error:
        raise wrong(where, error.message) from error
    if item_bytes(item) > MAX_ITEM_BYTES:
        raise wrong(where, "larger than 400 KB")
    position = table.schema.position(item)
    if table.find(position) is not None:
        raise wrong(where, "its key occurs twice")
    table.load(position, item)
