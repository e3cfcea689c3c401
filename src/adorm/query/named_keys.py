"""`.index(Order.by_status)`: the key of an index that a query or scan names."""

from __future__ import annotations

from adorm.errors import UsageError
from adorm.items.key_makers import IndexKey
from adorm.models import ModelInfo
from adorm.schema.item_keys import ItemKey, distinct_parts


def named_key(info: ModelInfo, named: object) -> ItemKey:
    """The model's key that was named by its declaration.

    Raises:
        UsageError: it is no key of an index, or one of another model.
    """
    if isinstance(named, IndexKey):
        declared: object = getattr(info.model, named.name, None)
        for key in info.readable_keys.get(named.index or "", ()):
            if declared is named and key.name == named.name:
                return key
    names = ", ".join(f"{info.name}.{key.name}" for key in info.index_keys) or "none"
    if isinstance(named, IndexKey):
        raise UsageError(
            f"{named.name} of index {named.index!r} is no key of {info.name}; "
            f"its keys of indexes are {names}"
        )
    raise UsageError(
        f".index(...) takes the name of an index, or a key of one such as Order.by_status, not "
        f"{named!r}; the keys of indexes of {info.name} are {names}"
    )


def check_partitions_alike(info: ModelInfo, index_name: str) -> None:
    """Refuse `query(value)` of an index whose keys have partition keys of different parts.

    Raises:
        UsageError: nothing says which of the parts the value is.
    """
    keys = info.readable_keys[index_name]
    if len({tuple(distinct_parts([key.partition])) for key in keys}) > 1:
        raise several_keys(info, index_name)


def several_keys(info: ModelInfo, index_name: str) -> UsageError:
    """What is wrong where an index was named, and one of its several keys is needed."""
    names = [f"{info.name}.{key.name}" for key in info.readable_keys[index_name]]
    return UsageError(
        f"{index_name} has keys {', '.join(names[:-1])} and {names[-1]}: name one, "
        f".index({names[-1]})"
    )
