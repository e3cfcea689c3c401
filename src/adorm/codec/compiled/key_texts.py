"""Functions that are generated for the template of a key: from items to its text, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adorm.codec.absence import is_null
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.failures import EncodeFailure, ValueFailure, shown
from adorm.codec.key_parts import canonical_content, part_content, part_text, piece_width
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import BadValue, UsageError
from adorm.schema.key_texts import Part, Template

Renderer: TypeAlias = Callable[[Mapping[str, AttributeValue]], AttributeValue | None]
Parser: TypeAlias = Callable[[str | AttributeValue], AttributeMap | None]


def make_renderer(template: Template, where: str) -> Renderer:
    """Generate the function from an item, or a part of one, to the value of the key attribute.

    It returns None where a part is absent or null. It raises `BadValue` where a part has no text:
    it is empty, holds the text that ends it, or does not fit its format. For
    `CUSTOMER#{user_name}#{order_id}` it is:

    def render(item):
        try:
            t0 = item["user_name"]["S"]
            t1 = item["order_id"]["S"]
            if t0 and "#" not in t0 and t1:
                return {"S": f"CUSTOMER#{t0}#{t1}"}
        except Exception:
            pass
        return render_fully(item)

    Args:
        where: the class and the key, for messages: `Order.key`.
    """
    texts = [part_text(part) for part in template.parts]

    def render_fully(item: Mapping[str, AttributeValue]) -> AttributeValue | None:
        return _render_fully(template, texts, where, item)

    writer = FunctionWriter("render", "item")
    writer.line("try:", 1)
    tests: list[str] = []
    pieces: list[str] = []
    for segment in template.segments:
        if isinstance(segment, str):
            pieces.append(segment.replace("{", "{{").replace("}", "}}"))
            continue
        number = len(tests)
        variable = f"t{number}"
        content = f"item[{segment.field.attribute_name!r}][{segment.tag!r}]"
        is_plain = template.alone is not None or (
            segment.kind == "plain" and segment.type == "text"
        )
        text = content if is_plain else f"{writer.name('text', texts[number])}({content})"
        writer.line(f"{variable} = {text}", 2)
        tests.append(_test_of(segment, variable))
        pieces.append(f"{{{variable}}}")
    if template.alone is not None:
        writer.line("if t0:", 2)
        writer.line(f"return item[{template.alone.attribute_name!r}]", 3)
    else:
        writer.line(f"if {' and '.join(tests) or 'True'}:", 2)
        writer.line(f'return {{"S": {_f_string(pieces)}}}', 3)
    writer.line("except Exception:", 1)
    writer.line("pass", 2)
    writer.line(f"return {writer.name('render_fully', render_fully)}(item)", 1)
    return writer.function(f"render {where}")


def _f_string(pieces: list[str]) -> str:
    return "f" + repr("".join(pieces))


def _test_of(part: Part, variable: str) -> str:
    """An expression that is true where a part's text can be told from what follows it."""
    if not part.end or part.width:
        return variable
    end = repr(part.end)
    if len(part.end) == 1:
        return f"{variable} and {end} not in {variable}"
    return f"{variable} and ({variable} + {end}).find({end}) == len({variable})"


def _render_fully(
    template: Template,
    texts: list[Callable[[Any], str]],
    where: str,
    item: Mapping[str, AttributeValue],
) -> AttributeValue | None:
    values: list[AttributeValue] = []
    for part in template.parts:
        value = item.get(part.field.attribute_name)
        if value is None or is_null(value):
            return None
        values.append(value)
    written: list[str] = []
    for part, text_of, value in zip(template.parts, texts, values, strict=True):
        subject = f"{where}: {part.field.name}"
        if part.tag not in value:
            raise UsageError(f"{subject} is stored as {shown(value)}, and its type as {part.tag}")
        if template.alone is not None:
            if not value[part.tag]:
                raise BadValue(f"{subject} is empty, and a part of a key never is")
            return value
        try:
            text = text_of(value[part.tag])
        except EncodeFailure as failure:
            kind = BadValue if isinstance(failure, ValueFailure) else UsageError
            raise kind(f"{subject}: {failure.problem}, in {template.text}") from failure
        _check(part, text, subject, template)
        written.append(text)
    parts = iter(written)
    return {
        "S": "".join(
            segment if isinstance(segment, str) else next(parts) for segment in template.segments
        )
    }


def _check(part: Part, text: str, subject: str, template: Template) -> None:
    if not text:
        raise BadValue(f"{subject} is empty, and a part of a key never is: {template.text}")
    if not part.end or part.width:
        return
    if part.end in text:
        raise BadValue(
            f"{subject}: {text!r} contains {part.end!r}, which ends it in {template.text}"
        )
    if (text + part.end).find(part.end) < len(text):
        raise BadValue(
            f"{subject}: the end of {text!r} is a beginning of {part.end!r}, which ends it in "
            f"{template.text}: the key could not be read back"
        )


def make_parser(template: Template, where: str) -> Parser:
    """The function from the text of a key, or its attribute value, to the parts' attribute values.

    It returns `{"user_name": {"S": "ada"}}`, by attribute name, without parts whose format loses
    the value; None where the text is none of the template.
    """
    contents = [part_content(part) for part in template.parts]
    texts = [part_text(part) for part in template.parts]

    def parse(key: str | AttributeValue) -> AttributeMap | None:
        pieces = _pieces(template, key)
        if pieces is None:
            return None
        found: AttributeMap = {}
        for part, content_of, piece in zip(template.parts, contents, pieces, strict=True):
            content = content_of(piece)
            if content is None:
                return None
            name = part.field.attribute_name
            if not part.loses and found.setdefault(name, {part.tag: content}) != {
                part.tag: content
            }:
                return None
        return found if _agree(template, texts, pieces, found) else None

    if template.alone is None:
        return parse
    name, tag = template.alone.attribute_name, template.tag

    def parse_alone(key: str | AttributeValue) -> AttributeMap | None:
        content = key if isinstance(key, str) else key.get(tag)
        return {name: {tag: content}} if content else None

    return parse_alone


def canonical_parts(template: Template, key: str | AttributeValue) -> AttributeMap | None:
    """The parts' attribute values, by attribute name, of which the text of a key can be made.

    It is what a parser returns, and for a part that loses its value one of the values with this
    text: for `lower` and `upper` the text itself, for a time the first moment. A shard is left out,
    and so is a time that no moment has. None where the text is none of the template.
    """
    found = make_parser(template, "")(key)
    if found is None or template.alone is not None:
        return found
    texts = [part_text(part) for part in template.parts]
    pieces = _pieces(template, key) or []
    for part, piece in zip(template.parts, pieces, strict=True):
        name = part.field.attribute_name
        if part.loses and name not in found:
            content = canonical_content(part)(piece)
            value = {name: {part.tag: content}}
            if content is not None and _agree(template, texts, pieces, value):
                found.update(value)
    return found


def _agree(
    template: Template, texts: list[Callable[[Any], str]], pieces: list[str], found: AttributeMap
) -> bool:
    """Whether parts that lose a value have the text that the value, found elsewhere, gives."""
    return all(
        text_of(found[part.field.attribute_name][part.tag]) == piece
        for part, text_of, piece in zip(template.parts, texts, pieces, strict=True)
        if part.loses and part.field.attribute_name in found
    )


def _pieces(template: Template, key: str | AttributeValue) -> list[str] | None:
    """The texts of the parts, none of them empty; None where the text is none of the template."""
    text = key if isinstance(key, str) else key.get("S")
    if not isinstance(text, str):
        return None
    pieces: list[str] = []
    position = 0
    for segment in template.segments:
        if isinstance(segment, str):
            if not text.startswith(segment, position):
                return None
            position += len(segment)
            continue
        if segment.width:
            end = position + piece_width(segment, text, position)
        else:
            end = text.find(segment.end, position) if segment.end else len(text)
        # a part of fixed width may reach behind the end of the text
        if not position < end <= len(text):
            return None
        pieces.append(text[position:end])
        position = end
    return pieces if position == len(text) else None
