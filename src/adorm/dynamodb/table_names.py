"""Names and ARNs of tables."""

from __future__ import annotations

from adorm.errors import UsageError


def is_arn(name: str) -> bool:
    """Whether the name is an ARN: `arn:aws:dynamodb:eu-central-1:111122223333:table/orders`."""
    return name.startswith("arn:")


def plain_name(name: str) -> str:
    """The table's name without the rest of its ARN; a name that is no ARN as it is."""
    return name.partition(":table/")[2].partition("/")[0] if is_arn(name) else name


def check_table_name(name: object) -> str:
    """The name, if DynamoDB takes it: 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-`, `.`, or an ARN.

    An ARN names a table of another account, whose resource policy has to allow the access.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html

    Raises:
        UsageError: DynamoDB does not take it.
    """
    if not isinstance(name, str):
        raise UsageError(f"a table's name is text, not {name!r}")
    if is_arn(name):
        return _check_arn(name)
    letters = name.replace("_", "").replace("-", "").replace(".", "")
    if not (3 <= len(name) <= 255 and name.isascii() and (letters.isalnum() or not letters)):
        raise UsageError(
            f"{name!r} can't be a table's name: "
            "it has 3 to 255 letters (a-z, A-Z), digits, '_', '-' and '.'"
        )
    return name


def _check_arn(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) == 6:
        _, partition, service, region, account, resource = parts
        kind, _, name = resource.partition("/")
        if (
            partition
            and service == "dynamodb"
            and region
            and account.isdecimal()
            and kind == "table"
            and "/" not in name
        ):
            check_table_name(name)
            return arn
    raise UsageError(
        f"{arn!r} is no table's ARN, which is arn:aws:dynamodb:REGION:ACCOUNT:table/NAME; "
        "an ARN of an index, of a stream or of another service is not taken"
    )
