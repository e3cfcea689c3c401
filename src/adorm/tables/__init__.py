"""Tables: made from a model, compared with it, waited for, deleted."""

from adorm.tables.descriptions import IndexDescription, KeyAttribute, TableDescription
from adorm.tables.lifecycle import DEFAULT_TIMEOUT_S, create_table, delete_table, describe_table, ensure_table
from adorm.tables.requests import Billing, KeyTypes, Provisioned, check_table_name, create_table_request
from adorm.tables.watch import Connection

__all__ = [
    "DEFAULT_TIMEOUT_S",
    "Billing",
    "Connection",
    "IndexDescription",
    "KeyAttribute",
    "KeyTypes",
    "Provisioned",
    "TableDescription",
    "check_table_name",
    "create_table",
    "create_table_request",
    "delete_table",
    "describe_table",
    "ensure_table",
]
