"""Between Python values and DynamoDB's attribute maps."""

from adorm.codec.build import check_type
from adorm.codec.codec import Codec, default_codec
from adorm.codec.failures import DecodeFailure, EncodeFailure, item_decode_error
from adorm.codec.sizes import check_item_size, item_size, json_size

__all__ = [
    "Codec",
    "DecodeFailure",
    "EncodeFailure",
    "check_item_size",
    "check_type",
    "default_codec",
    "item_decode_error",
    "item_size",
    "json_size",
]
