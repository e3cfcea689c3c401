"""`import adorm` and nothing more."""

from told import tell

import adorm  # noqa: F401  # pyright: ignore[reportUnusedImport]  # the import is what is measured

tell()
