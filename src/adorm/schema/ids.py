"""`uuid7`: ids that sort by the time at which they were made.

ULIDs and KSUIDs come from packages of their own: `attribute(factory=lambda: str(ULID()))`.
"""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A UUID of version 7: 48 bits of milliseconds since 1970, then 74 random bits.

    The UUIDs, and their texts, sort by the millisecond in which they were made.

    https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
    """
    milliseconds = time.time_ns() // 1_000_000
    random_a, random_b = secrets.randbits(12), secrets.randbits(62)
    return UUID(
        int=(milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | random_b
    )
