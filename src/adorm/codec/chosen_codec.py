"""Which codec reads and writes items outside of a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from adorm.codec.codec import Codec
from adorm.codec.coders.hooks import Generation
from adorm.errors import UsageError
from adorm.schema.types import Annotation, is_made_in_function, origin_of

if TYPE_CHECKING:
    from cattrs import Converter


class HasCodec(Protocol):
    """A database, as far as its codec is concerned."""

    @property
    def codec(self) -> Codec: ...


if TYPE_CHECKING:  # only checkers read it

    class HooksOf(TypedDict, total=False):
        """The database whose hooks are used, by itself or by its converter; by default no hooks."""

        db: HasCodec | None
        converter: Converter | None


def chosen_codec(
    annotation: Annotation, *, db: HasCodec | None = None, converter: Converter | None = None
) -> Codec:
    """The codec of a database, which is given by itself or by its converter.

    Without either it is a codec that has no hooks.

    Args:
        annotation: the class that is read or written.

    Raises:
        UsageError: both are given, or what is given is neither.
    """
    if db is not None and converter is not None:
        raise UsageError("db= and converter= both say whose hooks to use: give one of them")
    if converter is not None:
        return codec_of(converter)
    if db is None:
        return default_codec(annotation)
    codec: object = getattr(db, "codec", None)
    if not isinstance(codec, Codec):
        raise UsageError(
            f"db= takes a database as adorm.connect() makes it, not {type(db).__name__}"
        )
    return codec


def codec_of(converter: object) -> Codec:
    """The codec that a database's converter belongs to."""
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
    """The codec for values that belong to no database.

    It is shared, so hooks are registered on a database's converter instead.

    Args:
        annotation: the class that is read or written. A class that was made in a function has a
            codec of its own, which is collected with it; a shared one would keep it alive.
    """
    cls = origin_of(annotation) or annotation
    if not isinstance(cls, type) or not is_made_in_function(cls):
        return _default
    own: Codec | None = cls.__dict__.get(_OWN_CODEC)
    if own is None:
        own = Codec()
        type.__setattr__(cls, _OWN_CODEC, own)
    return own
