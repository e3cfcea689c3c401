"""The cattrs hooks of users: how they are found and called.

A converter of `make_converter` has a hook for every type. Where the user has registered none, it is
an `OwnHook`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, cast, get_origin

from adorm.codec.coders.coder import Coder, Decode, Encode, made_once
from adorm.codec.failures import DecodeFailure, EncodeFailure, ValueFailure, brief
from adorm.dynamodb.values import TAGS
from adorm.errors import AdormError, BadValue, ItemDecodeError, UsageError
from adorm.schema.scalar_types import scalars_below_others
from adorm.schema.types import Annotation
from adorm.support.records import Record

if TYPE_CHECKING:
    import cattrs


class OwnHook:
    """The hook of a converter for a type that the user has registered none for."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    @property
    def owner(self) -> object:
        """The codec whose converter it is."""
        return getattr(self._call, "__self__", None)

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)


class Hooks(Record):
    """The user's hooks for one type; None where there is none."""

    unstructure: Callable[[Any], Any] | None
    structure: Callable[[Any, Any], Any] | None

    def __bool__(self) -> bool:
        return self.unstructure is not None or self.structure is not None


def make_converter(
    unstructure: Callable[[Any], Any], structure: Callable[[Any, Any], Any]
) -> cattrs.Converter:
    """A converter between values and attribute values, for users to register hooks on.

    Args:
        unstructure: what it does with a value where there is no hook.
        structure: what it does with an attribute value and a type where there is none.
    """
    from pathlib import Path

    import cattrs  # 9 ms, which only those pay who have hooks

    class Converter(cattrs.Converter):
        """Notes the types that structure hooks are registered for.

        cattrs asks predicates before it looks for a hook of a union, so adorm's own predicate must
        not claim a union that has one.
        """

        def __init__(self) -> None:
            self.with_structure_hook: set[Any] = set()
            super().__init__(detailed_validation=False)

        def register_structure_hook(self, cl: Any, func: Any = None) -> Any:
            if func is None:  # as a decorator: cattrs calls it again with both
                return super().register_structure_hook(cl)
            self.with_structure_hook.add(cl)
            return super().register_structure_hook(cl, func)

    converter = Converter()
    known_to_cattrs = (str, bytes, int, float, Path)  # which has hooks of its own for them
    # subclasses, which a user's hook for their base must not catch
    for cls in (*known_to_cattrs, *scalars_below_others()):
        converter.register_unstructure_hook(cls, OwnHook(unstructure))
        converter.register_structure_hook(cls, OwnHook(structure))

    def own_unstructure(_: Any) -> OwnHook:
        return OwnHook(unstructure)

    def own_structure(_: Any) -> OwnHook:
        return OwnHook(structure)

    # factories, as cattrs forgets what they made as soon as any hook is registered
    noted = converter.with_structure_hook
    converter.register_unstructure_hook_factory(lambda _: True, own_unstructure)
    converter.register_structure_hook_factory(
        lambda annotation: annotation not in noted, own_structure
    )
    return converter


class Generation:
    """A type for which a converter's hook is another object after any hook has been registered."""


def hooks_of(converter: cattrs.Converter, annotation: Annotation) -> Hooks:
    """The user's hooks for a type."""
    unstructure = _users(converter.get_unstructure_hook, annotation)
    structure = _users(converter.get_structure_hook, annotation)
    return Hooks(unstructure, structure)


def _users(get_hook: Callable[[Any], Any], annotation: Annotation) -> Any:
    try:
        hook = get_hook(annotation)
        origin = get_origin(annotation)
        if (
            isinstance(hook, OwnHook)
            and isinstance(origin, type)
            and origin not in (list, dict, set, frozenset, tuple)
        ):
            hook = get_hook(origin)
    except TypeError:  # unhashable, so nothing can be registered for it
        return None
    if isinstance(hook, OwnHook):
        return None
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        # a hook for str is not meant for every StrEnum
        mro: tuple[type[Any], ...] = annotation.__mro__
        bases = [base for base in mro if not issubclass(base, Enum) and base is not object]
        if any(get_hook(base) is hook for base in bases):
            return None
    return hook


class HookCoder(Coder):
    """A type that the user has registered a hook for, or two; the other direction is adorm's."""

    def __init__(self, name: str, annotation: Annotation, hooks: Hooks) -> None:
        cls = get_origin(annotation) or annotation
        super().__init__(name, None, (cls,) if isinstance(cls, type) else (), open_ended=True)
        self._annotation = annotation
        self._hooks = hooks
        self.own: Coder | None = None
        """The coder for the direction that has no hook."""

    @made_once
    def encode(self) -> Encode:
        hook, name = self._hooks.unstructure, self.name
        if hook is None:
            return cast("Coder", self.own).encode

        def encode_by_hook(value: Any) -> dict[str, Any]:
            try:
                encoded = hook(value)
            except (EncodeFailure, RecursionError):
                raise
            except BadValue as error:
                raise ValueFailure(str(error)) from error
            except UsageError as error:
                raise EncodeFailure(str(error)) from error
            except AdormError:
                raise
            except Exception as error:  # a user's hook raises what it likes
                raise EncodeFailure(
                    f"the unstructure hook of {name} failed: {type(error).__name__}: {error}"
                ) from error
            if encoded.__class__ is not dict or len(encoded) != 1 or not TAGS.issuperset(encoded):
                raise EncodeFailure(
                    f"the unstructure hook of {name} gave {brief(encoded)}; it has to give an "
                    f'attribute value such as {{"S": "x"}}'
                )
            return encoded

        return encode_by_hook

    @made_once
    def decode(self) -> Decode:
        hook, name, annotation = self._hooks.structure, self.name, self._annotation
        if hook is None:
            return cast("Coder", self.own).decode

        def decode_by_hook(attribute_value: Any) -> Any:
            try:
                return hook(attribute_value, annotation)
            except (DecodeFailure, RecursionError):
                raise
            except Exception as error:  # a user's hook raises what it likes
                if isinstance(error, ItemDecodeError) and isinstance(
                    error.__cause__, DecodeFailure
                ):
                    # of a type inside this one
                    raise error.__cause__ from error.__cause__.__cause__
                raise DecodeFailure(
                    f"the structure hook of {name} failed: {type(error).__name__}: {error}"
                ) from error

        return decode_by_hook
