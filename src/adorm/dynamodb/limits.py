"""The limits of DynamoDB, each with its unit and the AWS page that it comes from.

Two pages hold most of them:

- Quotas: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
- Constraints: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

Limits of our own stay in the modules that need them.
"""

from __future__ import annotations

# Items and values: Constraints, "Items", "Attributes" and "Data types".

MAX_ITEM_BYTES = 400 * 1024
"""The largest item: attribute names in UTF-8, and values."""
MAX_NESTING = 32
"""The deepest nesting of lists and maps; the item itself is the first level. A document path has
as many levels at most."""
MAX_NUMBER_DIGITS = 38
"""The significant digits of a number."""
MAX_NUMBER_EXPONENT = 125
"""The exponent of the largest numbers, 9.99...e125, as `Decimal.adjusted()` counts it."""
MIN_NUMBER_EXPONENT = -130
"""The exponent of the numbers nearest to zero, 1e-130, as `Decimal.adjusted()` counts it."""

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
"""The attributes that the indexes of a table include beside their keys, all indexes together."""

# Expressions: Constraints, "Expression parameters".

MAX_EXPRESSION_BYTES = 4096
"""The longest expression text, in UTF-8."""
MAX_EXPRESSION_OPERATORS = 300
"""The operators and functions in one expression."""
MAX_IN_OPERANDS = 100
"""The operands on the right side of IN."""

# Requests: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html

MAX_LIMIT = 2**31 - 1
"""The largest `Limit` of a Query or Scan: a 32-bit integer."""
PAGE_BYTES = 1024 * 1024
"""What one page of a Query or Scan reads at most.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""
MAX_GET_KEYS = 100
"""The keys of one BatchGetItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
MAX_WRITE_REQUESTS = 25
"""The puts and deletes of one BatchWriteItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
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

# Capacity: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

READ_UNIT_BYTES = 4096
"""What one read unit reads with strong consistency; with eventual consistency it is twice this."""
WRITE_UNIT_BYTES = 1024
"""What one write unit writes."""

# Changes of a table. Quotas, "Table limits" and "Read/write capacity mode".

TTL_CHANGE_S = 3600.0
"""Seconds after a change of a table's time to live in which DynamoDB refuses another one.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""
MAX_ON_DEMAND_SWITCHES = 4
"""The changes of a table from provisioned capacity to on demand in 24 hours.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"""
MAX_CLASS_CHANGES = 2
"""The changes of a table's class in 30 days.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TableClasses.html"""
MAX_RECOVERY_DAYS = 35
"""The days that point-in-time recovery reaches back, and its default; the least is one day.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html"""
MAX_TAGS = 50
"""The tags of a table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html"""
MAX_TAG_KEY_CHARACTERS = 128
"""The longest key of a tag. The same page."""
MAX_TAG_VALUE_CHARACTERS = 256
"""The longest value of a tag. The same page."""
MAX_TABLE_NAMES = 100
"""The names in one answer of ListTables.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html"""
