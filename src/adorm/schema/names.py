"""How attribute names are made of field names, and what a message says of an unknown name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adorm.errors import ModelError


def camel_case(name: str) -> str:
    """`customer_id` becomes `customerId`, `itemID` `itemID`, `_user_name` `_userName`."""
    begin, first, rest = _words(name)
    return begin + first + "".join(map(_with_capital, rest))


def pascal_case(name: str) -> str:
    """`customer_id` becomes `CustomerId`, `itemID` `ItemID`, `_user_name` `_UserName`."""
    begin, first, rest = _words(name)
    return begin + "".join(map(_with_capital, (first, *rest)))


def _words(name: str) -> tuple[str, str, list[str]]:
    """The leading underscores, the first word, and the other words of a name.

    The underscores stay, so that `_name` and `name` have different attribute names.
    """
    words = name.lstrip("_")
    first, *rest = words.split("_")
    return name[: len(name) - len(words)], first, rest


def _with_capital(word: str) -> str:
    """A word with a capital first letter; the other letters stay: `itemID` becomes `ItemID`."""
    return word[:1].upper() + word[1:]


NAMINGS: Mapping[str, Callable[[str], str]] = {"camelCase": camel_case, "PascalCase": pascal_case}


def naming_function(naming: str | Callable[[str], str], owner: str) -> Callable[[str], str]:
    """The function behind `naming=`."""
    if callable(naming):
        return naming
    try:
        return NAMINGS[naming]
    except KeyError as error:
        raise ModelError(
            f"{owner}: naming is {naming!r}; it is one of {', '.join(NAMINGS)}, or a function "
            "from field name to attribute name"
        ) from error


def unknown_field(
    owner: str, name: str, known: Mapping[str, object] | Sequence[str], *, kind: str = "field"
) -> str:
    """The message about a field name that a class does not have, with a name that is like it.

    Args:
        kind: what the names are of, where they are not of all fields.
    """
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(known) or 'none'}"
    return f"{owner} has no {kind} {name!r}{hint}"
