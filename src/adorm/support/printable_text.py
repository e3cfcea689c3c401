"""Foreign text in messages: in one line, without control characters, and not too long."""

from __future__ import annotations

MOST_SHOWN = 120
"""Characters of a key, a code or a foreign text in a message."""


def shown(text: str, most: int = MOST_SHOWN) -> str:
    """The text as it may stand in a message: what can't be printed is escaped, the rest is cut.

    Line breaks read `\\n`, a lone surrogate `\\udc80`: a message with it can be printed, encoded
    and logged as one line.
    """
    cut = text if len(text) <= most else f"{text[:most]}..."
    return cut if cut.isprintable() else "".join(map(_escaped, cut))


def printable(text: str) -> str:
    """The same text with lone surrogates escaped, which UTF-8 can't encode."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def reason_of(error: BaseException) -> str:
    """The message of a foreign error, or the name of its type where it has none."""
    text = shown(" ".join(str(error).split()))
    return text if any(map(str.isalnum, text)) else type(error).__name__
