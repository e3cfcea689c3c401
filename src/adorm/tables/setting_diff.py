"""How the settings of a table differ from what a `TableSpec` says of them, as steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from adorm.tables.descriptions import TableDescription
from adorm.tables.details import Recovery, TimeToLive
from adorm.tables.options import AWS_MANAGED, AWS_OWNED, TABLE_CLASSES, Billing, Provisioned
from adorm.tables.spec_requests import (
    encryption,
    max_throughput,
    stream_on,
    tag_list,
    warm_throughput,
)
from adorm.tables.steps import Step, Turn
from adorm.tables.wanted import WantedTable


@attrs.frozen
class Settings:
    """The settings that a spec asks for, beside those of its table."""

    table: WantedTable
    found: TableDescription
    time_to_live: TimeToLive | None
    """None where it is not compared."""
    recovery: Recovery | None
    """None where it is not compared."""
    tags: Mapping[str, str] | None
    """None where they are not compared."""

    def steps(self) -> Iterator[Step]:
        """The steps for all settings."""
        yield from self._protection()
        yield from self._billing()
        yield from self._index_billing()
        yield from self._maxima()
        yield from self._stream()
        yield from self._time_to_live()
        yield from self._recovery()
        yield from self._encryption()
        yield from self._class()
        yield from self._tags()
        yield from self._warm()

    def _request(self, **parameters: Any) -> dict[str, Any]:
        return {"TableName": self.table.table_name, **parameters}

    def _protection(self) -> Iterator[Step]:
        wanted = self.table.spec.deletion_protection
        if wanted is None or wanted == self.found.deletion_protection:
            return
        request = self._request(DeletionProtectionEnabled=wanted)
        name = "deletion protection"
        if wanted:
            yield Step(f"{name} on", name, "change", "", request, turn=Turn.PROTECTION_ON)
        else:
            why = "anyone with the permission for it can delete the table then"
            yield Step(f"{name} off", name, "danger", why, request, turn=Turn.PROTECTION_OFF)

    def _billing(self) -> Iterator[Step]:
        wanted, found = self.table.spec.billing, self.found.billing
        if wanted is None or wanted == found:
            return
        if isinstance(wanted, str):
            request = self._request(BillingMode="PAY_PER_REQUEST")
        elif isinstance(found, Provisioned):
            request = self._request(ProvisionedThroughput=wanted.as_parameters())
        else:
            request = self._request(
                BillingMode="PROVISIONED", ProvisionedThroughput=wanted.as_parameters()
            )
            if updates := [
                _index_units(name, self.table.spec.index_units(name, wanted) or wanted)
                for name, index in self.found.indexes.items()
                if index.is_global and index.status != "DELETING"
            ]:
                request["GlobalSecondaryIndexUpdates"] = updates
        yield Step(f"billing {_units(wanted)}", "billing", "change", "", request)

    def _index_billing(self) -> Iterator[Step]:
        # Indexes get their units together with the table's when it leaves "on demand".
        if not isinstance(self.found.billing, Provisioned):
            return
        for name, wanted in (self.table.spec.index_billing or {}).items():
            index = self.found.indexes.get(name)
            if index is None or index.status == "DELETING" or index.units == wanted:
                continue
            request = self._request(GlobalSecondaryIndexUpdates=[_index_units(name, wanted)])
            yield Step(
                f"index {name} {_units(wanted)}", f"capacity of {name}", "change", "", request
            )

    def _maxima(self) -> Iterator[Step]:
        found: Mapping[str, Any] = self.found.raw.get("OnDemandThroughput") or {}
        for member, units in max_throughput(self.table.spec).items():
            if int(found.get(member, -1)) == units:
                continue
            side = "read" if "Read" in member else "write"
            name = f"maximum of {side}s"
            text = f"{name} {f'{units} units a second' if units != -1 else 'no limit'}"
            billing = self.table.spec.billing or self.found.billing
            if isinstance(billing, Provisioned):
                why = 'only a table on demand has one: say billing="on_demand" too'
                yield Step(text, name, "impossible", why)
                continue
            request = self._request(OnDemandThroughput={member: units})
            yield Step(text, name, "change", "", request)

    def _stream(self) -> Iterator[Step]:
        wanted, found = self.table.spec.stream, self.found.stream
        if wanted is None or wanted == found:
            return
        off = self._request(StreamSpecification={"StreamEnabled": False})
        if found == "off":
            on = self._request(StreamSpecification=stream_on(wanted))
            yield Step(f"stream {wanted}", "stream", "change", "", on, turn=Turn.STREAM)
        elif wanted == "off":
            why = "consumers that have not read all records may lose them"
            yield Step("stream off", "stream", "danger", why, off, turn=Turn.STREAM)
        else:
            yield Step(
                f"stream {wanted} instead of {found}",
                "stream",
                "danger",
                "off, then on: the new stream has another ARN, and consumers that have not read "
                "all records of the old one may lose them",
                off,
                turn=Turn.STREAM,
                follow_up=f"stream {wanted}",
            )

    def _time_to_live(self) -> Iterator[Step]:
        found, wanted = self.time_to_live, self.table.ttl
        if found is None:
            return
        if wanted is None:
            if found.is_on:
                yield self._ttl("ttl off", "change", "", found.attribute_name or "", on=False)
            return
        text = f"ttl by {wanted}"
        if not found.is_on:
            why = "items that are expired already will be deleted"
            yield self._ttl(text, "danger", why, wanted, on=True)
        elif found.attribute_name != wanted:
            yield Step(
                text,
                "ttl",
                "impossible",
                f"items expire by {found.attribute_name} now: switch that off first with "
                f"TableSpec({self.table.owner}, time_to_live=False), and this on an hour later; "
                "DynamoDB takes one change of it an hour",
            )

    def _ttl(self, text: str, kind: Any, why: str, attribute: str, *, on: bool) -> Step:
        request = self._request(TimeToLiveSpecification={"AttributeName": attribute, "Enabled": on})
        return Step(text, "ttl", kind, why, request, operation="UpdateTimeToLive", turn=Turn.TTL)

    def _recovery(self) -> Iterator[Step]:
        wanted, found = self.table.spec.recovery, self.recovery
        if wanted is None or found is None:
            return
        name, days = "point-in-time recovery", wanted.get("RecoveryPeriodInDays")
        reach = "" if days is None else f" for {days} days"
        kind: Any = "change"
        why = ""
        if not wanted["PointInTimeRecoveryEnabled"]:
            if not found.is_on:
                return
            text, kind = f"{name} off", "danger"
            why = "the table can't be restored any more to a time in the past"
        elif not found.is_on:
            text = f"{name} on{reach}"
        elif days is None or found.days is None or days == found.days:
            return
        else:
            text = f"{name}{reach} instead of {found.days}"
            if days < found.days:
                kind, why = "danger", "the table can't be restored any more to a time before that"
        yield Step(
            text,
            name,
            kind,
            why,
            self._request(PointInTimeRecoverySpecification=wanted),
            operation="UpdateContinuousBackups",
            turn=Turn.RECOVERY,
        )

    def _encryption(self) -> Iterator[Step]:
        wanted, found = self.table.spec.encryption, self.found.encryption
        if wanted is None or _is_key(wanted, found):
            return
        kind: Any = "change"
        why = ""
        if found != AWS_OWNED:
            kind = "danger"
            why = (
                f"the key is {found} now; backups and reads of the stream need the old key for as "
                "long as they exist"
            )
        request = self._request(SSESpecification=encryption(wanted))
        yield Step(f"encryption {wanted}", "encryption", kind, why, request, turn=Turn.ENCRYPTION)

    def _class(self) -> Iterator[Step]:
        wanted = self.table.spec.table_class
        if wanted is not None and wanted != self.found.table_class:
            request = self._request(TableClass=TABLE_CLASSES[wanted])
            text = f"table class {wanted}"
            yield Step(text, "table class", "change", "", request, turn=Turn.CLASS)

    def _tags(self) -> Iterator[Step]:
        wanted, found = self.table.spec.tags, self.tags
        if wanted is None or found is None:
            return
        for key, value in wanted.items():
            if found.get(key) != value:
                yield Step(
                    f"tag {key}={value}",
                    f"tag {key}",
                    "change",
                    "",
                    {"ResourceArn": self.found.arn, "Tags": tag_list([(key, value)])},
                    operation="TagResource",
                    turn=Turn.TAGS,
                )
        for key in found:
            # AWS's own tags can't be removed.
            if key not in wanted and not key.startswith("aws:"):
                yield Step(
                    f"delete tag {key}",
                    f"tag {key}",
                    "extra",
                    "the spec does not name it; kept, unless allow= names it",
                    {"ResourceArn": self.found.arn, "TagKeys": [key]},
                    operation="UntagResource",
                    turn=Turn.TAGS,
                )

    def _warm(self) -> Iterator[Step]:
        found: Mapping[str, Any] = self.found.raw.get("WarmThroughput") or {}
        for member, units in warm_throughput(self.table.spec).items():
            # Not told: it can't be compared.
            if int(found.get(member, units)) < units:
                side = "reads" if "Read" in member else "writes"
                yield Step(
                    f"warm throughput of {side} {units} units a second",
                    f"warm throughput of {side}",
                    "change",
                    "paid for once",
                    self._request(WarmThroughput={member: units}),
                    turn=Turn.WARM,
                )


def _index_units(name: str, units: Provisioned) -> dict[str, Any]:
    return {"Update": {"IndexName": name, "ProvisionedThroughput": units.as_parameters()}}


def _units(billing: Billing) -> str:
    if isinstance(billing, str):
        return "on demand"
    return f"provisioned {billing.read_units}/{billing.write_units}"


def _is_key(wanted: str, found: str) -> bool:
    """Whether a table with this key is encrypted as wanted. An alias, and the key that AWS manages,
    can't be told from the ARN of a key."""
    if wanted == found or AWS_OWNED in (wanted, found):
        return wanted == found
    if wanted == AWS_MANAGED or "alias/" in wanted or found == AWS_MANAGED:
        return True
    return wanted.rpartition("/")[2] == found.rpartition("/")[2]
