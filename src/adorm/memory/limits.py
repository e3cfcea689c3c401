"""Internal: the limits of DynamoDB that the engine keeps, each with its unit and its AWS page.

The engine knows nothing of the rest of adorm, so it has its own list. A test holds the names that
this module and `adorm.dynamodb.limits` share to the same values.

Two pages hold most of the limits:

- Quotas: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
- Constraints: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

Limits of the engine's own and of its server stay in the modules that need them.
"""

from __future__ import annotations

# Items and values: Constraints, "Items", "Attributes" and "Data types".

MAX_ITEM_BYTES = 400 * 1024
"""The largest item: attribute names in UTF-8, and values."""
MAX_ATTRIBUTE_NAME_BYTES = 65_535
"""The longest attribute name, in UTF-8.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""
MAX_NESTING = 32
"""The deepest nesting of lists and maps; the item itself is the first level. A document path has
as many levels at most."""
MAX_NUMBER_DIGITS = 38
"""The significant digits of a number."""
MAX_NUMBER_EXPONENT = 125
"""The exponent of the largest numbers, 9.99...e125, as `Decimal.adjusted()` counts it."""
MIN_NUMBER_EXPONENT = -130
"""The exponent of the numbers nearest to zero, 1e-130, as `Decimal.adjusted()` counts it."""

# Names of tables and indexes: Constraints, "Tables" and "Naming rules".

MIN_TABLE_NAME_CHARACTERS = 3
"""The shortest name of a table or an index."""
MAX_TABLE_NAME_CHARACTERS = 255
"""The longest name of a table or an index."""
MAX_ARN_CHARACTERS = 1024
"""The longest ARN of a table.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html"""

# Keys and indexes: Constraints, "Partition keys and sort keys" and "Secondary indexes".

MAX_PARTITION_KEY_BYTES = 2048
"""The longest partition key; text is counted in UTF-8."""
MAX_SORT_KEY_BYTES = 1024
"""The longest sort key; text is counted in UTF-8."""
MAX_GLOBAL_INDEXES = 20
"""The global secondary indexes of a table."""
MAX_LOCAL_INDEXES = 5
"""The local secondary indexes of a table."""
MAX_INDEX_KEY_ATTRIBUTES = 4
"""The attributes on either side of a global index's key.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
"""
MAX_PROJECTED_ATTRIBUTES = 100
"""The `NonKeyAttributes` of all indexes of a table together. An attribute that two indexes project
counts twice."""

# Expressions: Constraints, "Expression parameters".

MAX_EXPRESSION_BYTES = 4096
"""The longest expression text, in UTF-8."""
MAX_EXPRESSION_OPERATORS = 300
"""The operators and functions in one expression, or in the condition of one statement."""
MAX_IN_OPERANDS = 100
"""The operands on the right side of IN."""
MAX_PLACEHOLDER_BYTES = 255
"""The longest placeholder, such as `#name` or `:value`, in UTF-8."""
MAX_PLACEHOLDERS_BYTES = 2 * 1024 * 1024
"""The size of all `ExpressionAttributeNames` together, and of all `ExpressionAttributeValues`."""
MAX_LIST_INDEX = 2**31 - 1
"""The largest index of a list in a document path: a 32-bit integer."""

# Requests: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html

PAGE_BYTES = 1024 * 1024
"""What one page of a Query or Scan reads at most, before any filter.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""
MAX_GET_KEYS = 100
"""The keys of one BatchGetItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
MAX_BATCH_GET_BYTES = 16 * 1024 * 1024
"""The items that one BatchGetItem returns. The same page."""
MAX_WRITE_REQUESTS = 25
"""The puts and deletes of one BatchWriteItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
MAX_BATCH_WRITE_BYTES = 16 * 1024 * 1024
"""The items that one BatchWriteItem puts, all together. The same page."""
MAX_TRANSACTION_ACTIONS = 100
"""The operations of one TransactWriteItems, or the gets of one TransactGetItems.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
"""The items of one transaction, all together. The same page."""
MAX_TOKEN_CHARACTERS = 36
"""The longest `ClientRequestToken`. The same page."""
TOKEN_LIFE_S = 600.0
"""Seconds for which DynamoDB knows a `ClientRequestToken`, counted from the end of the request that
came first with it. The same page."""
MAX_STATEMENT_CHARACTERS = 8192
"""The longest PartiQL statement.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html"""
MAX_STATEMENTS = 25
"""The statements of one BatchExecuteStatement.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html"""

# Capacity: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

READ_UNIT_BYTES = 4096
"""What one read unit reads with strong consistency; with eventual consistency it is twice this."""
WRITE_UNIT_BYTES = 1024
"""What one write unit writes."""
MAX_TABLE_UNITS = 40_000
"""The provisioned units of one table or global index, of read and of write units.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#default-limits-throughput
"""
MAX_ACCOUNT_UNITS = 80_000
"""The provisioned units of all tables of an account in a region, of read and of write units. The
same page."""
FREE_DECREASES = 4
"""The decreases of provisioned throughput that a UTC day allows at any time. After them one
decrease is allowed each `SECONDS_BETWEEN_DECREASES`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#decreasing-provisioned-throughput
"""
SECONDS_BETWEEN_DECREASES = 3600
"""See `FREE_DECREASES`."""

ENDPOINT_CACHE_MINUTES = 1440
"""Minutes for which a client may keep the answer of DescribeEndpoints.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html"""

TTL_CHANGE_S = 3600.0
"""Seconds after a change of a table's time to live in which DynamoDB refuses another one.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""
MAX_ON_DEMAND_SWITCHES = 4
"""The changes of a table from provisioned capacity to on demand in 24 hours.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"""
ON_DEMAND_SWITCHES_WINDOW_S = 24 * 3600.0
"""See `MAX_ON_DEMAND_SWITCHES`."""
MAX_CLASS_CHANGES = 2
"""The changes of a table's class in 30 days.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TableClasses.html"""
CLASS_CHANGES_WINDOW_S = 30 * 24 * 3600.0
"""See `MAX_CLASS_CHANGES`."""

# Streams: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html

STREAM_RETENTION_S = 24 * 60 * 60
"""Seconds for which records, closed shards and streams that are turned off can be read."""
ITERATOR_LIFE_S = 15 * 60
"""Seconds for which a shard iterator can be used.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html"""
MAX_STREAMS = 100
"""The streams that one ListStreams returns.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html"""
MAX_SHARDS = 100
"""The shards that one DescribeStream returns.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html"""
MAX_RECORDS = 1000
"""The records that one GetRecords returns.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html"""
MAX_RECORDS_BYTES = 1024 * 1024
"""The records that one GetRecords returns, in bytes. The same page."""

# Settings of a table.

MAX_TABLE_NAMES = 100
"""The names in one answer of ListTables.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html"""
MAX_TAGS = 50
"""The tags of a table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html"""
MAX_TAG_KEY_CHARACTERS = 128
"""The longest key of a tag. The same page."""
MAX_TAG_VALUE_CHARACTERS = 256
"""The longest value of a tag. The same page."""
MAX_POLICY_BYTES = 20_480
"""The longest resource-based policy.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html"""
MAX_RECOVERY_DAYS = 35
"""The days that point-in-time recovery reaches back, and its default.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html"""
