"""What is refused as a part of a key before it is sent, and the messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adorm.codec.failures import EncodeFailure, ValueFailure, brief, shown
from adorm.codec.key_parts import part_text
from adorm.dynamodb.values import AttributeValue
from adorm.errors import BadValue, UsageError
from adorm.schema.key_texts import Part, Template


def checked_text(
    part: Part,
    value: AttributeValue,
    template: Template,
    where: str,
    text_of: Callable[[Any], str] | None = None,
) -> str:
    """The text of one part, from its attribute value: `"0000000005"` of `{"N": "5"}`.

    Args:
        template: the template that the part is of.
        where: the class and the key, for messages: `Order.key`.
        text_of: what `part_text(part)` returns, where it was made before.

    Raises:
        BadValue: the text is empty, or holds the text that ends the part, or the value does not
            fit the part's format.
        UsageError: the attribute value has another tag than the part's.
    """
    subject = f"{where}: {part.field.name}"
    content = content_of(part, value, where)
    try:
        text = (text_of or part_text(part))(content)
    except EncodeFailure as failure:
        kind = BadValue if isinstance(failure, ValueFailure) else UsageError
        raise kind(f"{subject}: {failure.problem}, in {template.text}") from failure
    if not text:
        raise _is_empty(subject)
    if part.end and not part.width:
        _check_end(part, text, subject, template)
    return text


def content_of(part: Part, value: AttributeValue, where: str) -> Any:
    """What an attribute value holds under the part's tag; it is not empty.

    Raises:
        BadValue: it is empty.
        UsageError: the attribute value has another tag.
    """
    subject = f"{where}: {part.field.name}"
    if part.tag not in value:
        raise UsageError(f"{subject} is {shown(value)}, but this part of the key is {part.tag}")
    content = value[part.tag]
    if content in ("", b""):
        raise _is_empty(subject)
    return content


def _is_empty(subject: str) -> BadValue:
    return BadValue(f"{subject} is empty, and a part of a key never is")


def _check_end(part: Part, text: str, subject: str, template: Template) -> None:
    if part.end in text:
        raise BadValue(
            f"{subject}: {brief(text)} contains {part.end!r}, which ends it in {template.text}"
        )
    if (text + part.end).find(part.end) < len(text):
        raise BadValue(
            f"{subject}: the end of {brief(text)} is a beginning of {part.end!r}, which ends it "
            f"in {template.text}: the key could not be read back"
        )
