"""Internal: resource-based policies, which the engine keeps and returns, and does not enforce."""

from __future__ import annotations

from adorm.memory.errors import invalid_value
from adorm.memory.limits import MAX_POLICY_BYTES
from adorm.memory.storage.definitions import TableDefinition

POLICY = "ResourcePolicy"
"""Under this name `TableDefinition.extras` keeps a policy, `{"Policy": ..., "RevisionId": ...}`."""

STREAM_POLICY = "StreamResourcePolicy"


def set_policy(
    definition: TableDefinition, policy: str, now: float, *, kept_as: str = POLICY
) -> str:
    """Attach a policy to a table or its stream.

    Returns:
        Its revision id: milliseconds since 1970, so that later ones are greater. The same policy
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
