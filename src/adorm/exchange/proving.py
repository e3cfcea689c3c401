"""Do generated models give the items back that they were made of?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import UsageError


def changed_attributes(
    source: str, items: Mapping[str, Sequence[AttributeMap]]
) -> dict[tuple[str, str], int]:
    """In how many items an attribute did not come back as it is stored, by class and attribute.

    Args:
        source: the text of the models. It is run.
        items: by the name of their class.
    """
    namespace: dict[str, Any] = {"__name__": "adorm_models"}
    code = compile(source, "<generated models>", "exec", dont_inherit=True)
    exec(code, namespace)  # noqa: S102  # adorm wrote it
    codec = Codec()
    changed: dict[tuple[str, str], int] = {}
    for name, stored in items.items():
        for item in stored:
            for attribute in _changed(codec, namespace[name], item):
                changed[name, attribute] = changed.get((name, attribute), 0) + 1
    return changed


def _changed(codec: Codec, model: type[Any], item: AttributeMap) -> list[str]:
    try:
        written = codec.encode(codec.decode(model, item), model)
    except DecodeFailure as failure:
        return [str(failure.pieces[0])] if failure.pieces else list(item)
    except UsageError:  # a value that was read can't be written: which, the attributes tell
        return list(item)
    return [
        name
        for name in {**item, **written}
        if name not in item
        or name not in written
        or canonical(item[name]) != canonical(written[name])
    ]
