"""Attributes of an item that are no fields: keys made of parts, and the type. Generated code.

They are written beside the encoded fields:

    def encode_item(value):
        content = {}
        ...
        try:
            t0_0 = content["user_name"]["S"]
            is_common = t0_0
        except Exception:
            is_common = False
        if is_common:
            content["PK"] = {"S": f"CUSTOMER#{t0_0}"}
        else:
            content.update(table_key(content) or {})
        content["_type"] = {"S": "Order"}
        return content

When an item is read, a part without an attribute is taken from the text of a key, and the text of
the table's key is compared with the text that would be written. See
docs/decisions/0026-keys-lead-back-to-their-item.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from adorm.codec.absence import FieldPlan, is_null
from adorm.codec.compiled.key_texts import Renderer, make_parser, make_renderer, render_source
from adorm.codec.compiled.part_sources import part_source
from adorm.codec.compiled.writer import FunctionWriter, WriteLines
from adorm.codec.failures import DecodeFailure, shown
from adorm.dynamodb.values import AttributeMap, AttributeValue, canonical
from adorm.errors import UsageError
from adorm.schema.fields import Field
from adorm.schema.item_keys import ComputedAttributes, ItemKey, KeySide


class KeyTexts:
    """The functions of one key that is made of parts: from parts to texts, and back.

    Parts are attribute values by attribute name, in the form in which items store them.
    """

    def __init__(self, owner: str, key: ItemKey) -> None:
        self.key = key
        where = f"{owner}.{key.name}"
        self.renderers: Mapping[str, Renderer] = {
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
                    (field.attribute_name, {comparable(encode(field, value)) for value in values})
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
            if all(comparable(parts.get(name)) in values for name, values in conditions):
                made = texts.render(parts)
                if made is not None:
                    return made
        return None


def comparable(value: AttributeValue | None) -> object:
    """A hashable form of what an item stores, to compare it with a value of `only=`: equal numbers
    are equal however they are written, and NULL is like absence."""
    return None if value is None or is_null(value) else canonical(value)


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
    write_encoder: WriteLines,
    computed: ComputedAttributes,
) -> Callable[[Any], AttributeMap]:
    """Generate the function that encodes an instance as an item.

    Args:
        owner: the name of its class.
        plans: of its fields.
        write_encoder: writes lines that make the attribute map `content` of the fields of `value`.
    """
    by_field = {plan.field: plan for plan in plans}
    source = FunctionWriter("encode_item", "value")
    write_encoder(source)
    if computed.key is not None:
        texts = key_texts(owner, computed.key)
        _write_key(source, computed.key, source.name("table_key", texts.render))
    for number, keys in enumerate(keys_by_index(computed.index_keys).values()):
        index_texts = IndexKeyTexts(owner, keys, lambda field, value: by_field[field].encode(value))
        render = source.name(f"index_keys_{number}", index_texts.render)
        if len(keys) == 1 and not keys[0].only:
            _write_key(source, keys[0], render)
        else:
            source.line(f"content.update({render}(content) or {{}})", 1)
    if computed.type_field is not None:
        field = computed.type_field
        source.line(f"content[{field.attribute_name!r}] = {{'S': {field.default!r}}}", 1)
    source.line("return content", 1)
    return source.function(f"encode item {owner}")


def _write_key(source: FunctionWriter, key: ItemKey, render: str) -> None:
    """Write lines that add the attributes of a key to `content`.

    Keys whose texts are not sure to be good are made by `render`.
    """
    lines: list[str] = []
    tests: list[str] = []
    assignments: list[str] = []
    for number, side in enumerate(key.sides):
        made = render_source(source, side.template, "content", f"t{number}_")
        lines += made.lines
        tests += made.tests
        assignments.append(f"content[{side.attribute_name!r}] = {made.attribute_value}")
    source.line("try:", 1)
    for line in lines:
        source.line(line, 2)
    source.line(f"is_common = {' and '.join(tests) or 'True'}", 2)
    source.line("except Exception:", 1)
    source.line("is_common = False", 2)
    source.line("if is_common:", 1)
    for line in assignments:
        source.line(line, 2)
    source.line("else:", 1)
    source.line(f"content.update({render}(content) or {{}})", 2)


def recovery(owner: str, computed: ComputedAttributes) -> WriteLines | None:
    """Writes lines that take the parts without an attribute of their own from the keys.

    None where no key has parts.
    """
    keys = [key for key in (computed.key, *computed.index_keys) if key is not None]
    all_texts = [key_texts(owner, key) for key in keys]
    parts = {part.attribute_name for key in keys for part in key.parts}
    if not parts:
        return None

    def recover(content: Any) -> Any:
        found: AttributeMap = {}
        for texts in reversed(all_texts):
            found.update(texts.parse(content))
        return {**found, **content}

    def write_recovery(source: FunctionWriter) -> None:
        tests = " and ".join(f"{name!r} in content" for name in sorted(parts))
        source.line(f"if not ({tests}):", 1)
        source.line(f"content = {source.name('recover', recover)}(content)", 2)

    return write_recovery


def write_computed_comparison(
    source: FunctionWriter,
    owner: str,
    plans: Sequence[FieldPlan],
    computed: ComputedAttributes,
    stored: Callable[[str, str], str],
    plain: Callable[[Any], Mapping[str, Any]],
    values: Mapping[Field, str],
    of_type: str | None,
) -> None:
    """Write lines that refuse an item of another type, and one whose key is another.

    The stored table key is compared with the text that `made` would be written by. The lines are
    the last of their function, as they return `made` where it is what is stored.

    Args:
        stored: gives an expression for what an attribute holds under a tag. It may raise.
        plain: gives the attribute map of `content`.
        values: the expression of each field's value; a field without a usable name has none.
        of_type: an expression that is true where the item surely has the type; None for the
            comparison of what is stored.
    """
    by_field = {plan.field: plan for plan in plans}
    tests: list[str] = []
    if computed.type_field is not None:
        name = computed.type_field.attribute_name
        tests.append(of_type or f"{stored(name, 'S')} == {computed.entities[0]!r}")
    key = computed.key
    sides = [] if key is None else [side for side in key.sides if side.is_computed]
    is_simple = True
    for side in sides:
        parts = _text_expression(source, side, by_field, values)
        if parts is None:
            is_simple = False
        else:
            value_tests, text = parts
            alone = side.template.alone
            tag = "S" if alone is None else by_field[alone].coder.tag
            tests += [*value_tests, f"{stored(side.attribute_name, tag)} == {text}"]
    if not tests and not sides:
        return

    def compare(made: Any, content: Any) -> None:
        attribute_map = plain(content)
        _compare_type(computed, attribute_map)
        if key is not None:
            _compare(owner, key_texts(owner, key), sides, by_field, made, attribute_map)

    compare_fully = f"{source.name('compare_item', compare)}(made, content)"
    if not is_simple:
        source.line(compare_fully, 1)
        return
    source.line("try:", 1)
    source.line(f"if {' and '.join(tests)}:", 2)
    source.line("return made", 3)
    source.line("except Exception:", 1)
    source.line("pass", 2)
    source.line(compare_fully, 1)


def _text_expression(
    source: FunctionWriter,
    side: KeySide,
    plans: Mapping[Field, FieldPlan],
    values: Mapping[Field, str],
) -> tuple[list[str], str] | None:
    """Tests of the values of fields, and an expression for the text of the key.

    None where the text of a part is made of the stored value in another way.
    """
    tests: list[str] = []
    pieces: list[str] = []
    for segment in side.template.segments:
        if isinstance(segment, str):
            pieces.append(repr(segment))
            continue
        value = values.get(segment.field)
        if value is None:
            return None
        found = part_source(source, segment, plans[segment.field], value)
        if found is None:
            return None
        if not found.is_value:  # text can only be equal to text
            tests += found.tests
        pieces.append(found.text)
    return tests, " + ".join(pieces) or "''"


def _compare_type(computed: ComputedAttributes, attribute_map: Mapping[str, Any]) -> None:
    field = computed.type_field
    if field is None:
        return
    found = attribute_map.get(field.attribute_name)
    if found is None or any(found == {"S": entity} for entity in computed.entities):
        return
    own = " or ".join(map(repr, computed.entities))
    failure = DecodeFailure(f"an item of another model: its type is not {own}")
    raise failure.under(field.attribute_name)


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
