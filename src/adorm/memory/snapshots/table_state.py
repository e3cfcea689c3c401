"""Internal: the state of a table in a snapshot beyond its CreateTable request.

All members are optional. They have DynamoDB's names where it has one.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from adorm.memory.snapshots.json_forms import check_form, read_number, read_object, read_text, wrong
from adorm.memory.storage.definitions import Capacity, TableDefinition
from adorm.memory.tables.extra_settings import EXTRAS

_CAPACITY_HISTORY = ("increased_at", "decreased_at", "decreases")


def state_of(definition: TableDefinition) -> dict[str, Any]:
    """Return the state of a table that a CreateTable request can't express."""
    state: dict[str, Any] = {
        "TableId": definition.table_id,
        "CreationDateTime": definition.created_at,
        "LastUpdateToPayPerRequestDateTime": definition.on_demand_since,
        "TableClassLastUpdateDateTime": definition.table_class_changed_at,
        "TimeToLiveAttributeName": definition.ttl_attribute,
    }
    state = {member: value for member, value in state.items() if value is not None}
    capacity = {
        name: _history(each)
        for name, each in _capacities(definition).items()
        if each.increased_at is not None or each.decreased_at is not None
    }
    if capacity:
        state["CapacityHistory"] = capacity
    if definition.extras:
        state["Settings"] = copy.deepcopy(definition.extras)
    return state


def _history(capacity: Capacity) -> dict[str, Any]:
    return {member: getattr(capacity, member) for member in _CAPACITY_HISTORY}


def _capacities(definition: TableDefinition) -> dict[str, Capacity]:
    """The capacities of global indexes by name; the table's own has an empty name."""
    return {
        "": definition.capacity,
        **{name: each.capacity for name, each in definition.indexes.items() if each.is_global},
    }


def read_state(definition: TableDefinition, state: Mapping[str, Any], where: str) -> None:
    """Set what `state_of` returned on a definition.

    Raises:
        ValueError: a member is unknown or of a wrong type.
    """
    for member, value in state.items():
        if member == "TableId":
            definition.table_id = read_text(value, f"{where}.{member}")
        elif member == "CreationDateTime":
            definition.created_at = read_number(value, f"{where}.{member}")
        elif member == "LastUpdateToPayPerRequestDateTime":
            definition.on_demand_since = read_number(value, f"{where}.{member}")
        elif member == "TableClassLastUpdateDateTime":
            definition.table_class_changed_at = read_number(value, f"{where}.{member}")
        elif member == "TimeToLiveAttributeName":
            definition.ttl_attribute = read_text(value, f"{where}.{member}")
        elif member == "CapacityHistory":
            _read_histories(definition, value, f"{where}.{member}")
        elif member == "Settings":
            _read_settings(definition, value, f"{where}.{member}")
        else:
            raise wrong(where, f"unknown member {member}")


def _read_histories(definition: TableDefinition, value: Any, where: str) -> None:
    capacities = _capacities(definition)
    for name, history in read_object(value, where).items():
        if name not in capacities:
            raise wrong(where, f"there is no global index {name}")
        for member, number in read_object(history, f"{where}.{name}").items():
            if member not in _CAPACITY_HISTORY:
                raise wrong(f"{where}.{name}", f"unknown member {member}")
            if number is not None:
                setattr(capacities[name], member, read_number(number, f"{where}.{name}.{member}"))


def _read_settings(definition: TableDefinition, value: Any, where: str) -> None:
    for member, setting in read_object(value, where).items():
        form = EXTRAS.get(member)
        if form is None:
            raise wrong(where, f"unknown member {member}")
        check_form(setting, form, f"{where}.{member}")
        definition.extras[member] = copy.deepcopy(setting)
