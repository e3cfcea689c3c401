"""`FieldSets`: the fields that an update gives a plain value each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.dynamodb.values import AttributeValue
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.placeholders import Encoder, FieldsEncoder
from adorm.expressions.updates import shape_of_set

WORTHWHILE_USES = 16
"""After so many updates of the same fields a function is generated that encodes their values. That
takes as long as 50 updates save by it."""


class FieldSets:
    """`SET field = value` for each of some fields, in their order. It is a shape by itself, equal
    only to itself, which stands for the shapes of these clauses.

    Args:
        paths: of the fields.
    """

    __slots__ = ("_encode", "_encoder", "_fields", "_uses", "shapes")

    def __init__(self, paths: tuple[DocumentPath, ...], encoder: Encoder) -> None:
        self._fields = [path.field for path in paths if path.field is not None]
        self._encoder = encoder
        self._encode: FieldsEncoder | None = None
        self._uses = 0
        self.shapes = tuple([shape_of_set(path) for path in paths])
        """Of the clauses, where every value is there."""

    def encode(self, values: Sequence[Any]) -> tuple[dict[str, AttributeValue | None], bool]:
        """The attribute values by attribute name, None for absence. And whether all are there, and
        no two are written alike; False where that is not known.

        Raises:
            UsageError: a value can't be stored.
        """
        encode = self._encode
        if encode is not None:
            try:
                return encode(values)
            except Exception:  # noqa: BLE001, S110  # encode_field says what is wrong
                pass
        else:
            self._uses += 1
            if self._uses > WORTHWHILE_USES:
                self._encode = self._encoder.fields_encoder(self._fields)
        encode_field = self._encoder.encode_field
        return {
            field.attribute_name: encode_field(field, value)
            for field, value in zip(self._fields, values, strict=True)
        }, False
