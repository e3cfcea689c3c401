"""Internal: the handler of each operation, by the name of the operation in the API."""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.database import Handler
from adorm.memory.operations.batch_get_item import batch_get_item
from adorm.memory.operations.batch_write_item import batch_write_item
from adorm.memory.operations.control_plane import CONTROL_PLANE
from adorm.memory.operations.get_item import get_item
from adorm.memory.operations.partiql import PARTIQL_OPERATIONS
from adorm.memory.operations.query import query
from adorm.memory.operations.scan import scan
from adorm.memory.operations.single_writes import delete_item, put_item, update_item
from adorm.memory.operations.streams import STREAM_OPERATIONS
from adorm.memory.operations.transact_get_items import transact_get_items
from adorm.memory.operations.transact_write_items import transact_write_items

HANDLERS: Mapping[str, Handler] = {
    "BatchGetItem": batch_get_item,
    "BatchWriteItem": batch_write_item,
    "DeleteItem": delete_item,
    "GetItem": get_item,
    "PutItem": put_item,
    "Query": query,
    "Scan": scan,
    "TransactGetItems": transact_get_items,
    "TransactWriteItems": transact_write_items,
    "UpdateItem": update_item,
    **CONTROL_PLANE,
    **PARTIQL_OPERATIONS,
    **STREAM_OPERATIONS,
}
