"""Internal: the checks of provisioned, on-demand and warm throughput.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.limits import MAX_TABLE_UNITS

MAX_UNITS = 1_000_000_000_000
"""The service calls units above this number unreasonable."""

INITIAL_WARM_READ_UNITS = 12_000
INITIAL_WARM_WRITE_UNITS = 4_000
"""The warm throughput of an on-demand table or index that asks for none.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html"""

INITIAL_THROUGHPUT_PAGE = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def check_table_throughput(billing_mode: str, throughput: Mapping[str, int] | None) -> None:
    """Refuse a new table's `ProvisionedThroughput` that contradicts its billing mode.

    Raises:
        EngineError: the throughput contradicts the billing mode, or a unit is out of range.
    """
    if billing_mode == "PAY_PER_REQUEST":
        if throughput is not None:
            raise neither_units()
        return
    if throughput is None:
        raise invalid_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is"
            " PROVISIONED"
        )
    check_bounds(throughput)


def neither_units() -> EngineError:
    """The refusal of `ProvisionedThroughput` for an on-demand table."""
    return invalid_value(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is"
        " PAY_PER_REQUEST"
    )


def check_bounds(throughput: Mapping[str, int]) -> None:
    """Refuse units that are unreasonably large.

    Raises:
        EngineError: a number of units is out of range.
    """
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if throughput[member] > MAX_UNITS:
            raise invalid(f"Given value {throughput[member]} for {member} is out of bounds")


def check_quota(
    throughput: Mapping[str, int] | None, region: str, index_name: str | None = None
) -> None:
    """Refuse units above the account's quota for a table or an index.

    Raises:
        EngineError: `LimitExceededException`.
    """
    place, of_index = ("table", "") if index_name is None else ("index", f" for index {index_name}")
    for member, units in (throughput or {}).items():
        if units > MAX_TABLE_UNITS:
            raise EngineError(
                "LimitExceededException",
                f"The requested {member}{of_index}, {units}, is above the per {place} maximum for"
                f" the account in {region}. Per {place} maximum: {MAX_TABLE_UNITS}. Refer to the"
                " Amazon DynamoDB Developer Guide for current limits and how to request higher"
                " limits.",
            )


def check_new_index_throughput(
    index_name: str, billing_mode: str, throughput: Mapping[str, int] | None
) -> None:
    """Refuse a `ProvisionedThroughput` of a new table's index that contradicts the billing mode.

    Raises:
        EngineError: the throughput contradicts the billing mode.
    """
    if billing_mode == "PAY_PER_REQUEST":
        if throughput is not None:
            raise invalid_value(
                f"ProvisionedThroughput should not be specified for index: {index_name} when"
                " BillingMode is PAY_PER_REQUEST"
            )
    elif throughput is None:
        raise invalid_value(f"ProvisionedThroughput is not specified for index: {index_name}")


def check_on_demand(
    request: Mapping[str, Any],
    billing_mode: str,
    region: str,
    *,
    index_name: str | None = None,
    is_new: bool,
) -> None:
    """Refuse an `OnDemandThroughput` that contradicts the billing mode or is out of range.

    Args:
        request: the request, or a global index in one, that has the member.
        billing_mode: the billing mode of the table.
        region: the region, for the message about the quota.
        index_name: the name of the index; None for the table.
        is_new: whether the table or index is being created. Then -1, which removes a limit, is not
            allowed.

    Raises:
        EngineError: the throughput contradicts the billing mode, or is out of range.
    """
    limits = {
        member: request["OnDemandThroughput"][member]
        for member in ("MaxReadRequestUnits", "MaxWriteRequestUnits")
        if member in request.get("OnDemandThroughput", {})
    }
    if not limits:
        return
    if billing_mode == "PROVISIONED":
        of_index = "" if index_name is None else f" for index: {index_name}"
        table, stop = ("table", ".") if is_new else ("the table", "")
        raise invalid_value(
            f"{next(iter(limits))} for OnDemandThroughput{of_index} cannot be specified when"
            f" {table} BillingMode is PROVISIONED{stop}"
        )
    place = "table" if index_name is None else f"index : {index_name}"
    for member, units in limits.items():
        if units < 1 and (is_new or units != -1):
            raise invalid_value(
                f"Requested {member} for OnDemandThroughput for {place} is outside of valid range"
            )
        if units > MAX_TABLE_UNITS:
            side = "Read" if "Read" in member else "Write"
            raise EngineError(
                "LimitExceededException",
                f"Subscriber limit exceeded: Requested {member} for OnDemandThroughput for {place}"
                f" exceeds TableMax{side}CapacityUnits of the account in region {region}",
            )


def check_new_warm(
    request: Mapping[str, Any], billing_mode: str, *, index_name: str | None = None
) -> None:
    """Refuse a `WarmThroughput` of a new table or index below what it always has.

    Args:
        request: the request, or a global index in one, that has the member.
        billing_mode: the billing mode of the table.
        index_name: the name of the index; None for the table.

    Raises:
        EngineError: the warm throughput is below that minimum.
    """
    warm = request.get("WarmThroughput", {})
    place = "table" if index_name is None else f"index {index_name}"
    for side, initial in (("Read", INITIAL_WARM_READ_UNITS), ("Write", INITIAL_WARM_WRITE_UNITS)):
        units = warm.get(f"{side}UnitsPerSecond")
        if units is None:
            continue
        why = ""
        if billing_mode == "PAY_PER_REQUEST":
            if units < initial:
                why = f"initial throughput for OnDemand. See: {INITIAL_THROUGHPUT_PAGE}"
        elif units < request.get("ProvisionedThroughput", {}).get(f"{side}CapacityUnits", 0):
            why = f"{side}CapacityUnits of ProvisionedThroughput"
        if why:
            raise invalid_value(
                f"Requested {side}UnitsPerSecond for WarmThroughput for {place} is lower than {why}"
            )


def check_warm_grows(
    warm: Mapping[str, int], current: tuple[int, int], *, index_name: str | None = None
) -> None:
    """Refuse a `WarmThroughput` below the current one.

    Args:
        warm: the member of the request.
        current: the current read and write units.
        index_name: the name of the index; None for the table.

    Raises:
        EngineError: the warm throughput is below the current one.
    """
    place = "table" if index_name is None else f"index {index_name}"
    for side, units in zip(("Read", "Write"), current, strict=True):
        if warm.get(f"{side}UnitsPerSecond", units) < units:
            raise invalid_value(
                f"Requested {side}UnitsPerSecond for WarmThroughput for {place} is lower than"
                " current WarmThroughput, decreasing WarmThroughput is not supported"
            )
