"""`Codec`: between Python values and DynamoDB's attribute values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from adorm.codec.absence import FieldPlan
from adorm.codec.build import Builder, BuildOptions
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.hooks import Generation, make_converter
from adorm.codec.compiled.items import StructCoder
from adorm.codec.compiled.keys import compare, comparing_decoder, has_one_form
from adorm.codec.failures import DecodeFailure, EncodeFailure, item_decode_error, usage_error
from adorm.codec.sizes import check_nesting, nested_too_deeply
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import UsageError
from adorm.schema.fields import DatetimeFormat, Field
from adorm.schema.types import Annotation, type_name

if TYPE_CHECKING:
    import cattrs

    from adorm.codec.compiled.fields import FieldsEncoder
    from adorm.codec.compiled.pages import PageParser


class Codec:
    """Turns values into attribute values and back.

    Each database has one; it may be used in several threads.

    Users register cattrs hooks on its `converter`: `register_unstructure_hook(Money, lambda m:
    {"S": str(m)})` and `register_structure_hook(Money, lambda v, _: Money(v["S"]))`. A hook is used
    for all values of its type, inside containers and unions with None too, from the next call on.

    Methods that encode raise `UsageError` for a value that can't be stored, methods that decode
    `DecodeFailure` for one that does not fit, with a path that begins inside the field. Both raise
    `ModelError` for a type that can't be stored.
    """

    def __init__(self, datetime_format: DatetimeFormat = "Z") -> None:
        self._options = BuildOptions(
            datetime_format=datetime_format, default_format=datetime_format
        )
        self._converter: cattrs.Converter | None = None
        self._making = Lock()
        self._built = Builder(None, self._options)
        self._decoders: dict[Any, Callable[[Mapping[str, Any]], Any]] = {}
        self._page_parsers: dict[Any, PageParser | None] = {}
        self._encoding_hook: Any = None
        self._decoding_hook: Any = None

    @property
    def converter(self) -> cattrs.Converter:
        """Where users register hooks.

        It is made at its first use: before that there are no hooks, and none are looked up.
        """
        with self._making:
            if self._converter is None:
                self._converter = make_converter(self._unstructure, self._structure)
            return self._converter

    def _refresh(self, converter: cattrs.Converter) -> None:
        """Forget every coder, as other hooks are registered now."""
        encoding = converter.get_unstructure_hook(Generation)
        decoding = converter.get_structure_hook(Generation)
        self._built = Builder(converter, self._options)
        self._decoders = {}
        self._page_parsers = {}
        # last: another thread must not take the old coders for those of the new hooks
        self._encoding_hook, self._decoding_hook = encoding, decoding

    @property
    def memo(self) -> dict[Any, Any]:
        """Where other modules keep what they have made of its coders, under keys of theirs.

        It is a new, empty one after another hook was registered.
        """
        return self._built.memo if self._converter is None else self._builder().memo

    def encode(
        self, obj: object, annotation: Annotation = None, *, as_item: bool = True
    ) -> AttributeMap:
        """The attribute map of a structured value or a dict, `{"pk": {"S": "x"}, ...}`.

        Absent attributes are left out.

        Args:
            annotation: its type; by default the value's own class.
            as_item: whether the attributes that are no fields are wanted too: keys that are made of
                parts, and the type.

        Raises:
            UsageError: something in it can't be stored; the message names class, field and path.
            ModelError: its type can't be stored.
        """
        cls = type(obj) if annotation is None else annotation
        builder = self._built if self._converter is None else self._builder()
        coder = builder.known(cls) or self._coder(cls)
        try:
            if isinstance(coder, StructCoder):
                content: AttributeMap = coder.encode_item(obj) if as_item else coder.encode_map(obj)
            else:
                encoded = coder.encode(obj)
                if "M" not in encoded:
                    raise UsageError(
                        f"{coder.name} is stored as {'/'.join(encoded)}, so it can't be an item"
                    )
                content = encoded["M"]
            if coder.open_ended:
                check_nesting(content)
        except EncodeFailure as failure:
            raise usage_error(failure, coder.name) from failure.__cause__
        except RecursionError as error:
            raise nested_too_deeply(coder.name) from error
        return content

    def decode(
        self, annotation: Annotation, attribute_map: Mapping[str, Any], *, stored: bool = True
    ) -> Any:
        """A structured value of an attribute map. Attributes that no field declares are ignored.

        Args:
            stored: whether it is an item of a table. Then its key has to be the one that would be
                written for what was read.

        Raises:
            DecodeFailure: it does not fit; `item_decode_error` makes the error that users get.
            ModelError: the type can't be stored.
        """
        if stored:
            return self.decoder(annotation)(attribute_map)
        return self._make_decoder(annotation, stored=False)(attribute_map)

    def decoder(self, annotation: Annotation) -> Callable[[Mapping[str, Any]], Any]:
        """`decode` with `stored=True`, for many items of one type."""
        if self._converter is not None:
            # also after an unstructure hook: a key is compared with what would be written
            self._builder()
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
        decode: Callable[[Mapping[str, Any]], Any]
        computed = coder.computed if isinstance(coder, StructCoder) else None
        if computed is not None and computed.choose is not None:
            if not stored:
                raise UsageError(
                    f"{coder.name} is abstract, and only an item of its table says of which "
                    "subclass it is: give the subclass"
                )
            decode = self._choosing_decoder(coder.name, computed.choose)
        elif isinstance(coder, StructCoder):
            decode = coder.decode_map
            if stored:
                decode = coder.with_after_load(comparing_decoder(coder))
        else:
            decode_value = coder.decode
            decode = lambda attribute_map: decode_value({"M": attribute_map})  # noqa: E731  # short

        def decode_item(attribute_map: Mapping[str, Any]) -> Any:
            try:
                return decode(attribute_map)
            except RecursionError as error:
                raise DecodeFailure("nested too deeply to be read") from error

        return decode_item

    def _choosing_decoder(
        self, name: str, choose: Callable[[Mapping[str, Any]], Any]
    ) -> Callable[[Mapping[str, Any]], Any]:
        """Decodes an item of an abstract model as the subclass that it is of."""

        def decode(attribute_map: Mapping[str, Any]) -> Any:
            model = choose(attribute_map)
            if model is None:
                raise DecodeFailure(f"the item is of no subclass of {name}")
            return self.decode(model, attribute_map)

        return decode

    def page_parser(self, model: type[Any]) -> PageParser | None:
        """What parses answers with items of a model straight from their bytes.

        It is None where a hook reads the whole item, and for an abstract model. It is another one
        after a hook was registered.
        """
        coder = self._coder(model)
        if model not in self._page_parsers:
            # here, as a program that reads single items needs none
            from adorm.codec.compiled.pages import PageParser

            parser = PageParser(coder) if isinstance(coder, StructCoder) else None
            computed = coder.computed if isinstance(coder, StructCoder) else None
            if computed is not None and computed.choose is not None:
                parser = None  # the class of an item is known only once it is read
            self._page_parsers[model] = parser
        return self._page_parsers[model]

    def encode_value(
        self,
        annotation: Annotation,
        value: object,
        *,
        subject: str = "value",
        within: Field | None = None,
    ) -> AttributeValue:
        """The attribute value of one value, as a field of that type would hold it, `{"N": "5"}`.

        For None it is `{"NULL": True}`.

        Args:
            subject: the name of the value in a message: `Order.total`.
            within: the field that it lies in; its marker may say how it is stored.
        """
        if within is None:
            coder = self._coder(annotation)
        else:
            coder = self._builder().for_values_in(within).coder(annotation, type_name(annotation))
        try:
            encoded: AttributeValue = coder.encode(value)
            if coder.open_ended:
                check_nesting({"": encoded})
        except EncodeFailure as failure:
            raise usage_error(failure, subject) from failure.__cause__
        except RecursionError as error:
            raise nested_too_deeply(subject) from error
        return encoded

    def decode_value(self, annotation: Annotation, attribute_value: Mapping[str, Any]) -> Any:
        """The value of one attribute value."""
        decode = self._coder(annotation).decode
        try:
            return decode(attribute_value)
        except RecursionError as error:
            raise DecodeFailure("nested too deeply to be read") from error

    def encode_field(self, field: Field, value: object) -> AttributeValue | None:
        """The attribute value of a field's value, as its marker says; None for absence."""
        builder = self._built if self._converter is None else self._builder()
        plan = builder.plans.get(field) or builder.plan(field, field.owner)
        coder = plan.coder
        # written out, not in a function: an update passes here with each of its values
        try:
            encoded: AttributeValue | None = (
                plan.encode(value) if plan.has_absence else coder.encode(value)
            )
            if coder.open_ended and encoded is not None:
                check_nesting({"": encoded})
        except EncodeFailure as failure:
            raise usage_error(failure, plan.where) from failure.__cause__
        except RecursionError as error:
            raise nested_too_deeply(plan.where) from error
        return encoded

    def fields_encoder(self, fields: Sequence[Field]) -> FieldsEncoder:
        """A faster `encode_field` for several fields, until another hook is registered.

        Where it raises anything, `encode_field` says what is wrong.
        """
        # here, as a program that updates little needs none
        from adorm.codec.compiled.fields import make_fields_encoder

        return make_fields_encoder([self.field_plan(field) for field in fields], self.encode_field)

    def decode_field(self, field: Field, attribute_value: Mapping[str, Any]) -> Any:
        """The value of a field whose attribute is present."""
        plan = self.field_plan(field)
        try:
            return plan.decode(attribute_value)
        except RecursionError as error:
            raise DecodeFailure("nested too deeply to be read") from error

    def decode_stored_field(self, field: Field, attribute_value: Mapping[str, Any]) -> Any:
        """The value of a field whose attribute is present in an item of a table.

        A key has to be the one that would be written for what was read.
        """
        value = self.decode_field(field, attribute_value)
        if field.is_key:
            plan = self.field_plan(field)
            if not has_one_form(plan.coder):
                compare(plan, value, attribute_value)
        return value

    def absent(self, field: Field) -> Any:
        """The value of a field whose attribute is absent."""
        return self.field_plan(field).absent()

    def field_plan(self, field: Field) -> FieldPlan:
        """What is done with a field."""
        return self._builder().plan(field, field.owner)

    def tags_of(self, annotation: Annotation, field: Field | None) -> frozenset[str] | None:
        """The tags that values of a field, or of a type, may be stored under.

        It is None where a hook decides that.
        """
        return (self._coder(annotation) if field is None else self.field_plan(field).coder).tags

    def prepare(self, annotation: Annotation) -> None:
        """Make the coder of a type now, so that a type that can't be stored is found at once.

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
        """What `converter.unstructure` does where the user has no hook."""
        return self.encode_value(type(value), value, subject=type_name(type(value)))

    def _structure(self, attribute_value: Any, annotation: Annotation) -> Any:
        """What `converter.structure` does where the user has no hook."""
        try:
            return self.decode_value(annotation, attribute_value)
        except DecodeFailure as failure:
            raise item_decode_error(failure, model=annotation, key={}) from failure
