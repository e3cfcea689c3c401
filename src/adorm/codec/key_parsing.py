"""Reads the text of a key back, part by part, for what needs no speed.

The parser of a template is generated (`adorm.codec.compiled.key_texts`), for most templates.
"""

from __future__ import annotations

from adorm.codec.key_parts import canonical_content, part_content, part_text, piece_width
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.schema.key_texts import Template


def parse_key(template: Template, key: str | AttributeValue) -> AttributeMap | None:
    """The attribute values of a key's parts, by attribute name, without those of parts whose
    format loses the value; None where the text is none of the template."""
    if template.alone is not None:
        content = key if isinstance(key, str) else key.get(template.tag)
        return {template.alone.attribute_name: {template.tag: content}} if content else None
    pieces = _pieces(template, key)
    if pieces is None:
        return None
    found: AttributeMap = {}
    for part, piece in zip(template.parts, pieces, strict=True):
        content = part_content(part)(piece)
        if content is None:
            return None
        value = {part.tag: content}
        if not part.loses and found.setdefault(part.field.attribute_name, value) != value:
            return None
    return found if _agree(template, pieces, found) else None


def canonical_parts(template: Template, key: str | AttributeValue) -> AttributeMap | None:
    """The attribute values of a key's parts, by attribute name, of which its text can be made.

    It is what `parse_key` returns, and for a part that loses its value one of the values with this
    text: for `lower` and `upper` the text itself, for a time the first moment. A shard is left out,
    and so is a time that no moment has. None where the text is none of the template.
    """
    found = parse_key(template, key)
    pieces = _pieces(template, key)
    if found is None or pieces is None or template.alone is not None:
        return found
    for part, piece in zip(template.parts, pieces, strict=True):
        name = part.field.attribute_name
        if part.loses and name not in found:
            content = canonical_content(part)(piece)
            value = {name: {part.tag: content}}
            if content is not None and _agree(template, pieces, value):
                found.update(value)
    return found


def agrees(template: Template, key: str | AttributeValue, found: AttributeMap) -> bool:
    """Whether the key's text is what the template makes of values that were found elsewhere, as far
    as parts that lose their value are concerned."""
    pieces = _pieces(template, key)
    return template.alone is not None or (pieces is not None and _agree(template, pieces, found))


def _agree(template: Template, pieces: list[str], found: AttributeMap) -> bool:
    """Whether parts that lose a value have the text that the value, found elsewhere, gives."""
    return all(
        part_text(part)(found[part.field.attribute_name][part.tag]) == piece
        for part, piece in zip(template.parts, pieces, strict=True)
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
