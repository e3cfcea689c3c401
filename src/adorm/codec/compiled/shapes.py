"""Items straight from the bytes of an answer, without the dicts of its JSON.

msgspec fills a struct for each item; its values are structs of one tag each. A generated function
takes the fields out:

    def make(content):
        f0 = content.f0.S
        item = content.f1
        f1 = default_1 if item is UNSET else Decimal(item.N)
        made = new(cls)
        init(made, pk=f0, total=f1)
        return made

That takes less than half of the time of the way over dicts, and leaves nothing to the garbage
collector. It knows no errors: whatever it does not take as it is, is read again, the same bytes,
over dicts, which either can be read so or tell what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

import orjson

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.coder import BUILDING, Coder, Source
from adorm.codec.coders.containers import ListCoder, MapCoder
from adorm.codec.coders.scalars import ScalarCoder
from adorm.codec.coders.sets import SetCoder
from adorm.codec.compiled.key_forms import comparing_maker
from adorm.codec.compiled.structs import StructCoder, stands_apart
from adorm.errors import AttributeMap
from adorm.schema.fields import NOT_REQUIRED

if TYPE_CHECKING:
    from msgspec.json import Decoder

WORTHWHILE_BYTES = 512 * 1024
"""After so much JSON of a model nearly as much time would have been saved as it costs to import
msgspec and to make the structs, 5 ms: who reads less, as in most cold starts, never pays for it."""
MOST_MISSES = 3
RETRY_EVERY = 16
"""After so many pages in a row that did not fit, only each sixteenth is tried."""

_BESIDE_ITEMS = ("Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity")
_BESIDE_RESPONSES = ("UnprocessedKeys", "ConsumedCapacity")
_LIST: Any = list
_DICT: Any = dict
"""Without types of their own: checkers should not look into types that are made at run time."""
_TEXT = '{p} + ""'

Null = Literal["none", "first", "last"]
"""Whether `{"NULL": true}` may be there instead: it is looked for before the type's own tag, or
where that is not."""


class Shape:
    """How the answers of Query, Scan and BatchGetItem that hold items of one class are parsed.

    Safe in all threads: at worst a page is parsed the other way.
    """

    def __init__(self, coder: StructCoder) -> None:
        self._coder = coder
        self._seen_bytes = 0
        self._misses = 0
        self._refused = False
        self._unset: Any = None
        self._decoders: tuple[Decoder[Any], Decoder[Any]] | None = None
        """Of pages, and of batches."""
        self.make: Callable[[Any], Any] = coder.decode_map
        """The instance of an item's struct. Raises anything where the item has to be read over
        dicts."""
        self.slots: dict[str, str] = {}
        """What the fields of an item's struct are called, by attribute name."""

    def parse(self, body: bytes) -> dict[str, Any] | None:
        """An answer of Query or Scan, its "Items" as `ParsedItems`; None where the body has to be
        read as plain JSON."""
        page = self._decoded(body, 0)
        if page is None:
            return None
        answer: dict[str, Any] = {
            name: value
            for name in _BESIDE_ITEMS
            if (value := getattr(page, name)) is not self._unset
        }
        if page.Items is not self._unset:
            answer["Items"] = ParsedItems(self, page.Items, body, ("Items",))
        return answer

    def parse_batch(self, body: bytes) -> dict[str, Any] | None:
        """An answer of BatchGetItem, each table's items in its "Responses" as `ParsedItems`; None
        as for `parse`."""
        batch = self._decoded(body, 1)
        if batch is None:
            return None
        answer: dict[str, Any] = {
            name: value
            for name in _BESIDE_RESPONSES
            if (value := getattr(batch, name)) is not self._unset
        }
        if batch.Responses is not self._unset:
            answer["Responses"] = {
                table: ParsedItems(self, structs, body, ("Responses", table))
                for table, structs in batch.Responses.items()
            }
        return answer

    def _decoded(self, body: bytes, which: int) -> Any:
        decoders = self._decoders
        if decoders is None:
            self._seen_bytes += len(body)
            if self._seen_bytes < WORTHWHILE_BYTES:
                return None
            decoders = self._built()
            if decoders is None:
                return None
        if self._misses >= MOST_MISSES:
            self._misses += 1
            if self._misses % RETRY_EVERY:
                return None
        try:
            answer = decoders[which].decode(body)
            if not body.isascii():
                body.decode()  # msgspec does not look into what nobody reads
        except Exception:  # noqa: BLE001  # whatever it is, reading it as plain JSON tells
            self._misses += 1
            return None
        self._misses = 0
        return answer

    def _built(self) -> tuple[Decoder[Any], Decoder[Any]] | None:
        import msgspec  # 5 ms, see WORTHWHILE_BYTES

        with BUILDING:
            if self._decoders is None and not self._refused:
                unset = self._unset = msgspec.UNSET
                try:
                    item, make = _Structs().of(self._coder, (self._coder,))
                    self.make = comparing_maker(self._coder, make, unset, _plain)
                    beside = [(name, Any, unset) for name in _BESIDE_ITEMS]
                    page = msgspec.defstruct(
                        "Page", [("Items", _LIST[item], unset), *beside], gc=False
                    )
                    beside = [(name, Any, unset) for name in _BESIDE_RESPONSES]
                    batch = msgspec.defstruct(
                        "Batch", [("Responses", _DICT[str, _LIST[item]], unset), *beside], gc=False
                    )
                    decoders = msgspec.json.Decoder(page), msgspec.json.Decoder(batch)
                except (
                    TypeError,
                    ValueError,
                ):  # an attribute's name that msgspec does not take, with quotes in it
                    self._refused = True
                else:
                    self.slots = {
                        plan.field.attribute_name: f"f{index}"
                        for index, plan in enumerate(self._coder.plans)
                    }
                    self._decoders = decoders
            return self._decoders


class ParsedItems:
    """Items of an answer, as a shape has parsed them.

    Args:
        path: where they are in the JSON of the body.
    """

    __slots__ = ("_body", "_maps", "_path", "shape", "structs")

    def __init__(
        self, shape: Shape, structs: list[Any], body: bytes, path: tuple[str, ...]
    ) -> None:
        self.shape = shape
        self.structs = structs
        self._body = body
        self._path = path
        self._maps: list[AttributeMap] | None = None

    def __len__(self) -> int:
        return len(self.structs)

    def __delitem__(self, places: slice) -> None:
        """Leave out the last ones."""
        del self.structs[places]

    def key(self, place: int, names: Iterable[str]) -> AttributeMap:
        """Some attributes of an item; KeyError where it lacks one."""
        return {
            name: _plain(getattr(self.structs[place], self.shape.slots[name]), name)
            for name in names
        }

    def attribute_map(self, place: int) -> AttributeMap:
        """An item as it came, with what no field declares."""
        if self._maps is None:
            content: Any = orjson.loads(self._body)
            for name in self._path:
                content = content[name]
            self._maps = cast("list[AttributeMap]", content)
        return self._maps[place]


def _refuse() -> Any:
    raise TypeError("no set")


def _plain(value: Any, name: str) -> Any:
    """What a struct's value was in JSON."""
    import msgspec

    if value is msgspec.UNSET:
        raise KeyError(name)
    return (
        orjson.loads(memoryview(value))
        if isinstance(value, msgspec.Raw)
        else msgspec.to_builtins(value)
    )


class _Structs:
    """Makes msgspec's types for coders, and the expressions that take their values."""

    def __init__(self) -> None:
        import msgspec

        self._msgspec = msgspec
        self._of_payload: dict[tuple[str, Any, bool], Any] = {}

    def of(self, coder: StructCoder, within: tuple[Coder, ...]) -> tuple[Any, Callable[[Any], Any]]:
        """The struct of a class, and the function that makes an instance of one."""
        unset = self._msgspec.UNSET
        source = Source("make", "content")
        if any(stands_apart(plan) for plan in coder.plans):
            source.line("more = {}", 1)
        fields: list[Any] = []
        for index, plan in enumerate(coder.plans):
            field, slot = plan.field, f"f{index}"
            needed = field.required and not plan.of_set and field.init
            item = f"content.{slot}" if needed and not plan.optional else "item"
            kind, value = self._field(source, plan, item, index, within)
            fields.append((slot, kind) if needed else (slot, kind, unset))
            if item == "item":
                source.line(f"item = content.{slot}", 1)
            target = f"more[{field.init_name!r}]" if stands_apart(plan) and field.init else slot
            if needed:
                source.line(f"{target} = {value}", 1)
            elif field.init and (field.default_takes_self or field.default is NOT_REQUIRED):
                source.line(f"if item is not {source.name('UNSET', unset)}:", 1)
                source.line(f"{target} = {value}", 2)
            else:
                default = coder.default(source, index, plan)
                source.line(
                    f"{target} = {default} if item is {source.name('UNSET', unset)} else {value}", 1
                )
        coder.write_made(source)
        names = {f"f{index}": plan.field.attribute_name for index, plan in enumerate(coder.plans)}
        struct = self._msgspec.defstruct(
            f"{coder.structure.name} item", fields, rename=names, gc=False, kw_only=True
        )
        return struct, source.function(f"make {coder.name}")

    def _field(
        self, source: Source, plan: FieldPlan, item: str, index: int, within: tuple[Coder, ...]
    ) -> tuple[Any, str]:
        """The type of a field in its struct, and an expression for its value."""
        null: Null = ("first" if plan.null_first else "last") if plan.optional else "none"
        found = self._value(source, plan.coder, item, str(index), within, null)
        if found is not None:
            return found
        decode, decode_field = plan.coder.decode, plan.decode

        def decode_raw(raw: Any) -> Any:
            value = orjson.loads(memoryview(raw))
            return (
                decode_field(value) if null == "first" or value == {"NULL": True} else decode(value)
            )

        return self._msgspec.Raw, f"{source.name(f'decode_{index}', decode_raw)}({item})"

    def _value(
        self,
        source: Source,
        coder: Coder,
        item: str,
        hint: str,
        within: tuple[Coder, ...],
        null: Null = "none",
    ) -> tuple[Any, str] | None:
        """The type of what a coder reads, and an expression for its value; None where a coder has
        to see the JSON.

        Args:
            null: whether `{"NULL": true}` is a value as well, which is None.
        """
        made: tuple[Any, str] | None
        if isinstance(coder, StructCoder):
            if coder in within:
                return None
            inner, make = self.of(coder, (*within, coder))
            tag, payload, value = "M", inner, f"{source.name(f'make_{hint}', make)}({item}.M)"
        elif isinstance(coder, ListCoder):
            made = self._value(source, coder.element, "each", f"{hint}_each", within)
            if made is None:
                return None
            tag, payload, value = "L", _LIST[made[0]], f"[{made[1]} for each in {item}.L]"
            if coder.make is not None:
                value = f"{source.name(f'list_{hint}', coder.make)}({value})"
        elif isinstance(coder, MapCoder):
            made = (
                None
                if coder.key is not None
                else self._value(source, coder.value, "each", f"{hint}_each", within)
            )
            if made is None:
                return None
            tag, payload, value = (
                "M",
                _DICT[str, made[0]],
                f"{{key: {made[1]} for key, each in {item}.M.items()}}",
            )
        else:
            scalar = self._scalar(source, coder, item, careful=null != "none")
            if scalar is None:
                return None
            tag, payload, value = scalar
        if null != "none":
            unset = source.name("UNSET", self._msgspec.UNSET)
            alone = f" and {item}.{tag} is {unset}" if null == "last" else ""
            value = f"None if {item}.NULL is not {unset}{alone} else {value}"
        return self._tagged(
            tag, payload, nullable=null != "none" or isinstance(coder, SetCoder)
        ), f"({value})"

    def _scalar(
        self, source: Source, coder: Coder, item: str, *, careful: bool
    ) -> tuple[str, Any, str] | None:
        """The tag, the type under it, and the value, of what is stored as one text, number, bool or
        set.

        Args:
            careful: whether the tag may be absent, which must raise then.
        """
        found = coder.decode_source()
        if found is None or coder.tags is None:
            return None
        template = found.payload
        if isinstance(coder, SetCoder):
            tag, payload = coder.tag, _LIST[str]
            element = coder.element
            if coder.make is set and isinstance(element, ScalarCoder) and element.classes == (str,):
                # An empty set may have been stored as NULL: that is rare enough to be read over
                # dicts.
                unset, refuse = (
                    source.name("UNSET", self._msgspec.UNSET),
                    source.name("refuse", _refuse),
                )
                return tag, set[str], f"{item}.{tag} if {item}.{tag} is not {unset} else {refuse}()"
        else:
            if len(coder.tags) != 1 or coder.tag not in ("S", "N", "B", "BOOL"):
                return None
            tag, payload = coder.tag, bool if coder.tag == "BOOL" else str
            if not careful:  # then msgspec has seen to it that there is text
                template = template.replace(_TEXT, "{p}")
        return tag, payload, source.expand(template, found.names, p=f"{item}.{tag}")

    def _tagged(self, tag: str, payload: Any, *, nullable: bool) -> Any:
        """The struct of `{"S": "x"}`."""
        known = self._of_payload.get((tag, payload, nullable))
        if known is None:
            unset = self._msgspec.UNSET
            fields: list[Any] = (
                [(tag, payload, unset), ("NULL", Any, unset)] if nullable else [(tag, payload)]
            )
            known = self._of_payload[tag, payload, nullable] = self._msgspec.defstruct(
                tag, fields, gc=False
            )
        return known
