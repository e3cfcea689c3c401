"""Public names of a package that are imported when they are first asked for.

The names stand once, in the package's stub `__init__.pyi`, which type checkers read too:
`from adorm.errors import AccessDenied as AccessDenied`.
"""

# `import adorm` loads this module, so it imports only what Python has loaded already.
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not loaded either
    from collections.abc import Callable
    from typing import Any


def lazy_names(package: str) -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
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
        __import__(module)
        value: object = getattr(sys.modules[module], name)
        setattr(sys.modules[package], name, value)
        return value

    def module_dir() -> list[str]:
        dunders = {name for name in vars(sys.modules[package]) if name.startswith("__")}
        return sorted({*dunders, *module_by_name(), "__all__"})

    return module_getattr, module_dir


def read_stub(package: str) -> dict[str, str]:
    """The module of each public name, as the package's stub lists them: in lines of `from module
    import name as name`, and in nothing else."""
    __import__(package)
    module: Any = sys.modules[package]
    try:
        # the loader reads from archives too; pkgutil does the same, but takes 2 ms to import
        stub: bytes = module.__loader__.get_data(f"{module.__path__[0]}{os.sep}__init__.pyi")
    except OSError as error:
        raise ImportError(
            f"{package} was installed without its file __init__.pyi, which lists its names: "
            "include the package's data files where you bundle it"
        ) from error
    # the work of a parser, which would take longer to load than all other work here
    words = stub.decode().replace("(", " ").replace(")", " ").replace(",", " ").split()
    found: dict[str, str] = {}
    origin = ""
    for at, word in enumerate(words):
        if word == "from":
            origin = words[at + 1]
        elif word == "as":
            found[words[at + 1]] = origin
    return found
