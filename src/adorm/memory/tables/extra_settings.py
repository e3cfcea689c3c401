"""Internal: the settings that `TableDefinition.extras` can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Named:
    """An object whose members have any names and one form."""

    form: Any


@attrs.frozen
class Digits:
    """Text of digits, not more than a whole number of 64 bits has."""

    most: int = 19


Form = type[Any] | dict[str, Any] | list[Any] | Named | Digits
"""What JSON has to look like: a type; an object with at least these members; a list whose elements
are all of one form; `Named`; or `Digits`."""

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
"""Each setting's name, and its form in JSON."""
