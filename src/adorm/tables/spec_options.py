"""`SpecOptions`: the checked options of a `TableSpec`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs

from adorm.checks import count, text
from adorm.dynamodb.limits import (
    MAX_RECOVERY_DAYS,
    MAX_TAG_KEY_CHARACTERS,
    MAX_TAG_VALUE_CHARACTERS,
    MAX_TAGS,
)
from adorm.dynamodb.table_names import check_table_name
from adorm.errors import UsageError
from adorm.schema.single_table import SingleTable
from adorm.tables.options import (
    TABLE_CLASSES,
    VIEW_TYPES,
    Billing,
    KeyTypes,
    Provisioned,
    Stream,
    TableClass,
    check_billing,
)


@attrs.frozen
class SpecOptions:
    """What a `TableSpec` says; `TableSpec` describes each option."""

    model: type[Any] | SingleTable
    name: str | None = attrs.field(default=None, kw_only=True)
    billing: Billing | None = attrs.field(default=None, kw_only=True)
    stream: Stream | None = attrs.field(default=None, kw_only=True)
    time_to_live: bool | None = attrs.field(default=None, kw_only=True)
    point_in_time_recovery: bool | int | None = attrs.field(default=None, kw_only=True)
    deletion_protection: bool | None = attrs.field(default=None, kw_only=True)
    encryption: str | None = attrs.field(default=None, kw_only=True)
    table_class: TableClass | None = attrs.field(default=None, kw_only=True)
    tags: Mapping[str, str] | None = attrs.field(default=None, kw_only=True)
    warm_read_units_per_s: int | None = attrs.field(default=None, kw_only=True)
    warm_write_units_per_s: int | None = attrs.field(default=None, kw_only=True)
    max_read_units_per_s: int | None = attrs.field(default=None, kw_only=True)
    max_write_units_per_s: int | None = attrs.field(default=None, kw_only=True)
    index_billing: Mapping[str, Provisioned] | None = attrs.field(default=None, kw_only=True)
    key_types: KeyTypes | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(cast("object", self.model), (type, SingleTable)):  # unchecked callers
            raise UsageError(f"TableSpec(...) takes a model or a SingleTable, not {self.model!r}")
        if self.name is not None:
            check_table_name(self.name)
        if self.billing is not None:
            check_billing(self.billing)
        self._check_choices()
        self._check_recovery()
        self._check_throughput()
        _check_tags(self.tags)

    def _check_choices(self) -> None:
        _one_of("stream", self.stream, (*VIEW_TYPES, "off"))
        _one_of("table_class", self.table_class, tuple(TABLE_CLASSES))
        _flag("deletion_protection", self.deletion_protection)
        _flag("time_to_live", self.time_to_live)
        if self.encryption is not None:
            text("TableSpec(encryption=...)", self.encryption)

    def _check_recovery(self) -> None:
        days = self.point_in_time_recovery
        if days is not None and not isinstance(days, bool):
            count("TableSpec(point_in_time_recovery=...)", days, most=MAX_RECOVERY_DAYS)

    def _check_throughput(self) -> None:
        provisioned = isinstance(self.billing, Provisioned)
        for name in ("warm_read_units_per_s", "warm_write_units_per_s"):
            if (units := getattr(self, name)) is not None:
                count(f"TableSpec({name}=...)", units)
        for name in ("max_read_units_per_s", "max_write_units_per_s"):
            if (units := getattr(self, name)) is None:
                continue
            if units != -1:
                count(f"TableSpec({name}=...)", units)
            if provisioned:
                raise UsageError(
                    f"TableSpec({name}={units}): only a table on demand has a maximum, and its "
                    f"billing is {self.billing!r}: leave one of them out"
                )
        for name, units in (self.index_billing or {}).items():
            if not provisioned or not isinstance(cast("object", units), Provisioned):
                raise UsageError(
                    f"TableSpec(index_billing=...): the capacity of index {name!r} is "
                    "Provisioned(read_units=..., write_units=...), beside "
                    "billing=Provisioned(...) for the table"
                )

    @property
    def recovery(self) -> dict[str, Any] | None:
        """`PointInTimeRecoverySpecification`; None where it is not compared."""
        days = self.point_in_time_recovery
        if days is None or isinstance(days, bool):
            return None if days is None else {"PointInTimeRecoveryEnabled": days}
        return {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}

    def index_units(self, name: str, table_units: Billing) -> Provisioned | None:
        """The capacity with which a global index is made; None for a table on demand."""
        if isinstance(table_units, str):
            return None
        return (self.index_billing or {}).get(name, table_units)


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        names = ", ".join(f'"{each}"' for each in known)
        raise UsageError(f"TableSpec({name}={value!r}): expected one of {names}")


def _flag(name: str, value: object) -> None:
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"TableSpec({name}={value!r}): expected True, False or None")


def _check_tags(tags: Mapping[str, str] | None) -> None:
    if tags is None:
        return
    if len(tags) > MAX_TAGS:
        raise UsageError(f"TableSpec(tags=...): {len(tags)} tags; a table has {MAX_TAGS} at most")
    for key, value in tags.items():
        text("TableSpec(tags=...): a key", key)
        text(f"TableSpec(tags=...): the value of {key!r}", value, empty=True)
        if len(key) > MAX_TAG_KEY_CHARACTERS or len(value) > MAX_TAG_VALUE_CHARACTERS:
            raise UsageError(
                f"TableSpec(tags=...): tag {key!r} is too long; a key has "
                f"{MAX_TAG_KEY_CHARACTERS} characters at most, a value {MAX_TAG_VALUE_CHARACTERS}"
            )
        if key.lower().startswith("aws:"):
            raise UsageError(
                f"TableSpec(tags=...): tag {key!r}: keys that begin with aws: are AWS's own"
            )
