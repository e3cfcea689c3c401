"""The virtual environments of the benchmarks: two for each Python.

They are made when they are missing, or when their requirements have changed.

`.venv-bench-3.13` holds every library but aioboto3, which pins an older aiobotocore: that one is in
`.venv-bench-3.13-aioboto3`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from libraries import Environment
from processes import HERE

ROOT = HERE.parent
VERSIONS = ("3.11", "3.13")


def environment(version: str) -> Environment | None:
    """The environment of that Python, ready for use; None where there is no such Python."""
    directory = ROOT / f".venv-bench-{version}"
    for own, requirements in (
        (directory, HERE / "requirements.txt"),
        (directory.with_name(directory.name + "-aioboto3"), HERE / "requirements-aioboto3.txt"),
    ):
        if not made(own, requirements, version):
            return None
    return Environment(directory)


def made(directory: Path, requirements: Path, version: str) -> bool:
    stamp = directory / ".made"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    python = next(interpreters(version), None)
    if python is None:
        return False
    print(f"== making {directory.name}", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", directory], check=True)
    pip = [
        str(directory / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    stamp.write_text(wanted)
    return True


def interpreters(version: str) -> Iterator[Path]:
    """Pythons of that version: on the path, then pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = shutil.which(f"python{version}")
    candidates = [
        *([Path(found)] if found else []),
        *sorted(root.glob(f"versions/{version}*/bin/python{version}"), reverse=True),
    ]
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        asked = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip() == version:
            yield candidate
