"""The texts in a small XML document, read safely: the server may not be the expected one.

Only elements and text are read. A document with a document type is refused: without one it can't
define entities, which could grow without end or name files. Depth and size are limited.
"""

from __future__ import annotations

from xml.parsers import expat

MAX_DEPTH = 16
MAX_BYTES = 256 * 1024


class UnreadableXml(ValueError):
    """It is not XML, or exceeds a limit."""


def leaves_of(document: bytes) -> dict[str, str]:
    """The text of each element by the path of local names: `{"ErrorResponse/Error/Code": "..."}`.

    White space around a text is removed. If a path occurs twice, the first text is given.

    Raises:
        UnreadableXml: it is not well formed, has a document type, is nested deeper than 16 or
            larger than 256 KiB.
    """
    if len(document) > MAX_BYTES:
        raise UnreadableXml("it is too large")
    parser = expat.ParserCreate("utf-8")
    reader = _Reader()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise UnreadableXml(f"not well formed: {expat.ErrorString(error.code)}") from None
    return reader.leaves


class _Reader:
    """Keeps the path of the current element, and the text in it so far."""

    def __init__(self) -> None:
        self.leaves: dict[str, str] = {}
        self._path: list[str] = []
        self._texts: list[list[str]] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) == MAX_DEPTH:
            raise UnreadableXml("it is nested too deeply")
        self._path.append(name.rpartition(":")[2])
        self._texts.append([])

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)

    def end(self, _name: str) -> None:
        self.leaves.setdefault("/".join(self._path), "".join(self._texts.pop()).strip())
        self._path.pop()


def _refuse_doctype(
    _name: str, _system_id: str | None, _public_id: str | None, _has_internal_subset: bool
) -> None:
    raise UnreadableXml("it has a document type")
