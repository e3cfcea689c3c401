"""Internal: the service's messages for faulty requests that are the same in both wordings.

Most operations report up to ten faults of their members together. Operations on one table check its
name first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from adorm.memory.limits import MAX_TABLE_NAME_CHARACTERS, MIN_TABLE_NAME_CHARACTERS
from adorm.memory.shapes.faults import at_least, at_most, fault, joined, matching, member_faults
from adorm.memory.shapes.json_types import is_arn
from adorm.memory.shapes.model import NAME_PATTERN, Request, Structure

NO_TABLE_NAME = "The parameter 'TableName' is required but was not present in the request"
BAD_LENGTH = "TableName must be at least 3 characters long and at most 255 characters long"


def explain_members(shape: Structure, sent: Request, request: Request) -> str | None:
    """All faults of the members and of the values in them."""
    return joined(member_faults(shape, request))


def explain_table_request(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a request about one table. A missing name or a wrong length is alone."""
    name = request.get("TableName")
    if name is None:
        return NO_TABLE_NAME
    if not is_arn(name) and not MIN_TABLE_NAME_CHARACTERS <= len(name) <= MAX_TABLE_NAME_CHARACTERS:
        return BAD_LENGTH
    return joined(member_faults(shape, request))


def explain_resource_request(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a request about the tags of a resource. A missing ARN is reported alone."""
    if request.get("ResourceArn") is None:
        return "Invalid TableArn"
    return joined(member_faults(shape, request))


def explain_create_table(shape: Structure, sent: Request, request: Request) -> str | None:
    """The faults of a CreateTable in the new wording: first the name, then all other members."""
    name = request.get("TableName")
    if name is None:
        return NO_TABLE_NAME
    return joined(_created_name_faults(name)) or joined(member_faults(shape, request))


def _created_name_faults(name: str) -> Iterator[str]:
    if is_arn(name):
        return
    if not re.fullmatch(NAME_PATTERN, name):
        yield fault(name, "tableName", matching(NAME_PATTERN))
    if len(name) < MIN_TABLE_NAME_CHARACTERS:
        yield fault(name, "tableName", at_least(MIN_TABLE_NAME_CHARACTERS))
    if len(name) > MAX_TABLE_NAME_CHARACTERS:
        yield fault(name, "tableName", at_most(MAX_TABLE_NAME_CHARACTERS))
