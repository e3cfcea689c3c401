"""`ListCoder`, `TupleCoder` and `MapCoder`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import length_hint
from typing import Any, cast

from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
from adorm.codec.coders.scalar import ScalarCoder
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.failures import (
    DecodeFailure,
    EncodeFailure,
    ValueFailure,
    brief,
    unexpected,
    wrong,
)


class ListCoder(Coder):
    """`list[T]` and its like, as L."""

    def __init__(
        self,
        name: str,
        element: Coder,
        classes: tuple[type, ...],
        make: Callable[[list[Any]], Any] | None,
        *,
        article: str = "a list",
    ) -> None:
        super().__init__(name, frozenset({"L"}), classes, open_ended=element.open_ended)
        self.element = element
        self.make = make
        """Makes the value of a list that was read; None where the value is the list itself."""
        self._expected = article

    def accepts(self, value: object) -> bool:
        return isinstance(value, self.classes) and not isinstance(value, (str, bytes, bytearray))

    @made_once
    def encode(self) -> Encode:
        source = FunctionWriter("encode_list", "value")
        names = {"ready": self._ready, "EncodeFailure": EncodeFailure, "under_index": under_index}
        plain = source.name(self.classes[0].__name__, self.classes[0])
        ready = f"value if value.__class__ is {plain} else {{ready}}(value)"
        made = source.encoded(self.element, "item", "item")
        source.line(source.expand(f"items = iter({ready})", names), 1)
        source.line("try:", 1)
        source.line(f'return {{"L": [{made} for item in items]}}', 2)
        source.line(source.expand("except {EncodeFailure} as failure:", names), 1)
        source.line(source.expand("raise {under_index}(failure, value, items)", names), 2)
        return source.function(f"encode {self.name}")

    def encode_source(self) -> EncodeSource | None:
        common = common_elements(self.element)
        plain = self.classes[0]
        if common is None or plain not in (list, tuple):
            return None
        each = f'{{{{"{self.element.tag}": {common.payload}}}}}'
        test = (
            f"{{v}}.__class__ is {plain.__name__} and len(elements := [{each} for each in "
            f"{{v}} if {common.test}]) == len({{v}})"
        )
        return EncodeSource(test, "elements", common.names)

    def _ready(self, value: Any) -> Any:
        if not self.accepts(value):
            raise wrong(self._expected, value)
        return value

    def decode_source(self) -> DecodeSource | None:
        element = self.element.decode_source() if isinstance(self.element, ScalarCoder) else None
        if element is None:  # no plain expression, or a failure inside it needs the index
            return None
        each = element.payload.replace("{p}", f'each["{self.element.tag}"]')
        made = f"[{each} for each in {{p}}]"
        if self.make is None:
            return DecodeSource(made, element.names)
        return DecodeSource(f"{{make}}({made})", {**element.names, "make": self.make})

    @made_once
    def decode(self) -> Decode:
        source = FunctionWriter("decode_list", "value")
        made = f"[{source.decoded(self.element, 'item', 'item')} for item in items]"
        if self.make is not None:
            made = f"{source.name('make', self.make)}({made})"
        _write_decoder(source, "L", "content", made, under_index, self._careful)
        return source.function(f"decode {self.name}")

    def _careful(self, attribute_value: Any) -> Any:
        content = list_content(attribute_value, self._expected)
        decode = self.element.decode
        items = iter(content)
        try:
            values = [decode(item) for item in items]
        except DecodeFailure as failure:
            raise under_index(failure, content, items) from failure.__cause__
        return values if self.make is None else self.make(values)


def common_elements(element: Coder) -> EncodeSource | None:
    """How a scalar element, named `each` in a comprehension, is encoded.

    It is None where that is not one expression.
    """
    source = element.encode_source() if isinstance(element, ScalarCoder) else None
    if source is None:
        return None
    return EncodeSource(
        source.test.replace("{v}", "each"), source.payload.replace("{v}", "each"), source.names
    )


class TupleCoder(Coder):
    """`tuple[int, str]`, as L with exactly that many elements."""

    def __init__(self, name: str, elements: Sequence[Coder]) -> None:
        open_ended = any(element.open_ended for element in elements)
        super().__init__(name, frozenset({"L"}), (tuple,), open_ended=open_ended)
        self.elements = elements
        self._expected = f"a list of {len(elements)}"

    @made_once
    def encode(self) -> Encode:
        encoders = [element.encode for element in self.elements]

        def encode_tuple(value: Any) -> dict[str, Any]:
            if not isinstance(value, tuple):
                raise wrong(f"a tuple of {len(encoders)}", value)
            # pyright takes it for tuple[Unknown, ...]
            given = cast("tuple[Any, ...]", value)  # type: ignore[redundant-cast]
            if len(given) != len(encoders):
                raise EncodeFailure(f"expected a tuple of {len(encoders)}, got one of {len(given)}")
            items = iter(given)
            try:
                return {"L": [encode(item) for encode, item in zip(encoders, items, strict=True)]}
            except EncodeFailure as failure:
                raise under_index(failure, given, items) from failure.__cause__

        return encode_tuple

    @made_once
    def decode(self) -> Decode:
        decoders = [element.decode for element in self.elements]
        expected = self._expected

        def decode_tuple(attribute_value: Any) -> Any:
            content = list_content(attribute_value, expected)
            if len(content) != len(decoders):
                raise unexpected(expected, attribute_value)
            items = iter(content)
            try:
                return tuple([decode(item) for decode, item in zip(decoders, items, strict=True)])
            except DecodeFailure as failure:
                raise under_index(failure, content, items) from failure.__cause__

        return decode_tuple


class MapCoder(Coder):
    """`dict[str, T]`, as M.

    The keys are text with at least one character; in JSON fields they may be empty.
    """

    def __init__(self, name: str, key: Coder | None, value: Coder, *, json: bool) -> None:
        super().__init__(name, frozenset({"M"}), (dict, Mapping), open_ended=value.open_ended)
        self.key = key
        """The coder of the keys; None where they are str."""
        self.value = value
        self._json = json

    @made_once
    def encode(self) -> Encode:
        encode, key_text, empty_keys = self.value.encode, self._key_text, self._json

        def encode_map(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise wrong("a dict", value)
            # pyright takes it for Mapping[Unknown, Unknown]
            given = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]
            content: dict[str, Any] = {}
            for key, item in given.items():
                name = key if key.__class__ is str else key_text(key)
                try:
                    content[name] = encode(item)
                except EncodeFailure as failure:
                    raise failure.under(name) from failure.__cause__
            if "" in content and not empty_keys:
                raise ValueFailure("an empty key, which DynamoDB refuses in a map")
            if len(content) < len(given):
                raise ValueFailure("two keys that are stored as the same text")
            return {"M": content}

        if self.key is None:
            return encode_map

        def encode_map_with_keys(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise wrong("a dict", value)
            # pyright takes it for Mapping[Unknown, Unknown]
            given = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]
            content = {key_text(key): item for key, item in given.items()}
            if len(content) < len(given):
                raise ValueFailure("two keys that are stored as the same text")
            return encode_map(content)

        return encode_map_with_keys

    def _key_text(self, key: Any) -> str:
        if self.key is None:
            if not isinstance(key, str):
                raise EncodeFailure(
                    f"a map's keys are text, not {brief(key)}: make them str, or register a hook "
                    "for their type"
                )
            return str.__str__(key)
        encoded = self.key.encode(key)
        text = encoded.get("S")
        if not isinstance(text, str):
            raise EncodeFailure(
                f"a map's keys are text, and {type(key).__name__} is stored as {'/'.join(encoded)}"
            )
        return text

    @made_once
    def decode(self) -> Decode:
        if self.key is not None:
            return self._careful
        source = FunctionWriter("decode_map", "value")
        made = f"{{key: {source.decoded(self.value, 'item', 'item')} for key, item in items}}"
        _write_decoder(source, "M", "content.items()", made, under_key, self._careful)
        return source.function(f"decode {self.name}")

    def _careful(self, attribute_value: Any) -> Any:
        content = map_content(attribute_value)
        decode = self.value.decode
        result: dict[Any, Any] = {}
        for key, item in content.items():
            try:
                result[key if self.key is None else self._read_key(self.key, key)] = decode(item)
            except DecodeFailure as failure:
                raise failure.under(str(key)) from failure.__cause__
        if len(result) < len(content):
            raise DecodeFailure(
                f"two keys of the map read as the same {self.key.name if self.key else 'text'}, "
                "and one of their values would be lost"
            )
        return result

    def _read_key(self, coder: Coder, text: str) -> Any:
        """The key that a text stands for.

        A text that is not as the key would be written is refused: the next write would store the
        value a second time, under another text, and no path would lead to the first one.
        """
        key = coder.decode({"S": text})
        if coder.tags is None:  # a hook may accept several texts
            return key
        stored = coder.encode(key).get("S")
        if stored != text:
            raise DecodeFailure(
                f"expected a map key as {coder.name} is stored, {brief(stored)}, got "
                f"{brief(text)}: declare the keys `str`, or register hooks for {coder.name}"
            )
        return key


def _write_decoder(
    source: FunctionWriter,
    tag: str,
    items: str,
    made: str,
    under: Callable[..., Any],
    careful: Decode,
) -> None:
    """Write the lines that read a list or map.

    Args:
        items, made: expressions for what is iterated over, and for the value that is made of it.
        under: adds the place in the iteration to the path of a failure.
        careful: reads what the expression fails at, or tells what is wrong with it.
    """
    names = {"DecodeFailure": DecodeFailure, "under": under, "careful": careful}
    source.line("items = None", 1)
    source.line("try:", 1)
    source.line(f'content = value["{tag}"]', 2)
    source.line(f"items = iter({items})", 2)
    source.line(f"return {made}", 2)
    source.line(source.expand("except {DecodeFailure} as failure:", names), 1)
    source.line(source.expand("raise {under}(failure, content, items)", names), 2)
    source.line("except RecursionError:", 1)
    source.line("raise", 2)
    source.line("except Exception:", 1)
    source.line(source.expand("return {careful}(value)", names), 2)


def list_content(attribute_value: Any, expected: str) -> Sequence[Any]:
    """What L holds."""
    content: Sequence[Any] = _content(attribute_value, "L", (list, tuple), expected)
    return content


def map_content(attribute_value: Any) -> Mapping[str, Any]:
    """What M holds."""
    content: Mapping[str, Any] = _content(attribute_value, "M", Mapping, "a map")
    return content


def _content(attribute_value: Any, tag: str, classes: Any, expected: str) -> Any:
    try:
        content = attribute_value[tag]
    except (KeyError, TypeError, IndexError) as error:
        raise unexpected(expected, attribute_value) from error
    if not isinstance(content, classes):
        raise unexpected(expected, attribute_value)
    return content


def under_index(failure: Any, content: Any, items: Iterator[Any]) -> Any:
    """The failure with the index of the element at which the iteration stopped in its path."""
    return failure.under(len(content) - length_hint(items) - 1)


def under_key(failure: Any, content: Mapping[str, Any], items: Iterator[Any]) -> Any:
    """The failure with the key at which the iteration stopped in its path."""
    return failure.under(str(list(content)[len(content) - length_hint(items) - 1]))
