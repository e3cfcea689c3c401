"""`Template`: the text of a key as a class declares it, `CUSTOMER#{user_name}`, and its parts.

Here a template is parsed and checked. How texts are made of items and read back is in
`adorm.codec.compiled.key_texts`; docs/decisions/0039 says why a template is refused.
"""

from __future__ import annotations

from collections.abc import Hashable

from adorm.dynamodb.values import KEY_TAGS, Tag
from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.key_formats import (
    FIXED_WIDTHS,
    FormatKind,
    PartType,
    part_type,
    read_format,
    stored_tag,
)
from adorm.schema.names import unknown_field
from adorm.schema.structures import Structure
from adorm.schema.types import split_optional, type_name
from adorm.support.records import Record

_LOSING: frozenset[FormatKind] = frozenset({"time", "lower", "upper", "shard"})

_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Part(Record):
    """A field in a template: `{number:010d}`.

    Args:
        field: the field.
        format: what stands after the colon, "" for nothing.
        kind: the kind of the format.
        width: the number of characters of its text, 0 where that depends on the value. Of a
            datetime without a format it is 27, though the texts of a database with another
            `datetime_format` are a few characters longer.
        shards: the number of shards of `shard(8)`, else 0.
        type: what its values are.
        tag: the tag of the field's attribute values.
        is_optional: whether the field may be None.
        end: the literal text that follows it: "" where it is the last, or where another part
            follows.
    """

    field: Field
    format: str
    kind: FormatKind
    width: int
    shards: int
    type: PartType
    tag: Tag
    is_optional: bool
    end: str

    @property
    def loses(self) -> bool:
        """Whether two values can have one text, so that the text does not say the value."""
        return self.kind in _LOSING

    def ended_by(self, end: str) -> Part:
        """The same part with this text after it."""
        return Part(
            self.field, self.format, self.kind, self.width, self.shards, self.type, self.tag,
            self.is_optional, end,
        )  # fmt: skip


class Template(Record):
    """One side of a key.

    Args:
        text: as it is written.
        segments: literal texts (with single braces) and parts, in their order; no two literal
            texts are neighbours.
        alone: the field of a template that is one field without a format. Such a side is stored
            as the field is, else as S.
        shape: literals and formats without the names of fields. It is equal for templates of two
            models whose texts can be compared part by part.
    """

    text: str
    segments: tuple[str | Part, ...]
    parts: tuple[Part, ...]
    alone: Field | None
    shape: Hashable

    def __init__(self, text: str, segments: tuple[str | Part, ...]) -> None:
        parts = tuple(part for part in segments if isinstance(part, Part))
        is_alone = len(segments) == 1 and bool(parts) and not parts[0].format
        alone = parts[0].field if is_alone else None
        shape = ("alone", parts[0].tag) if is_alone else tuple(map(_shape_of, segments))
        self._hold(text, segments, parts, alone, shape)

    @property
    def literal_start(self) -> str:
        """The literal text that all its texts begin with; "" where it begins with a part."""
        first = self.segments[0] if self.segments else ""
        return first if isinstance(first, str) else ""

    @property
    def literal_end(self) -> str:
        """The literal text that all its texts end with; "" where it ends with a part."""
        last = self.segments[-1] if self.segments else ""
        return last if isinstance(last, str) else ""

    @property
    def tag(self) -> Tag:
        """The tag of the key attribute: S, or for `alone` that of the field."""
        return self.parts[0].tag if self.alone is not None else "S"


def _shape_of(segment: str | Part) -> Hashable:
    if isinstance(segment, str):
        return segment
    # `{n:d}` writes what `{n}` writes
    return ("part", "" if segment.kind == "number" else segment.format)


def parse_template(text: str, structure: Structure, where: str, *, table_key: bool) -> Template:
    """Parse the text of a key.

    Args:
        where: the class and the key, for messages: `Order.key`.
        table_key: whether it is of the table's key, which every item has: no part is optional.

    Raises:
        ModelError: a part can't be in a key, or a text of the template could not be read back.
    """
    if not text:
        raise ModelError(f"{where}: a key's text can't be empty: DynamoDB takes no empty key")
    segments = [
        segment if isinstance(segment, str) else _part(segment[0], structure, where, table_key)
        for segment in _split(text, where)
    ]
    for index, following in enumerate(segments[1:]):
        part = segments[index]
        if not isinstance(part, Part):
            continue
        if isinstance(following, str):
            segments[index] = part.ended_by(following)
        elif not part.width:
            raise ModelError(
                f"{where}: nothing tells in {text!r} where {part.field.name} ends and "
                f"{following.field.name} begins: write a text between them, as in "
                f"{{{part.field.name}}}#{{{following.field.name}}}"
            )
    template = Template(text, tuple(segments))
    _check_alone(template, structure, where)
    return template


def _check_alone(template: Template, structure: Structure, where: str) -> None:
    if template.alone is not None:
        if template.tag not in KEY_TAGS:
            raise ModelError(
                f"{where}: {structure.name}.{template.alone.name} alone is stored as "
                f"{template.tag}, and a key is S, N or B: write a text beside it, as in "
                f"{template.alone.name}#{{{template.alone.name}}}"
            )
        return
    for part in template.parts:
        if part.type == "other":
            raise ModelError(_no_text(part.field, part.tag, structure, where))


def _split(text: str, where: str) -> list[str | tuple[str]]:
    """Literal texts, and what stands between braces as a tuple of one text."""
    segments: list[str | tuple[str]] = []
    literal = ""
    position = 0
    while position < len(text):
        character = text[position]
        if text.startswith(("{{", "}}"), position):
            literal += character
            position += 2
        elif character == "{":
            end = text.find("}", position)
            content = text[position + 1 : end]
            if end < 0 or "{" in content:
                raise _unbalanced(text, "{", where)
            if literal:
                segments.append(literal)
            literal = ""
            segments.append((content,))
            position = end + 1
        elif character == "}":
            raise _unbalanced(text, "}", where)
        else:
            literal += character
            position += 1
    return [*segments, literal] if literal else segments


def _unbalanced(text: str, brace: str, where: str) -> ModelError:
    return ModelError(
        f"{where}: a {brace!r} in {text!r} has no partner; a brace that belongs to the text is "
        f"written twice, {brace * 2!r}"
    )


def _part(content: str, structure: Structure, where: str, table_key: bool) -> Part:
    name, _, format_text = content.partition(":")
    field = _field(name, structure, where)
    owner = f"{structure.name}.{field.name}"
    annotation, is_optional = split_optional(field.type)
    if field.role is Role.VERSION:
        raise ModelError(
            f"{where}: {owner} is the version, which every write changes: it can't be in a key"
        )
    if is_optional and table_key:
        raise ModelError(
            f"{where}: {owner} can be None, and every item has the table's key: take the None out "
            "of its type, or use another field"
        )
    tag = stored_tag(field, annotation)
    kind_of_values = part_type(field, annotation)
    if tag is None or kind_of_values is None:
        raise ModelError(_no_text(field, tag, structure, where))
    if format_text and kind_of_values == "other":
        raise ModelError(_no_text(field, tag, structure, where))
    if not format_text:
        width = FIXED_WIDTHS.get(kind_of_values, 0)
        return Part(field, "", "plain", width, 0, kind_of_values, tag, is_optional, "")
    found = read_format(format_text, kind_of_values, annotation, f"{where}: {owner}")
    return Part(
        field, format_text, found.kind, found.width, found.shards, kind_of_values, tag,
        is_optional, "",
    )  # fmt: skip


def _field(name: str, structure: Structure, where: str) -> Field:
    field = structure.by_name.get(name)
    if field is not None:
        return field
    if not name:
        raise ModelError(f"{where}: a part without a name: write the field's name, as in {{name}}")
    plain, conversion, _ = name.partition("!")
    if conversion:
        raise ModelError(
            f"{where}: {{{name}}} converts {plain}, but a part stands for its stored text: write "
            f"{{{plain}}}"
        )
    first = name.replace("[", ".").partition(".")[0]
    if first != name and first in structure.by_name:
        raise ModelError(
            f"{where}: {{{name}}} is a path, but a part is a whole field: store the value in a "
            "field of its own"
        )
    raise ModelError(f"{where}: {unknown_field(structure.name, name, structure.by_name)}")


def _no_text(field: Field, tag: Tag | None, structure: Structure, where: str) -> str:
    owner = f"{structure.name}.{field.name}"
    if field.marker.as_json or field.marker.as_set:
        mark = "as_json" if field.marker.as_json else "as_set"
        return f"{where}: {owner} is marked {mark}, and such a field has no text for a key"
    remedy = "; bytes can only be a whole side: write the field alone" if tag == "B" else ""
    return (
        f"{where}: {owner} is {type_name(field.type)}, which has no text for a key: a part is a "
        "str, an enum or Literal of texts or whole numbers, a bool, int, Decimal, date, datetime, "
        f"time or UUID{remedy}"
    )


def successor(text: str) -> str | None:
    """The least text above all texts that begin with `text`, in the order of code points.

    DynamoDB compares texts by their UTF-8 bytes, which is the same order. None where there is no
    such text: `text` is empty, or holds nothing but the last character, U+10FFFF.
    """
    for index in range(len(text) - 1, -1, -1):
        code = ord(text[index]) + 1
        if code in _SURROGATES:  # UTF-8 has no surrogates
            code = _SURROGATES.stop
        if code <= _LAST_CHARACTER:
            return text[:index] + chr(code)
    return None
