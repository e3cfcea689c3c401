"""What every asyncio client of an HTTPS service imports."""

import asyncio  # noqa: F401  # pyright: ignore[reportUnusedImport]  # the import is what is measured
import ssl  # noqa: F401  # pyright: ignore[reportUnusedImport]  # the import is what is measured

from told import tell

tell()
