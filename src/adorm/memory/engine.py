"""The engine's one entrance: an operation and its request, to the answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from adorm.memory.database import Database
from adorm.memory.error_wording import final_refusal
from adorm.memory.errors import EngineError, Wording
from adorm.memory.failures import log_failure
from adorm.memory.items.time_to_live import remove_expired
from adorm.memory.operations.handlers import HANDLERS
from adorm.memory.options import EngineOptions, check_account, check_region
from adorm.memory.shapes.check import check
from adorm.memory.snapshots.snapshot import restore, snapshot
from adorm.memory.values.canonical import canonical_item

logger = logging.getLogger("adorm.memory")

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"


class Engine:
    """A strict DynamoDB inside the process: several accounts and regions, each with its own tables.

    Calls are synchronous and one at a time, so each is atomic. An engine belongs to one thread.

    Args:
        wording: "new" for the messages of today's us-east-1, "old" for those of regions that keep
            the earlier words.
        now: seconds since 1970.
        table_delay_s: how long tables stay CREATING, UPDATING and DELETING. With 0 CreateTable's
            answer says CREATING, as the service's does, and the next look ACTIVE. With None its
            answer says ACTIVE already, so that nobody has to look again.
        throttle_above: read and write units a second above which a table throttles; None for never.
        stream_shards: how many shards a table's stream begins with.

    Raises:
        ValueError: an option is none that the engine can have; the text says which, and why.
    """

    def __init__(
        self,
        *,
        wording: Wording = "new",
        now: Callable[[], float] = time.time,
        table_delay_s: float | None = None,
        throttle_above: tuple[float, float] | None = None,
        stream_shards: int = 1,
    ) -> None:
        self.options = EngineOptions(
            wording=wording,
            now=now,
            made_at_once=table_delay_s is None,
            table_delay_s=0.0 if table_delay_s is None else table_delay_s,
            throttle_above=throttle_above,
            stream_shards=stream_shards,
        )
        self._databases: dict[tuple[str, str], Database] = {}

    @property
    def wording(self) -> Wording:
        """Which of the service's two sets of messages is used."""
        return self.options.wording

    def call(
        self,
        operation: str,
        request: Mapping[str, Any],
        *,
        account: str = DEFAULT_ACCOUNT,
        region: str = DEFAULT_REGION,
    ) -> dict[str, Any]:
        """Carry out one operation.

        Args:
            operation: "GetItem", "DescribeStream", ...
            request: the parameters as JSON has them; B may be `bytes` or base64 text.
            account: twelve digits.
            region: `eu-central-1`.

        Returns:
            The answer as JSON has it, B as base64 text. It is the caller's, and shares nothing with
            what is stored.

        Raises:
            EngineError: the service's refusal; `InternalServerError` where the engine itself is at
                fault, with the error that it met as its cause.
            ValueError: the account is not of twelve digits, or the region is no name.
        """
        handler = HANDLERS.get(operation)
        if handler is None:
            raise EngineError("UnknownOperationException", "")
        kept = self._databases.get((account, region))
        database = self._new_database(account, region) if kept is None else kept
        try:
            checked = check(operation, request, self.options.wording)
            database.begin_call()
            return handler(database, checked)
        except EngineError as error:
            raise final_refusal(operation, request, error) from error.__cause__
        except Exception as error:
            log_failure(logger, operation, error)
            raise EngineError("InternalServerError", "Internal server error") from error
        finally:
            database.end_call()
            if kept is None and not database.is_empty():
                self._databases[account, region] = database

    def database(self, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> Database:
        """The tables of one account in one region, made at first use.

        Raises:
            ValueError: the account is not of twelve digits, or the region is no name.
        """
        found = self._databases.get((account, region))
        if found is None:
            found = self._databases[account, region] = self._new_database(account, region)
        return found

    def _new_database(self, account: str, region: str) -> Database:
        check_account(account)
        check_region(region)
        return Database(self.options, account, region)

    @contextmanager
    def hold(
        self,
        table_name: str,
        key: Mapping[str, Any],
        *,
        account: str = DEFAULT_ACCOUNT,
        region: str = DEFAULT_REGION,
    ) -> Generator[None]:
        """Inside the block an item counts as taken by a transaction that is under way.

        Writes of it fail with `TransactionConflictException`, and transactions that touch it are
        cancelled for a `TransactionConflict`. The item need not exist.

        Args:
            table_name: the name or the ARN of a table.
            key: `{"pk": {"S": "a"}}`.
            account: twelve digits.
            region: `eu-central-1`.

        Raises:
            EngineError: there is no such table, or the key is not one of it.
            ValueError: the account is not of twelve digits, or the region is no name.
        """
        named = check("GetItem", {"TableName": table_name, "Key": key}, self.options.wording)
        database = self.database(account, region)
        table = database.data_table(named["TableName"])
        canonical = canonical_item(named["Key"])
        table.schema.check_key(canonical)
        with database.hold(table.name, table.schema.position(canonical)):
            yield

    def remove_expired(self) -> int:
        """Remove the items whose time to live passed, in all accounts and regions.

        Returns:
            How many there were.
        """
        return sum(remove_expired(each) for each in self._databases.values())

    def snapshot(self) -> dict[str, Any]:
        """Every table with its items, as JSON can hold it; for `restore`."""
        return snapshot(self._databases.values())

    def restore(self, content: Mapping[str, Any]) -> None:
        """Put the tables of a snapshot in the place of all that there are.

        Raises:
            ValueError: it is no snapshot.
        """
        self._databases = {
            (each.account, each.region): each for each in restore(content, self.options)
        }
