"""No line of the source is longer than 100 characters.

ruff's E501 passes over lines that end in a `# noqa`, `# type: ignore` or `# pyright: ignore`. Here
only an address that stands by itself may be longer, since it can't be broken.
"""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "adorm"
ADDRESS = re.compile(r"\s*(# )?([\w ]+: )?https://\S+")


def test_no_line_is_longer_than_100_characters() -> None:
    long = [
        f"{path.relative_to(SOURCE)}:{number}: {len(line)}"
        for path in sorted(SOURCE.rglob("*.py*"))
        if path.suffix in (".py", ".pyi")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > 100 and not ADDRESS.fullmatch(line)
    ]
    assert not long, "\n".join(long)
