"""`SetCoder`: sets, as SS, NS or BS where all elements are stored as S, N or B; else as L.

DynamoDB has no empty set. An empty one is absent where the field's default is empty, and
`{"NULL": true}` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Set as AbstractSet
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
from adorm.codec.coders.containers import common_elements, list_content, under_index
from adorm.codec.compiled.writer import FunctionWriter
from adorm.codec.failures import DecodeFailure, ValueFailure, unexpected, wrong
from adorm.dynamodb.values import SET_TAGS


class SetCoder(Coder):
    """`set[T]` and other types of sets; also a list or tuple of a field with `as_set`.

    Args:
        element: the coder of the elements.
        classes: the classes of values that it takes.
        make: makes the value of the list of elements that was read.
        untyped: whether nothing is known of the elements.
    """

    def __init__(
        self,
        name: str,
        element: Coder,
        classes: tuple[type, ...],
        make: Callable[[list[Any]], Any],
        *,
        untyped: bool = False,
    ) -> None:
        self.element = element
        has_one_tag = element.tags is not None and len(element.tags) == 1
        self.set_tag = SET_TAGS.get(element.tag) if has_one_tag else None
        open_ended = self.set_tag is None and element.open_ended
        super().__init__(name, self._tags(), classes, open_ended=open_ended)
        self.make = make
        self._untyped = untyped
        self._of_list = list in classes or tuple in classes
        self._expected = "a list" if self._of_list else "a set"

    def _tags(self) -> frozenset[str] | None:
        if self.element.tags is None:
            return None
        return frozenset({"L"} if self.set_tag is None else {self.set_tag, "NULL"})

    @property
    def tag(self) -> str:
        return self.set_tag or "L"

    @property
    def has_empty(self) -> bool:
        """Whether an empty set is stored as an empty L, which is not NULL."""
        return self.element.tags is not None and self.set_tag is None

    def is_empty(self, value: Any) -> bool:
        """Whether this is an empty value of one of its classes."""
        return isinstance(value, self.classes) and not value

    @made_once
    def encode(self) -> Encode:
        element = self.element.encode_source()
        if self.set_tag is None or element is None or self._of_list:
            return self._careful_encode
        source = FunctionWriter("encode_set", "value")
        names = {"careful": self._careful_encode}
        payload = source.expand(element.payload, element.names, v="item")
        test = source.expand(element.test, element.names, v="item")
        source.line("if value.__class__ is set or value.__class__ is frozenset:", 1)
        source.line(f"members = [{payload} for item in value if {test}]", 2)
        source.line("if members and len(members) == len(value):", 2)
        source.line("members.sort()", 3)
        source.line(f'return {{"{self.set_tag}": members}}', 3)
        source.line(source.expand("return {careful}(value)", names), 1)
        return source.function(f"encode {self.name}")

    def encode_source(self) -> EncodeSource | None:
        common = common_elements(self.element)
        if self.set_tag is None or common is None or self._of_list:
            return None
        members = f"[{common.payload} for each in {{v}} if {common.test}]"
        return EncodeSource(
            f"{{v}}.__class__ is set and {{v}} and len(members := sorted({members})) == len({{v}})",
            "members",
            common.names,
        )

    def _careful_encode(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, self.classes):
            raise wrong(self._expected, value)
        encode = self.element.encode
        given: Any = value
        members: list[dict[str, Any]] = [encode(item) for item in given]
        if not members:
            return {"L": []} if self.has_empty else {"NULL": True}
        tags = {tag for member in members for tag in member}
        tag = tags.pop() if len(tags) == 1 else ""
        set_tag = self.set_tag if self.element.tags is not None else SET_TAGS.get(tag)
        if set_tag is None:
            if self._untyped:
                raise ValueFailure(
                    "an untyped set holds only text, only numbers or only bytes: annotate what it "
                    "holds, or use a list"
                )
            return {"L": sorted(members, key=repr)}
        payloads = [member[tag] for member in members]
        if self._of_list and len(set(payloads)) < len(payloads):
            raise ValueFailure(
                "a value occurs twice in a list that is stored as a set, which keeps it once: "
                "take as_set away"
            )
        return {set_tag: payloads if self._of_list else sorted(payloads)}

    @made_once
    def decode(self) -> Decode:
        if self.decode_source() is None:
            return self._careful_decode
        source = FunctionWriter("decode_set", "value")
        source.line("try:", 1)
        source.line(f"return {source.decoded(self, 'value', 'set')}", 2)
        source.line("except Exception:", 1)
        source.line(source.expand("return {careful}(value)", {"careful": self._careful_decode}), 2)
        return source.function(f"decode {self.name}")

    def decode_source(self) -> DecodeSource | None:
        element = self.element.decode_source()
        if self.set_tag is None or element is None or self._of_list:
            return None
        each = element.payload.replace("{p}", "each")
        made = f"{{{{{each} for each in {{p}}}}}}"
        if self.make is set:
            return DecodeSource(made, element.names)
        return DecodeSource(f"{{make}}({made})", {**element.names, "make": self.make})

    def _careful_decode(self, attribute_value: Any) -> Any:
        decode = self.element.decode
        tag = next(
            (tag for tag in ("SS", "NS", "BS", "L", "NULL") if _has(attribute_value, tag)), None
        )
        if tag is None:
            raise unexpected(self._expected, attribute_value)
        if tag == "NULL":
            return self.make([])
        if tag == "L":
            content = list_content(attribute_value, self._expected)
            items = iter(content)
            try:
                members = [decode(item) for item in items]
            except DecodeFailure as failure:
                raise under_index(failure, content, items) from failure.__cause__
        else:
            content = attribute_value[tag]
            if not isinstance(content, (list, tuple, AbstractSet)):
                raise unexpected(self._expected, attribute_value)
            # JSON
            members = [
                decode({tag[0]: item})
                for item in content  # pyright: ignore[reportUnknownVariableType]
            ]
        try:
            return self.make(members)
        except TypeError as error:
            raise DecodeFailure(f"a set can't hold what was stored: {error}") from error


def _has(attribute_value: Any, tag: str) -> bool:
    try:
        return tag in attribute_value and not isinstance(attribute_value, str)
    except TypeError:
        return False
