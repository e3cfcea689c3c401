"""The engine: takes an operation with its request, and returns the answer."""

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

    Calls are synchronous and run one at a time, so each call is atomic. Use an engine from one
    thread only.

    Args:
        wording: "new" for the messages of us-east-1 since June 2026, "old" for the messages of the
            regions that keep the earlier words.
        now: a function that returns the time in seconds since 1970.
        table_delay_s: seconds for which a table stays CREATING, UPDATING or DELETING. With 0 the
            answer of CreateTable says CREATING, as the service's does, and the table is ACTIVE in
            the next call. With None the answer of CreateTable already says ACTIVE, so that nobody
            has to wait, and settings can be changed as often as one likes; the service never does
            this.
        throttle_above: read and write units a second above which a table throttles; None for never.
        stream_shards: the number of shards with which the stream of a table begins. The service
            opens one shard for each partition of the table.

    Raises:
        ValueError: an option has a value that it can't have; the text names the option and its
            range.
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
            table_delay_s=table_delay_s,
            throttle_above=throttle_above,
            stream_shards=stream_shards,
        )
        self._databases: dict[tuple[str, str], Database] = {}

    @property
    def wording(self) -> Wording:
        """Which of the service's two sets of messages the engine uses."""
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
            operation: the name in the API, such as "GetItem" or "DescribeStream".
            request: the parameters as in the JSON of the API; B may be `bytes` or base64 text.
            account: twelve digits.
            region: for example `eu-central-1`.

        Returns:
            The answer as in the JSON of the API, with B as base64 text. It belongs to the caller
            and shares nothing with what is stored.

        Raises:
            EngineError: the service's refusal; `InternalServerError` if the engine itself fails,
                with the original error as its cause.
            ValueError: the account is not twelve digits, or the region is not a name.
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
        """The tables of one account in one region; made at the first use.

        Raises:
            ValueError: the account is not twelve digits, or the region is not a name.
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
        """Hold an item inside the block, as if a transaction with it were in progress.

        Writes of the item fail with `TransactionConflictException`, and transactions with it are
        cancelled with the reason `TransactionConflict`. The item need not exist.

        Args:
            table_name: the name or the ARN of a table.
            key: for example `{"pk": {"S": "a"}}`.
            account: twelve digits.
            region: for example `eu-central-1`.

        Raises:
            EngineError: the table does not exist, or the key does not match its key schema.
            ValueError: the account is not twelve digits, or the region is not a name.
        """
        named = check("GetItem", {"TableName": table_name, "Key": key}, self.options.wording)
        database = self.database(account, region)
        table = database.data_table(named["TableName"])
        canonical = canonical_item(named["Key"])
        table.schema.check_key(canonical)
        with database.hold(table.name, table.schema.position(canonical)):
            yield

    def remove_expired(self) -> int:
        """Remove the items whose time to live has passed, in all accounts and regions.

        Returns:
            The number of removed items.
        """
        return sum(remove_expired(each) for each in self._databases.values())

    def snapshot(self) -> dict[str, Any]:
        """Return every table with its items as a JSON value; `restore` takes it back."""
        return snapshot(self._databases.values())

    def restore(self, content: Mapping[str, Any]) -> None:
        """Replace all tables with those of a snapshot.

        Raises:
            ValueError: `content` is not a snapshot.
        """
        self._databases = {
            (each.account, each.region): each for each in restore(content, self.options)
        }
