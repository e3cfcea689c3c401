"""Internal: the parser of projections: document paths with commas between them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

from __future__ import annotations

from adorm.memory.expressions.lru_cache import cached_by_text
from adorm.memory.expressions.nodes import Path
from adorm.memory.expressions.parser import Parser


@cached_by_text
def parse_projection(text: str) -> tuple[Path, ...]:
    """Parse the paths of a projection, in the order of the text.

    Raises:
        ExpressionFault: the text has a syntax error, exceeds a limit or uses a reserved word.
    """
    return _ProjectionParser(text).parse()


class _ProjectionParser(Parser):
    fault_order = ("reserved", "path")

    def parse(self) -> tuple[Path, ...]:
        paths = [self.take_path()]
        while self.at_symbol(","):
            self.at += 1
            paths.append(self.take_path())
        self.take_end()
        self.raise_faults()
        return tuple(paths)
