"""Internal: the words of PartiQL: keywords, operators with their precedence, names of types.

DynamoDB supports a part of the language, which https://partiql.org/ describes.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-operators.html
"""

from __future__ import annotations

from collections.abc import Mapping

WORD_OPERATORS = frozenset(
    ["and", "or", "not", "is", "in", "like", "between", "union", "except", "intersect"]
)
"""Operators that are written as words."""

OWN_TOKENS = frozenset(["as", "at", "by", "for", "asc", "desc", "nulls", "first", "last"])
"""Words that are neither names nor keywords. The grammar allows each at one position, never as a
term."""

KEYWORDS = frozenset(
    """
    absolute action add all allocate alter any are assertion authorization avg bag begin bigint
    bit bit_length blob bool boolean can_cast can_lossless_cast cascade cascaded case cast
    catalog char char_length character character_length check clob close coalesce collate
    collation column commit conflict connect connection constraint constraints continue convert
    corresponding count create cross current current_date current_time current_timestamp
    current_user cursor date date_add date_diff deallocate dec decimal declare default
    deferrable deferred delete describe descriptor diagnostics disconnect distinct do domain
    double drop else end escape exception exec execute exists external extract fetch float
    foreign found from full get global go goto grant group having identity immediate index
    indicator initially inner input insensitive insert int int2 int4 int8 integer integer2
    integer4 integer8 interval into isolation join key language left let level limit list local
    lower match max min modified module names national natural nchar new next no nothing nullif
    numeric octet_length of offset old on only open option order outer output overlaps pad
    partial pivot position precision prepare preserve primary prior privileges procedure public
    read real references relative remove restrict returning revoke right rollback rows schema
    scroll section select session session_user set sexp size smallint some space sql sqlcode
    sqlerror sqlstate string struct substring sum symbol system_user table temporary then time
    timestamp to transaction translate translation trim tuple unique unknown unpivot update
    upper usage user using value values varchar varying view when whenever where with work write
    zone
    """.split()  # noqa: SIM905  # a list of them would be long
)
"""Words that are names only in quotes."""

KEYWORD_ALIASES: Mapping[str, str] = {
    "bigint": "integer8",
    "bool": "boolean",
    "char": "character",
    "dec": "decimal",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer4",
    "int8": "integer8",
    "integer2": "smallint",
    "varchar": "character_varying",
}

MERGED_WORDS: Mapping[tuple[str, str], str] = {
    ("all", "new"): "all_new",
    ("all", "old"): "all_old",
    ("character", "varying"): "character_varying",
    ("double", "precision"): "double_precision",
    ("insert", "into"): "insert_into",
    ("is", "not"): "is_not",
    ("modified", "new"): "modified_new",
    ("modified", "old"): "modified_old",
    ("not", "between"): "not_between",
    ("not", "in"): "not_in",
    ("not", "like"): "not_like",
}
"""Pairs of words that count as one word."""

OR, AND, NOT, EQUALITY, COMPARISON, ADDITION, MULTIPLICATION = range(10, 80, 10)
SELECT = 6
"""The precedence of SELECT. Only operators above it belong to an expression inside a SELECT."""

INFIX: Mapping[str, int] = {
    "union": 5,
    "except": 5,
    "intersect": 5,
    "or": OR,
    "and": AND,
    **dict.fromkeys(["=", "<>", "is", "is_not", "in", "not_in"], EQUALITY),
    **dict.fromkeys(["<", "<=", ">", ">="], COMPARISON),
    **dict.fromkeys(["between", "not_between", "like", "not_like"], COMPARISON),
    **dict.fromkeys(["+", "-", "||"], ADDITION),
    **dict.fromkeys(["*", "/", "%"], MULTIPLICATION),
}
"""Operators between two operands, and their precedence."""

FUNCTION_KEYWORDS = frozenset(
    """
    exists count avg max min sum char_length character_length octet_length bit_length upper
    lower size sexp list bag substring trim extract date_add date_diff cast can_cast
    can_lossless_cast nullif coalesce
    """.split()  # noqa: SIM905  # a list of them would be long
)
"""Keywords that are the name of a function if a parenthesis follows."""

TYPES: Mapping[str, tuple[str, int]] = {
    "any": ("AnyType", 0),
    "bag": ("BagType", 0),
    "blob": ("BLOB", 0),
    "boolean": ("BOOLEAN", 0),
    "character": ("CharacterType", 1),
    "character_varying": ("CharacterVaryingType", 1),
    "clob": ("ClobType", 0),
    "date": ("DateType", 0),
    "decimal": ("DecimalType", 2),
    "double_precision": ("DoublePrecisionType", 0),
    "float": ("FloatType", 1),
    "integer": ("IntegerType", 0),
    "integer4": ("Integer4Type", 0),
    "integer8": ("Integer8Type", 0),
    "list": ("LIST", 0),
    "missing": ("MISSING", 0),
    "null": ("NULL", 0),
    "numeric": ("NUMERIC", 2),
    "real": ("RealType", 0),
    "sexp": ("SexpType", 0),
    "smallint": ("SmallintType", 0),
    "string": ("STRING", 0),
    "struct": ("STRUCT", 0),
    "symbol": ("SymbolType", 0),
    "time": ("TimeType", 1),
    "timestamp": ("TimestampType", 0),
    "tuple": ("TUPLE", 0),
}
"""The types that may follow IS: the name in messages, and how many numbers in parentheses it takes.
"""

TYPE_TAGS: Mapping[str, str] = {
    "BLOB": "B",
    "BOOLEAN": "BOOL",
    "LIST": "L",
    "NULL": "NULL",
    "NUMERIC": "N",
    "STRING": "S",
    "STRUCT": "M",
    "TUPLE": "M",
}
"""The types other than MISSING that IS can test in DynamoDB, and the tags of their values."""

CONDITION_FUNCTIONS = frozenset(
    [
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
        "contains",
        "size",
    ]
)
"""The functions that a WHERE clause may call."""
