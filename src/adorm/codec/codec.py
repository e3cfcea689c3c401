"""`Codec`: between Python values and DynamoDB's attribute values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from adorm.codec.absence import FieldPlan
from adorm.codec.build import Builder
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.hooks import Generation, make_converter
from adorm.codec.compiled.items import StructCoder
from adorm.codec.compiled.keys import compare, comparing_decoder, has_one_form
from adorm.codec.failures import (
    DecodeFailure,
    EncodeFailure,
    Piece,
    ValueFailure,
    item_decode_error,
    usage_error,
)
from adorm.dynamodb.limits import MAX_NESTING
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import BadValue, UsageError
from adorm.schema.fields import DatetimeFormat, Field
from adorm.schema.types import Annotation, is_made_in_function, origin_of, type_name

if TYPE_CHECKING:
    import cattrs

    from adorm.codec.compiled.pages import PageParser


class Codec:
    """Turns values into attribute values and back; one for each database, safe in all threads.

    `converter` is where users register cattrs hooks: `register_unstructure_hook(Money, lambda m:
    {"S": str(m)})` and `register_structure_hook(Money, lambda v, _: Money(v["S"]))`. They hold for
    fields of that type, inside containers and unions with None, from the next call on.
    """

    def __init__(self, datetime_format: DatetimeFormat = "Z") -> None:
        self._datetime_format: DatetimeFormat = datetime_format
        self._converter: cattrs.Converter | None = None
        self._making = Lock()
        self._built = Builder(None, datetime_format=datetime_format)
        self._decoders: dict[Any, Callable[[Mapping[str, Any]], Any]] = {}
        self._page_parsers: dict[Any, PageParser | None] = {}
        self._encoding_hook: Any = None
        self._decoding_hook: Any = None

    @property
    def converter(self) -> cattrs.Converter:
        """Made when it is first asked for: until then there are no hooks, and nothing to look
        up."""
        with self._making:
            if self._converter is None:
                self._converter = make_converter(self._unstructure, self._structure)
            return self._converter

    def _refresh(self, converter: cattrs.Converter) -> None:
        """Begin anew, as other hooks are registered now."""
        encoding, decoding = (
            converter.get_unstructure_hook(Generation),
            converter.get_structure_hook(Generation),
        )
        self._built = Builder(converter, datetime_format=self._datetime_format)
        self._decoders = {}
        self._page_parsers = {}
        # last, so that no other thread takes what is old for new
        self._encoding_hook, self._decoding_hook = encoding, decoding

    @property
    def memo(self) -> dict[Any, Any]:
        """What others have made of its coders, under whatever they like; an empty one as soon as
        another hook is registered."""
        return self._built.memo if self._converter is None else self._builder().memo

    def encode(self, obj: object, annotation: Annotation = None) -> AttributeMap:
        """The attribute map of a structured value or a dict, `{"pk": {"S": "x"}, ...}`; absent
        attributes are left out.

        Args:
            annotation: its type; the value's own class when not given.

        Raises:
            UsageError: something in it can't be stored; the message names class, field and path.
            ModelError: its type can't be stored.
        """
        cls = type(obj) if annotation is None else annotation
        builder = self._built if self._converter is None else self._builder()
        coder = builder.known(cls) or self._coder(cls)
        try:
            if isinstance(coder, StructCoder):
                content: AttributeMap = coder.encode_map(obj)
            else:
                encoded = coder.encode(obj)
                if "M" not in encoded:
                    raise UsageError(
                        f"{coder.name} is stored as {'/'.join(encoded)}, so it can't be an item"
                    )
                content = encoded["M"]
            if coder.open_ended:
                _check_nesting(content)
        except EncodeFailure as failure:
            raise usage_error(failure, coder.name) from failure.__cause__
        except RecursionError as error:
            raise _too_deep(coder.name) from error
        return content

    def decode(
        self, annotation: Annotation, attribute_map: Mapping[str, Any], *, stored: bool = True
    ) -> Any:
        """A structured value of an attribute map. Attributes that no field declares are ignored.

        Args:
            stored: whether it is an item of a table, whose key has to be the one that is written
                for what was read.

        Raises:
            DecodeFailure: it does not fit; `item_decode_error` makes the user's error of it.
            ModelError: the type can't be stored.
        """
        return (
            self.decoder(annotation) if stored else self._make_decoder(annotation, stored=False)
        )(attribute_map)

    def decoder(self, annotation: Annotation) -> Callable[[Mapping[str, Any]], Any]:
        """`decode` for many items of one type that are stored."""
        if self._converter is not None:
            self._builder()  # hooks of both directions count: a key is compared with what would be written
        try:
            known = self._decoders.get(annotation)
        except TypeError:  # unhashable, as Annotated with a list in it
            return self._make_decoder(annotation, stored=True)
        if known is None:
            known = self._decoders[annotation] = self._make_decoder(annotation, stored=True)
        return known

    def _make_decoder(
        self, annotation: Annotation, *, stored: bool
    ) -> Callable[[Mapping[str, Any]], Any]:
        coder = self._coder(annotation)
        decode_map = (
            (comparing_decoder(coder) if stored else coder.decode_map)
            if isinstance(coder, StructCoder)
            else None
        )
        decode = coder.decode

        def decode_item(attribute_map: Mapping[str, Any]) -> Any:
            try:
                return (
                    decode({"M": attribute_map})
                    if decode_map is None
                    else decode_map(attribute_map)
                )
            except RecursionError as error:
                raise DecodeFailure("nested too deeply to be read") from error

        return decode_item

    def page_parser(self, model: type[Any]) -> PageParser | None:
        """How answers with items of a model are parsed from their bytes; None where they can't be.
        Another one after hooks changed."""
        coder = self._coder(model)
        if model not in self._page_parsers:
            from adorm.codec.compiled.pages import PageParser  # who reads single items needs none

            self._page_parsers[model] = (
                PageParser(coder) if isinstance(coder, StructCoder) else None
            )
        return self._page_parsers[model]

    def encode_value(
        self,
        annotation: Annotation,
        value: object,
        *,
        subject: str = "value",
        within: Field | None = None,
    ) -> AttributeValue:
        """One value as a field of that type would hold it, `{"N": "5"}`; None, where the type has
        it, is `{"NULL": True}`.

        Args:
            subject: what to call the value in a message, `Order.total`.
            within: the field that it lies in, whose marker may have a say in how it is stored.

        Raises:
            UsageError: it can't be stored.
            ModelError: its type can't be stored.
        """
        if within is None:
            coder = self._coder(annotation)
        else:
            coder = self._builder().for_values_in(within).coder(annotation, type_name(annotation))
        encoded: AttributeValue = _encoded(coder.encode, coder, value, subject)
        return encoded

    def decode_value(self, annotation: Annotation, attribute_value: Mapping[str, Any]) -> Any:
        """The value of one attribute value.

        Raises:
            DecodeFailure: it does not fit.
            ModelError: the type can't be stored.
        """
        decode = self._coder(annotation).decode
        try:
            return decode(attribute_value)
        except RecursionError as error:
            raise DecodeFailure("nested too deeply to be read") from error

    def encode_field(self, field: Field, value: object) -> AttributeValue | None:
        """A field's value as its marker wants it stored; None for absence.

        Raises:
            UsageError: it can't be stored.
            ModelError: the field's type can't be stored.
        """
        builder = self._built if self._converter is None else self._builder()
        plan = builder.plans.get(field) or builder.plan(field, field.owner)
        coder = plan.coder
        # as _encoded, in place: an update comes by for each of its values
        try:
            encoded: AttributeValue | None = (
                plan.encode(value) if plan.has_absence else coder.encode(value)
            )
            if coder.open_ended and encoded is not None:
                _check_nesting({"": encoded})
        except EncodeFailure as failure:
            raise usage_error(failure, plan.where) from failure.__cause__
        except RecursionError as error:
            raise _too_deep(plan.where) from error
        return encoded

    def field_encoder(self, field: Field) -> Callable[[Any], AttributeValue | None]:
        """A function that does for one field what `encode_field` does, in fewer steps, until
        another hook is registered. Where it raises anything, `encode_field` says what is wrong.

        Raises:
            ModelError: the field's type can't be stored.
        """
        plan = self.field_plan(field)
        if plan.coder.open_ended:
            return partial(self.encode_field, field)
        return plan.encode if plan.has_absence else plan.coder.encode

    def decode_field(self, field: Field, attribute_value: Mapping[str, Any]) -> Any:
        """A field's value of an attribute that is there.

        Raises:
            DecodeFailure: it does not fit; the path begins inside the field.
            ModelError: the field's type can't be stored.
        """
        plan = self.field_plan(field)
        try:
            return plan.decode(attribute_value)
        except RecursionError as error:
            raise DecodeFailure("nested too deeply to be read") from error

    def decode_stored_field(self, field: Field, attribute_value: Mapping[str, Any]) -> Any:
        """A field's value of an attribute of an item: where it is a key, it has to be the one that
        is written for what was read.

        Raises:
            DecodeFailure: it does not fit; the path begins inside the field.
            ModelError: the field's type can't be stored.
        """
        value = self.decode_field(field, attribute_value)
        if field.is_key:
            plan = self.field_plan(field)
            if not has_one_form(plan.coder):
                compare(plan, value, attribute_value)
        return value

    def absent(self, field: Field) -> Any:
        """What absence of a field's attribute reads as.

        Raises:
            DecodeFailure: the field has no default.
        """
        return self.field_plan(field).absent()

    def field_plan(self, field: Field) -> FieldPlan:
        """What is done with a field."""
        return self._builder().plan(field, field.owner)

    def tags_of(self, annotation: Annotation, field: Field | None) -> frozenset[str] | None:
        """The types of DynamoDB's that values of a field, or of a type, may be stored as; None
        where that is not known.

        Raises:
            ModelError: the type can't be stored.
        """
        return (self._coder(annotation) if field is None else self.field_plan(field).coder).tags

    def prepare(self, annotation: Annotation) -> None:
        """Find now what can't be stored.

        Raises:
            ModelError: the type, or one inside it, can't be stored; class and field are named.
        """
        self._coder(annotation)

    def _coder(self, annotation: Annotation) -> Coder:
        builder = self._builder()
        return builder.known(annotation) or builder.coder(annotation, type_name(annotation))

    def _builder(self) -> Builder:
        converter = self._converter
        if converter is not None and (
            converter.get_unstructure_hook(Generation) is not self._encoding_hook
            or converter.get_structure_hook(Generation) is not self._decoding_hook
        ):
            self._refresh(converter)
        return self._built

    def _unstructure(self, value: Any) -> AttributeValue:
        """`converter.unstructure` where the user has no hook."""
        return self.encode_value(type(value), value, subject=type_name(type(value)))

    def _structure(self, attribute_value: Any, annotation: Annotation) -> Any:
        """`converter.structure` where the user has no hook."""
        try:
            return self.decode_value(annotation, attribute_value)
        except DecodeFailure as failure:
            raise item_decode_error(failure, model=annotation, key={}) from failure


def _encoded(encode: Callable[[Any], Any], coder: Coder, value: object, subject: str) -> Any:
    try:
        encoded = encode(value)
        if coder.open_ended and encoded is not None:
            _check_nesting({"": encoded})
    except EncodeFailure as failure:
        raise usage_error(failure, subject) from failure.__cause__
    except RecursionError as error:
        raise _too_deep(subject) from error
    return encoded


def _check_nesting(attribute_map: Mapping[str, Any]) -> None:
    for name, value in attribute_map.items():
        path = _path_below(value, MAX_NESTING - 1)
        if path is not None:
            failure = ValueFailure(
                f"nested deeper than the {MAX_NESTING} levels that DynamoDB keeps"
            )
            raise failure.under(*([name, *path] if name else path))


def _path_below(attribute_value: Mapping[str, Any], levels: int) -> list[Piece] | None:
    """The path to a list or map that is one too many; None if there is none."""
    for tag, payload in attribute_value.items():
        if tag in ("L", "M"):
            if levels == 0:
                return []
            for piece, item in enumerate(payload) if tag == "L" else payload.items():
                below = _path_below(item, levels - 1)
                if below is not None:
                    return [piece, *below]
    return None


def _too_deep(subject: str) -> BadValue:
    return BadValue(
        f"{subject}: nested deeper than the {MAX_NESTING} levels that DynamoDB keeps, or holding "
        "itself"
    )


def codec_of(converter: object) -> Codec:
    """The codec that a database's converter belongs to.

    Raises:
        UsageError: it is no database's.
    """
    get_hook: Callable[[Any], Any] | None = getattr(converter, "get_unstructure_hook", None)
    owner = getattr(get_hook(Generation), "owner", None) if callable(get_hook) else None
    if not isinstance(owner, Codec):
        raise UsageError(
            "converter= takes a database's own, db.converter, not another "
            f"{type(converter).__name__}"
        )
    return owner


_default = Codec()


_OWN_CODEC = "__adorm_codec__"


def default_codec(annotation: Annotation = None) -> Codec:
    """The codec of what belongs to no database. It is shared: register hooks on a database's
    converter instead.

    Args:
        annotation: the class that is read or written. One that was made in a function has a codec
            of its own, which ends with it: a shared one would keep all that a process ever makes.
    """
    cls = origin_of(annotation) or annotation
    if not isinstance(cls, type) or not is_made_in_function(cls):
        return _default
    own: Codec | None = cls.__dict__.get(_OWN_CODEC)
    if own is None:
        own = Codec()
        type.__setattr__(cls, _OWN_CODEC, own)
    return own
