"""Python itself."""

from told import tell

tell()
