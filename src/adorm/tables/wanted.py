"""`WantedTable`: the table of a model, or of a `SingleTable` with all its models."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.schema.single_table import SingleTable
from adorm.tables.requests import Billing, KeyTypes, create_table_request


@attrs.frozen
class WantedTable:
    """A table as it should be."""

    connection: Connection
    table_name: str
    owner: str
    """Whose table it is, for messages: `Order`, or `SingleTable('shop')`."""
    request: dict[str, Any]
    """The parameters of CreateTable."""
    ttl: str | None
    """The attribute by whose time items expire; None leaves time to live alone."""


def wanted_table(
    connection: Connection,
    model: type[Any] | SingleTable,
    name: str | None,
    *,
    billing: Billing,
    key_types: KeyTypes | None,
    time_to_live: bool,
) -> WantedTable:
    """The table of a model. That of a model in a `SingleTable` is the whole of it.

    Raises:
        UsageError: an argument is wrong, or the models of a `SingleTable` contradict each other.
    """
    binding = table_binding(connection, model, name)
    info, table_name = binding.info, binding.table_name
    if info.single_table is None:
        request = create_table_request(info, table_name, billing, key_types)
        ttl = None if info.ttl is None else info.ttl.attribute_name
        return WantedTable(
            connection, table_name, info.name, request, ttl if time_to_live else None
        )
    from adorm.tables.single_tables import single_table_request, time_to_live_attribute

    table = info.single_table
    request = single_table_request(table, table_name, billing, key_types)
    ttl = time_to_live_attribute(table) if time_to_live else None
    return WantedTable(connection, table_name, repr(table), request, ttl)


def table_binding(
    connection: Connection, model: type[Any] | SingleTable, name: str | None = None
) -> Binding:
    """A model on its table; of a `SingleTable` its first model."""
    if not isinstance(model, SingleTable):
        return connection.binding(model, name)
    if not model.models:
        raise UsageError(
            f"{model!r} has no models, and they tell the types of its keys: import the modules "
            "that define them first"
        )
    return connection.binding(model.models[0], name)
