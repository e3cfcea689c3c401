"""Reading the pages of several partitions, one partition after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.calls.capacity import Capacity
from adorm.dynamodb.values import AttributeMap
from adorm.query.page_reader import PageReader, RawPage
from adorm.query.partition_reads import PartitionRead, partition_number


class PartitionReader:
    """Reads the pages of several partitions, one partition after the other, as a `PageReader`.

    Its positions are start keys; the beginning of a partition is just its partition key.

    Args:
        partitions: in the order in which they are read.
        attribute_name: the name of the partition key.
    """

    def __init__(
        self,
        partitions: Sequence[PartitionRead[Any]],
        attribute_name: str,
        *,
        most_items: int | None,
        start_key: AttributeMap | None = None,
        capacity: Capacity | None = None,
    ) -> None:
        self._partitions = partitions
        self._attribute_name = attribute_name
        self._left = most_items
        self._capacity = capacity
        self._number = 0
        self.last_key = start_key
        """Where the next page begins; None before the first page and after the last."""
        self.is_done = most_items == 0
        """Whether there is no further page."""
        self.page_number = 0
        """The number of the partition that the last page is from."""
        self._reports_capacity = False
        if start_key is not None:
            self._number = partition_number(partitions, attribute_name, start_key) or 0
            if start_key.keys() == {attribute_name}:
                start_key = None
        self._reader: PageReader | None = self._open(start_key)

    def _open(self, start_key: AttributeMap | None = None) -> PageReader:
        reader = PageReader(
            self._partitions[self._number].read,
            most_items=self._left,
            start_key=start_key,
            capacity=self._capacity,
        )
        if self._reports_capacity:
            reader.report_capacity()
        return reader

    def report_capacity(self) -> None:
        """Ask DynamoDB what each request consumes."""
        self._reports_capacity = True
        if self._reader is not None:
            self._reader.report_capacity()

    def request(self) -> dict[str, Any]:
        """The request for the next page."""
        return (self._reader or self._open()).request()

    async def next(self) -> RawPage | None:
        """The next page, which may be empty; None after the last."""
        if self.is_done:
            return None
        reader = self._reader = self._reader or self._open()
        page = await reader.next()
        if page is None:
            return None
        self.page_number = self._number
        if self._left is not None:
            self._left -= page.count
        self.last_key = reader.last_key
        self.is_done = self._left == 0
        if reader.last_key is None:
            if self._number + 1 == len(self._partitions):
                self.is_done = True
            else:
                self._number += 1
                self.last_key = {self._attribute_name: {"S": self._partitions[self._number].text}}
                self._reader = None
        return page

    def count_left_out(self, items: int) -> None:
        """Give that many items more: so many of the last page were not given after all."""
        if self._left is not None:
            self._left += items
            self.is_done = self.last_key is None
            if self._reader is not None:
                self._reader.count_left_out(items)
