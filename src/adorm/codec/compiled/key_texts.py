"""Functions that are generated for the template of a key: from items to its text, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from adorm.codec.absence import is_null
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.key_parsing import parse_key
from adorm.codec.key_parts import part_content, part_text, piece_width
from adorm.codec.key_refusals import checked_text, content_of
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.schema.key_texts import Part, Template
from adorm.support.records import Record

Renderer: TypeAlias = Callable[[Mapping[str, AttributeValue]], AttributeValue | None]
Parser: TypeAlias = Callable[[str | AttributeValue], AttributeMap | None]


def make_renderer(template: Template, where: str) -> Renderer:
    """Generate the function from an item, or the parts' attribute values, to the key attribute's.

    It returns None where a part is absent or null. For a field alone it returns the field's
    attribute value itself, without a copy. It raises `BadValue` where a part has no text: it is
    empty, holds the text that ends it, or does not fit its format; and `UsageError` where it has
    another tag than the part. For `CUSTOMER#{user_name}#{order_id}` it is:

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
    source = render_source(writer, template, "item", "t")
    writer.line("try:", 1)
    for line in source.lines:
        writer.line(line, 2)
    writer.line(f"if {' and '.join(source.tests) or 'True'}:", 2)
    writer.line(f"return {source.attribute_value}", 3)
    writer.line("except Exception:", 1)
    writer.line("pass", 2)
    writer.line(f"return {writer.name('render_fully', render_fully)}(item)", 1)
    return writer.function(f"render {where}")


class RenderSource(Record):
    """How generated code makes a key attribute of an item."""

    lines: tuple[str, ...]
    """They read the texts of the parts. They may raise."""
    tests: tuple[str, ...]
    """Expressions that are true where the texts are surely good."""
    attribute_value: str
    """The expression of the key attribute's value."""


def render_source(
    writer: FunctionWriter, template: Template, item: str, prefix: str
) -> RenderSource:
    """The source for the common keys of a template.

    Args:
        item: the variable that holds the item.
        prefix: the beginning of the names of variables for the texts of parts.
    """
    lines: list[str] = []
    tests: list[str] = []
    pieces: list[str] = []
    for segment in template.segments:
        if isinstance(segment, str):
            pieces.append(segment.replace("{", "{{").replace("}", "}}"))
            continue
        variable = f"{prefix}{len(tests)}"
        text = f"{item}[{segment.field.attribute_name!r}][{segment.tag!r}]"
        if template.alone is None and not _is_text_itself(segment):
            text = f"{writer.name('text_of', part_text(segment))}({text})"
        lines.append(f"{variable} = {text}")
        tests.append(_test_of(segment, variable))
        pieces.append(f"{{{variable}}}")
    if template.alone is not None:
        result = f"{item}[{template.alone.attribute_name!r}]"
    else:
        result = f'{{"S": f{"".join(pieces)!r}}}'
    return RenderSource(tuple(lines), tuple(tests), result)


def _is_text_itself(part: Part) -> bool:
    """Whether what is stored is the text of the part, whatever it is."""
    return part.kind == "plain" and part.type == "text"


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
    if template.alone is not None:
        content_of(template.parts[0], values[0], where)
        return values[0]
    written = iter(
        [
            checked_text(part, value, template, where, text_of)
            for part, value, text_of in zip(template.parts, values, texts, strict=True)
        ]
    )
    return {
        "S": "".join(
            segment if isinstance(segment, str) else next(written) for segment in template.segments
        )
    }


def make_parser(template: Template, where: str) -> Parser:
    """Generate the function from a key's text, or its attribute value, to attribute values.

    It returns `{"user_name": {"S": "ada"}}`, by attribute name, without parts whose format loses
    the value; None where the text is none of the template. For `A#{user_name}#{number:04d}` it is:

    def parse(key):
        text = key if key.__class__ is str else key.get("S")
        if text.__class__ is not str or not text.startswith("A#"):
            return None
        start = 2
        end = text.find("#", start)
        if not start < end <= len(text):
            return None
        c0 = text[start:end]
        start = end + 1
        end = start + 4
        if not start < end <= len(text):
            return None
        c1 = content(text[start:end])
        if c1 is None:
            return None
        start = end
        if start != len(text):
            return None
        return {"user_name": {"S": c0}, "number": {"N": c1}}

    Args:
        where: the class and the key, for messages: `Order.key`.
    """
    is_repeated = len({part.field for part in template.parts}) < len(template.parts)
    if template.alone is not None or is_repeated:
        return partial(parse_key, template)
    first = template.segments[0]
    literal = first if isinstance(first, str) else ""
    writer = FunctionWriter("parse", "key")
    writer.line('text = key if key.__class__ is str else key.get("S")', 1)
    writer.line(f"if text.__class__ is not str or not text.startswith({literal!r}):", 1)
    writer.line("return None", 2)
    writer.line(f"start = {len(literal)}", 1)
    results: list[str] = []
    for number, part in enumerate(template.parts):
        _write_part(writer, part, f"c{number}")
        if not part.loses:
            results.append(f"{part.field.attribute_name!r}: {{{part.tag!r}: c{number}}}")
    writer.line("if start != len(text):", 1)
    writer.line("return None", 2)
    writer.line(f"return {{{', '.join(results)}}}", 1)
    return writer.function(f"parse {where}")


def _write_part(writer: FunctionWriter, part: Part, variable: str) -> None:
    """Lines that read the part whose text begins at `start`, and the literal text that ends it."""
    if not part.width:
        end = f"text.find({part.end!r}, start)" if part.end else "len(text)"
    elif part.kind == "plain" and part.type == "datetime":
        end = f"start + {writer.name('width', partial(piece_width, part))}(text, start)"
    else:
        end = f"start + {part.width}"
    writer.line(f"end = {end}", 1)
    is_followed = f" or not text.startswith({part.end!r}, end)" if part.width and part.end else ""
    writer.line(f"if not start < end <= len(text){is_followed}:", 1)
    writer.line("return None", 2)
    if _is_text_itself(part):
        writer.line(f"{variable} = text[start:end]", 1)
    else:
        content = writer.name("content", part_content(part))
        writer.line(f"{variable} = {content}(text[start:end])", 1)
        writer.line(f"if {variable} is None:", 1)
        writer.line("return None", 2)
    writer.line(f"start = end + {len(part.end)}" if part.end else "start = end", 1)
