"""Internal: counts the operators of a condition; the service accepts at most 300.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.memory.partiql.tokens import Token
from adorm.memory.partiql.words import CONDITION_FUNCTIONS


def count_operators(tokens: Sequence[Token]) -> int:
    """The number of operators that the service counts in a condition.

    Each of these counts one: AND, OR, NOT, a comparison, IN, BETWEEN (without its AND), IS, and a
    call of a function. A NOT before IN or BETWEEN, or after IS, counts too.
    """
    count = 0
    for at, token in enumerate(tokens):
        if token.kind == "operator":
            word = token.text
            if word in ("between", "+", "-", "*", "/", "%", "||"):
                continue  # the AND of a BETWEEN counts for both
            count += 1 + (word in ("is_not", "not_in"))
        elif token.text.lower() in CONDITION_FUNCTIONS and at + 1 < len(tokens):
            count += tokens[at + 1].text == "("
    return count
