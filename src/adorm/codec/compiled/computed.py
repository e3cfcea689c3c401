"""Attributes of an item that are no fields: keys made of parts, and the type. Generated code.

They are written beside the encoded fields:

    def encode_item(value):
        content = encode_map(value)
        content.update(table_key(content))
        content.update(index_keys_0(content))
        content["_type"] = {"S": "Order"}
        return content

When an item is read, a part without an attribute is taken from the text of a key, and the text of
the table's key is compared with the text that would be written. See
docs/decisions/0026-keys-lead-back-to-their-item.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from adorm.codec.absence import FieldPlan, is_null
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.compiled.key_texts import make_parser, make_renderer
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.failures import DecodeFailure, shown
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import UsageError
from adorm.schema.fields import Field
from adorm.schema.item_keys import ComputedAttributes, ItemKey, KeySide

Render: TypeAlias = Callable[[Mapping[str, AttributeValue]], AttributeValue | None]


class KeyTexts:
    """The functions of one key that is made of parts: from parts to texts, and back.

    Parts are attribute values by attribute name, in the form in which items store them.
    """

    def __init__(self, owner: str, key: ItemKey) -> None:
        self.key = key
        where = f"{owner}.{key.name}"
        self.renderers: Mapping[str, Render] = {
            side.attribute_name: make_renderer(side.template, where) for side in key.sides
        }
        """The function of each side, by attribute name; None from it where a part is absent."""
        self._parse = [
            (side.attribute_name, make_parser(side.template, where)) for side in key.sides
        ]

    def render(self, parts: Mapping[str, AttributeValue]) -> AttributeMap | None:
        """The key's attributes; None where a part is absent.

        Raises:
            BadValue: a part is empty, does not fit its format, or contains the text that ends it.
        """
        made: AttributeMap = {}
        for name, render in self.renderers.items():
            value = render(parts)
            if value is None:
                return None
            made[name] = value
        return made

    def parse(self, attributes: Mapping[str, AttributeValue]) -> AttributeMap:
        """The parts that can be told from the key's attributes, as far as these are there.

        None can be told where a side is no text of its template: the item has another key of the
        same index then.
        """
        found: AttributeMap = {}
        for name, parse in self._parse:
            value = attributes.get(name)
            if value is not None and not is_null(value):
                parts = parse(value)
                if parts is None:
                    return {}
                found.update(parts)
        return found

    def fits(self, attributes: Mapping[str, AttributeValue]) -> bool:
        """Whether the key's attributes, as far as they are there, are texts of the key."""
        for name, parse in self._parse:
            value = attributes.get(name)
            if value is not None and (is_null(value) or parse(value) is None):
                return False
        return True


class IndexKeyTexts:
    """The keys of one index, in the order of their declaration. The first that applies is written.

    Args:
        encode: gives the attribute value of a field's value.
    """

    def __init__(
        self,
        owner: str,
        keys: Sequence[ItemKey],
        encode: Callable[[Field, object], AttributeValue | None],
    ) -> None:
        self._keys = [
            (
                key_texts(owner, key),
                [
                    (field.attribute_name, [encode(field, value) for value in values])
                    for field, values in key.only.items()
                ],
            )
            for key in keys
        ]

    def render(self, parts: Mapping[str, AttributeValue]) -> AttributeMap | None:
        """The attributes of the first key that applies; None where the item is not in the index.

        Raises:
            BadValue: a part is empty, does not fit its format, or contains the text that ends it.
        """
        for texts, conditions in self._keys:
            if all(parts.get(name) in values for name, values in conditions):
                made = texts.render(parts)
                if made is not None:
                    return made
        return None


def key_texts(owner: str, key: ItemKey) -> KeyTexts:
    """The functions of a key. They are made once and kept with it.

    Args:
        owner: the name of the model, for messages.
    """
    known: KeyTexts | None = key.memo.get(KeyTexts)
    if known is None:
        known = key.memo[KeyTexts] = KeyTexts(owner, key)
    return known


def keys_by_index(keys: Iterable[ItemKey]) -> dict[str, list[ItemKey]]:
    """Keys of indexes, by the name of their index, in order."""
    found: dict[str, list[ItemKey]] = {}
    for key in keys:
        found.setdefault(key.index or "", []).append(key)
    return found


def make_item_encoder(
    owner: str,
    plans: Sequence[FieldPlan],
    encode_map: Callable[[Any], AttributeMap],
    computed: ComputedAttributes,
) -> Callable[[Any], AttributeMap]:
    """Generate the function that encodes an instance as an item.

    Args:
        owner: the name of its class.
        plans: of its fields.
        encode_map: encodes its fields.
    """
    by_field = {plan.field: plan for plan in plans}
    source = FunctionWriter("encode_item", "value")
    source.line(f"content = {source.name('encode_map', encode_map)}(value)", 1)
    if computed.key is not None:
        texts = key_texts(owner, computed.key)
        source.line(f"content.update({source.name('table_key', texts.render)}(content))", 1)
    for number, keys in enumerate(keys_by_index(computed.index_keys).values()):
        index_texts = IndexKeyTexts(owner, keys, lambda field, value: by_field[field].encode(value))
        render = source.name(f"index_keys_{number}", index_texts.render)
        source.line(f"content.update({render}(content) or {{}})", 1)
    if computed.type_field is not None:
        field = computed.type_field
        source.line(f"content[{field.attribute_name!r}] = {{'S': {field.default!r}}}", 1)
    source.line("return content", 1)
    return source.function(f"encode item {owner}")


def make_recovering(
    owner: str, computed: ComputedAttributes, make: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """`make`, called with the parts that have no attribute of their own taken from the keys."""
    keys = [key for key in (computed.key, *computed.index_keys) if key is not None]
    all_texts = [key_texts(owner, key) for key in keys]
    parts = {part.attribute_name for key in keys for part in key.parts}
    if not parts:
        return make

    def recover(content: Any) -> Any:
        found: AttributeMap = {}
        for texts in reversed(all_texts):
            found.update(texts.parse(content))
        return {**found, **content}

    source = FunctionWriter("make_recovered", "content")
    tests = " and ".join(f"{name!r} in content" for name in sorted(parts))
    source.line(f"if not ({tests}):", 1)
    source.line(f"content = {source.name('recover', recover)}(content)", 2)
    source.line(f"return {source.name('make', make)}(content)", 1)
    return source.function(f"make recovered {owner}")


def write_key_comparison(
    source: FunctionWriter,
    owner: str,
    plans: Sequence[FieldPlan],
    computed: ComputedAttributes,
    stored: Callable[[str, str], str],
    plain: Callable[[Any], Mapping[str, Any]],
) -> None:
    """Write lines that compare the stored table key with the text that `made` would be written by.

    Args:
        stored: gives an expression for what an attribute holds under a tag. It may raise.
        plain: gives the attribute map of `content`.
    """
    key = computed.key
    if key is None:
        return
    by_field = {plan.field: plan for plan in plans}
    texts = key_texts(owner, key)
    computed_sides = [side for side in key.sides if side.is_computed]

    def compare_fully(made: Any, content: Any) -> None:
        _compare(owner, texts, computed_sides, by_field, made, plain(content))

    tests: list[str] = []
    for side in computed_sides:
        expression = _text_expression(side, by_field)
        tag = "S" if side.template.alone is None else by_field[side.template.alone].coder.tag
        if expression is not None:
            tests.append(f"{stored(side.attribute_name, tag)} == {expression}")
    compare = f"{source.name('compare_fully', compare_fully)}(made, content)"
    if len(tests) < len(computed_sides):
        source.line(compare, 1)
        return
    source.line("try:", 1)
    source.line(f"same = {' and '.join(tests)}", 2)
    source.line("except Exception:", 1)
    source.line("same = False", 2)
    source.line("if not same:", 1)
    source.line(compare, 2)


def write_type_comparison(
    source: FunctionWriter,
    owner: str,
    computed: ComputedAttributes,
    stored: Callable[[str, str], str],
    plain: Callable[[Any], Mapping[str, Any]],
) -> None:
    """Write lines that refuse an item whose type is not one of the model's.

    Args:
        stored, plain: as for `write_key_comparison`.
    """
    field = computed.type_field
    if field is None:
        return
    name, entities = field.attribute_name, computed.entities

    def compare_type(content: Any) -> None:
        found = plain(content).get(name)
        if found is None or any(found == {"S": entity} for entity in entities):
            return
        own = " or ".join(map(repr, entities))
        raise DecodeFailure(f"an item of another model: its type is not {own}").under(name)

    compare = f"{source.name('compare_type', compare_type)}(content)"
    source.line("try:", 1)
    source.line(f"same = {stored(name, 'S')} == {entities[0]!r}", 2)
    source.line("except Exception:", 1)
    source.line("same = False", 2)
    source.line("if not same:", 1)
    source.line(compare, 2)


def _text_expression(side: KeySide, plans: Mapping[Field, FieldPlan]) -> str | None:
    """An expression for the text of `made`'s key, where every part is plain text."""
    pieces: list[str] = []
    for segment in side.template.segments:
        if isinstance(segment, str):
            pieces.append(repr(segment))
            continue
        coder, field = plans[segment.field].coder, segment.field
        is_text = isinstance(coder, ScalarCoder) and coder.classes == (str,)
        if not is_text or segment.format or not field.name.isidentifier():
            return None
        pieces.append(f"made.{field.name}")
    return " + ".join(pieces) or "''"


def _compare(
    owner: str,
    texts: KeyTexts,
    sides: Sequence[KeySide],
    plans: Mapping[Field, FieldPlan],
    made: Any,
    content: Mapping[str, Any],
) -> None:
    parts: AttributeMap = {}
    for part in texts.key.parts:
        value = plans[part].encode(getattr(made, part.name))
        if value is not None:
            parts[part.attribute_name] = value
    try:
        written = texts.render(parts) or {}
        problem = ""
    except UsageError as error:
        written, problem = {}, f": {error}"
    for side in sides:
        name = side.attribute_name
        stored = content.get(name)
        if stored is None or stored == written.get(name):
            continue
        other = f"written as {shown(written[name])}" if name in written else "refused"
        failure = DecodeFailure(
            f"the key {shown(stored)} is not what {owner} makes of its fields by "
            f"{side.template.text!r}: a save would be {other}{problem}, which is another item"
        )
        raise failure.under(name)
