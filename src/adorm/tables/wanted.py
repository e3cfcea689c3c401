"""`WantedTable`: the table of a model, or of a `SingleTable` with all its models."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.dynamodb.table_names import check_table_name
from adorm.errors import UsageError
from adorm.items.binding import Binding, Connection
from adorm.models import ModelInfo, model_info
from adorm.schema.single_table import SingleTable
from adorm.tables.options import Billing, KeyTypes
from adorm.tables.requests import create_table_request
from adorm.tables.spec_options import SpecOptions
from adorm.tables.spec_requests import add_options


@attrs.frozen(eq=False)
class WantedTable:
    """A table of a database as it should be."""

    connection: Connection
    table_name: str
    owner: str
    """Whose table it is, for messages: `Order`, or `SingleTable('shop')`."""
    request: dict[str, Any]
    """The parameters of CreateTable."""
    ttl: str | None
    """The attribute by whose time items expire; None leaves time to live alone."""
    spec: SpecOptions
    """What is compared."""


def wanted_table(
    connection: Connection,
    model: type[Any] | SingleTable | SpecOptions,
    name: str | None = None,
    *,
    billing: Billing | None = None,
    key_types: KeyTypes | None = None,
    time_to_live: bool = True,
) -> WantedTable:
    """The table of a model in a database, or of a spec. That of a model in a `SingleTable` is the
    whole of it.

    Args:
        time_to_live: False leaves time to live alone.

    Raises:
        UsageError: no table is known for the model, an option is given beside a spec, the spec
            contradicts the model, or the models of a `SingleTable` contradict each other.
    """
    if isinstance(model, SpecOptions):
        spec = model
        options = {"name": name, "billing": billing, "key_types": key_types}
        if given := [option for option, value in options.items() if value is not None]:
            raise UsageError(f"{', '.join(given)}: a TableSpec has these options itself")
    else:
        spec = SpecOptions(model, name=name, billing=billing, key_types=key_types)
    name = table_binding(connection, spec.model, spec.name).table_name
    request = create_request(spec, name)
    ttl = ttl_of(spec) if time_to_live else None
    if spec is not model:
        # The billing is for a table that is made: nothing but a spec compares it.
        spec = attrs.evolve(spec, billing=None)
    return WantedTable(connection, name, owner_of(spec), request, ttl, spec)


def table_binding(
    connection: Connection, model: type[Any] | SingleTable, name: str | None = None
) -> Binding:
    """A model on its table; of a `SingleTable` its first model."""
    if not isinstance(model, SingleTable):
        return connection.binding(model, name)
    return connection.binding(_first_model(model), name)


def owner_of(spec: SpecOptions) -> str:
    """Whose table it is, for messages: `Order`, or `SingleTable('shop')`."""
    table = _single_table(spec)
    return _info(spec).name if table is None else repr(table)


def known_name(spec: SpecOptions) -> str | None:
    """The table's name where no database is at hand: the spec's, else the model's, else None."""
    return _info(spec).table if spec.name is None else spec.name


def offline_name(spec: SpecOptions) -> str:
    """The table's name where no database is at hand.

    Raises:
        UsageError: no name is known.
    """
    name = known_name(spec)
    if name is None:
        owner = _info(spec).name
        raise UsageError(
            f"{owner} names no table: write TableSpec({owner}, name=...), "
            "or @adorm.model(table=...)"
        )
    return check_table_name(name)


def create_request(spec: SpecOptions, name: str) -> dict[str, Any]:
    """The parameters of CreateTable for a spec and the table's name."""
    info, table = _info(spec), _single_table(spec)
    billing = spec.billing or "on_demand"
    if table is None:
        request = create_table_request(info, name, billing, spec.key_types)
    else:
        from adorm.tables.single_tables import single_table_request

        request = single_table_request(table, name, billing, spec.key_types)
    _check_index_billing(spec, request)
    add_options(request, spec)
    return request


def ttl_of(spec: SpecOptions) -> str | None:
    """The attribute by whose time items have to expire; None where time to live has to be off, or
    is not compared.

    Raises:
        UsageError: it has to be on, and there is no ttl field; or there are two.
    """
    if spec.time_to_live is False:
        return None
    info, table = _info(spec), _single_table(spec)
    if table is None:
        ttl = None if info.ttl is None else info.ttl.attribute_name
    else:
        from adorm.tables.single_tables import time_to_live_attribute

        ttl = time_to_live_attribute(table)
    if spec.time_to_live and ttl is None:
        raise UsageError(
            f"TableSpec(time_to_live=True): {owner_of(spec)} has no ttl field: "
            "add one, expires_at: datetime | None = adorm.ttl()"
        )
    return ttl


def may_lack_key(spec: SpecOptions, index_name: str) -> bool:
    """Whether items of the model may lack an attribute of the index's key. Not told for a
    `SingleTable`, in which only some kinds of items have the keys of an index."""
    if _single_table(spec) is not None:
        return False
    return any(not field.required for field in _info(spec).indexes[index_name].key_fields)


def _check_index_billing(spec: SpecOptions, request: dict[str, Any]) -> None:
    known = [index["IndexName"] for index in request.get("GlobalSecondaryIndexes", ())]
    for name in spec.index_billing or {}:
        if name not in known:
            raise UsageError(
                f"TableSpec(index_billing=...): {owner_of(spec)} has no global index {name!r}; "
                f"it has {', '.join(known) or 'none'}"
            )


def _single_table(spec: SpecOptions) -> SingleTable | None:
    return spec.model if isinstance(spec.model, SingleTable) else _info(spec).single_table


def _info(spec: SpecOptions) -> ModelInfo:
    model = spec.model
    return model_info(_first_model(model) if isinstance(model, SingleTable) else model)


def _first_model(table: SingleTable) -> type[Any]:
    if not table.models:
        raise UsageError(
            f"{table!r} has no models, and they tell the types of its keys: import the modules "
            "that define them first"
        )
    return table.models[0]
