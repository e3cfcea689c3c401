"""`CoderStore`: keeps coders and field plans, and has what is needed to make more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from adorm.codec.absence import FieldPlan
from adorm.codec.coders.coder import Coder
from adorm.codec.coders.hooks import Hooks, hooks_of
from adorm.codec.coders.untyped import AnyCoder
from adorm.schema.fields import DatetimeFormat, Field
from adorm.schema.types import Annotation
from adorm.support.records import Record

if TYPE_CHECKING:
    from types import TracebackType

    import cattrs


class BuildOptions(Record):
    """How types are stored."""

    # the constructor's order
    __slots__ = (  # noqa: RUF023
        "json", "lenient", "truncate", "datetime_format", "default_format"
    )  # fmt: skip

    json: bool
    """For JSON fields, where DynamoDB's limits of numbers do not hold."""
    lenient: bool
    """Takes an unknown class for one that some database has hooks for."""
    truncate: bool
    """Reads times that are finer than a microsecond, without the rest."""
    datetime_format: DatetimeFormat
    """How the texts of datetimes end."""
    default_format: DatetimeFormat
    """How those of fields end whose markers say nothing."""

    def __init__(
        self,
        json: bool = False,
        lenient: bool = False,
        truncate: bool = False,
        datetime_format: DatetimeFormat = "Z",
        default_format: DatetimeFormat = "Z",
    ) -> None:
        self._hold(json, lenient, truncate, datetime_format, default_format)


class CoderStore(ABC):
    """Coders by type and plans by field, of one converter and one set of options.

    Used as a block while a coder is built. What was built is kept when the outermost block ends
    without an error, as a coder may hold one that is not complete before that.
    """

    def __init__(self, converter: cattrs.Converter | None, options: BuildOptions) -> None:
        self.converter = converter
        """Where the user's hooks are; None: there are none."""
        self.options = options
        self.plans: dict[Field, FieldPlan] = {}
        """What is done with each field, as far as plans were made."""
        self.memo: dict[Any, Any] = {}
        """What other modules have made of the coders, under keys of theirs."""
        self._coders: dict[Any, Coder] = {}
        self._new_coders: dict[Any, Coder] = {}
        self._new_plans: dict[Field, FieldPlan] = {}
        self._depth = 0
        self.any = AnyCoder(self._class_coder, json=options.json)
        """The coder of untyped values."""

    @abstractmethod
    def coder(self, annotation: Annotation, where: str) -> Coder:
        """The coder of a type.

        Args:
            where: the class and the field, for messages: `Order.total`.

        Raises:
            ModelError: the type, or one inside it, can't be stored.
        """

    @abstractmethod
    def json_store(self) -> CoderStore:
        """The store for the values of JSON fields."""

    @abstractmethod
    def _class_coder(self, cls: type) -> Coder:
        """The coder of the class of an untyped value."""

    @abstractmethod
    def _forget_all(self) -> None:
        """Drop what was built, in every store that may refer to it."""

    def hooks(self, annotation: Annotation) -> Hooks:
        """The user's hooks for a type."""
        if self.converter is None:
            return Hooks(None, None)
        return hooks_of(self.converter, annotation)

    def known(self, annotation: Annotation) -> Coder | None:
        """The coder of a type that was built before."""
        try:
            return self._coders.get(annotation)
        except TypeError:  # unhashable, as Annotated with a list in it
            return None

    def forget(self) -> None:
        """Drop every coder and plan; the next ones are built anew."""
        self._coders.clear()
        self.plans.clear()

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            if error_type is None:
                self._coders.update(self._new_coders)
                self.plans.update(self._new_plans)
            else:
                self._forget_all()
            self._new_coders.clear()
            self._new_plans.clear()
