"""Public names of a package that are imported when they are first asked for.

The names stand once, in the package's stub `__init__.pyi`, which type checkers read too:
`from adorm.errors import AccessDenied as AccessDenied`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

_IMPORT = re.compile(r"^from (\S+) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_NAME = re.compile(r"(\w+) as \1\b")


def lazy_names(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the functions `__getattr__` and `__dir__` of a package.

    The stub is read when the first public name is asked for. `__all__` is answered too, so that
    `from adorm import *` works.

    Raises:
        ImportError: the package was installed without its stub `__init__.pyi`.
        AttributeError: by `__getattr__`, for a name that the stub does not have.
    """
    modules: dict[str, str] = {}

    def module_by_name() -> dict[str, str]:
        if not modules:
            modules.update(read_stub(package))
        return modules

    def module_getattr(name: str) -> object:
        if name == "__all__":
            return sorted(module_by_name())
        module = None if name.startswith("__") else module_by_name().get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(module), name)
        setattr(sys.modules[package], name, value)
        return value

    def module_dir() -> list[str]:
        dunders = {name for name in vars(sys.modules[package]) if name.startswith("__")}
        return sorted({*dunders, *module_by_name(), "__all__"})

    return module_getattr, module_dir


def read_stub(package: str) -> dict[str, str]:
    """The module of each public name, as the package's stub lists them."""
    module: Any = import_module(package)
    try:
        # the loader reads from archives too; pkgutil does the same, but takes 2 ms to import
        stub: bytes = module.__loader__.get_data(f"{module.__path__[0]}{os.sep}__init__.pyi")
    except OSError as error:
        raise ImportError(
            f"{package} was installed without its file __init__.pyi, which lists its names: "
            "include the package's data files where you bundle it"
        ) from error
    return {
        name: module
        for module, names in _IMPORT.findall(stub.decode())
        for name in _NAME.findall(names)
    }
