"""Internal: one record of a stream, in its stored form and as GetRecords returns it.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from adorm.memory.values.canonical import Item
from adorm.memory.values.sizes import item_bytes

NEW_IMAGE_VIEWS = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})
"""The view types whose records hold the item as it stands after the change."""

OLD_IMAGE_VIEWS = frozenset({"OLD_IMAGE", "NEW_AND_OLD_IMAGES"})
"""The view types whose records hold the item as it stood before the change."""

TIME_TO_LIVE_IDENTITY = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
"""The `userIdentity` of a removal by time to live.

GetRecords writes these names with capitals, as in the API's model; SDKs silently drop other names.
An event of AWS Lambda has `principalId` and `type`, as in the developer guide.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html"""


class Record(NamedTuple):
    """One change of one item in its stored form, which is small.

    The members of a number set are in the order of their values. The service orders them by a hash.
    """

    number: int
    """The number of the record in the stream; `Stream.sequence_number` makes `SequenceNumber` of
    it."""
    made_at: float
    """Seconds since 1970."""
    event_name: str
    """INSERT, MODIFY or REMOVE."""
    keys: bytes
    """The key attributes as JSON."""
    new_image: bytes | None
    old_image: bytes | None
    expired: bool
    """Whether time to live removed the item."""

    def content(self, view_type: str, sequence_number: str) -> dict[str, Any]:
        """Return the member `dynamodb` of the record as a new copy.

        `SizeBytes` counts the key attributes and the images as the sizes of items are counted.
        `ApproximateCreationDateTime` is rounded down to the second.
        """
        keys: Item = orjson.loads(self.keys)
        size = item_bytes(keys)
        content: dict[str, Any] = {
            "ApproximateCreationDateTime": int(self.made_at),
            "Keys": keys,
        }
        for name, image in (("NewImage", self.new_image), ("OldImage", self.old_image)):
            if image is not None:
                item: Item = orjson.loads(image)
                size += item_bytes(item)
                content[name] = item
        content["SequenceNumber"] = sequence_number
        content["SizeBytes"] = size
        content["StreamViewType"] = view_type
        return content
