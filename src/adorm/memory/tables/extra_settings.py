"""Internal: the settings that `TableDefinition.extras` can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Named:
    """An object with any member names, whose members have one form."""

    form: Any


@attrs.frozen
class Digits:
    """Text of digits, for a whole number of at most 64 bits."""

    most: int = 19


Form = type[Any] | dict[str, Any] | list[Any] | Named | Digits
"""The form of a JSON value: a type; an object with at least these members; a list whose elements
have one form; `Named`; or `Digits`."""

_POLICY: Form = {"Policy": str, "RevisionId": Digits()}

EXTRAS: Mapping[str, Form] = {
    "ContributorInsights": Named({"Enabled": bool, "Mode": str, "UpdatedAt": float}),
    "GlobalTableSettingsReplicationMode": str,
    "GlobalTableVersion": str,
    "KinesisDataStreamDestinations": [{"StreamArn": str, "DestinationStatus": str}],
    "LatestStreamArn": str,
    "LatestStreamLabel": str,
    "PointInTimeRecovery": {"RecoveryPeriodInDays": int},
    "Replicas": [{"RegionName": str}],
    "ResourcePolicy": _POLICY,
    "RestoreSummary": dict,
    "StreamResourcePolicy": _POLICY,
}
"""The JSON form of each setting, by its name."""
