"""Internal: resource-based policies. The engine stores and returns them without enforcing them."""

from __future__ import annotations

from adorm.memory.errors import invalid_value
from adorm.memory.limits import MAX_POLICY_BYTES
from adorm.memory.storage.definitions import TableDefinition

POLICY = "ResourcePolicy"
"""The key of a policy in `TableDefinition.extras`: `{"Policy": ..., "RevisionId": ...}`."""

STREAM_POLICY = "StreamResourcePolicy"


def set_policy(
    definition: TableDefinition, policy: str, now: float, *, kept_as: str = POLICY
) -> str:
    """Attach a policy to a table or its stream.

    Returns:
        The revision id: milliseconds since 1970, so that later ids are greater. The same policy
            keeps its id.

    Raises:
        EngineError: the policy is larger than 20 KB.
    """
    if len(policy.encode()) > MAX_POLICY_BYTES:
        raise invalid_value(f"Maximum policy size of {MAX_POLICY_BYTES} bytes exceeded")
    attached = definition.extras.get(kept_as)
    if attached is None or attached["Policy"] != policy:
        last = 0 if attached is None else int(attached["RevisionId"])
        revision = max(int(now * 1000), last + 1)
        attached = definition.extras[kept_as] = {"Policy": policy, "RevisionId": str(revision)}
    revision_id: str = attached["RevisionId"]
    return revision_id
