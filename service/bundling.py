"""Builds what Lambda runs: one package per function with nothing but its code, and one layer with all dependencies.

No Docker, and byte for byte the same on every machine: names sorted, times fixed, wheels for Lambda's platform.
Results lie in `.build`, named by what they are made of, so that a second synth only looks them up.
It must not know CDK or any particular function.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / ".build"
PYTHON_VERSION = "3.13"
LAYER_REQUIREMENTS = PROJECT / "service" / "layer" / "requirements.txt"


def function_package(code: Sequence[str]) -> Path:
    """A folder with the Python files of `code` (folders such as "service/api/runtime"), import paths kept."""
    files = sorted({file for folder in code for file in _python_files(PROJECT / folder)})
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(PROJECT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())

    def copy(target: Path) -> None:
        for file in files:
            copied = target / file.relative_to(PROJECT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)

    return _built("function", digest.hexdigest()[:32], copy)


def layer_package(architecture: str) -> Path:
    """A folder for a Lambda layer: `python/` with the pinned requirements for `architecture` ("arm64", "x86_64")."""
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    digest = hashlib.sha256(LAYER_REQUIREMENTS.read_bytes() + Path(__file__).read_bytes() + machine.encode())

    def install(target: Path) -> None:
        uv = Path(sys.executable).parent / "uv"
        subprocess.run(
            [
                *(uv, "pip", "install", "--quiet", "--target", target / "python", "--no-deps"),
                *("--only-binary", ":all:", "--python-version", PYTHON_VERSION),
                *("--python-platform", f"{machine}-manylinux_2_28", "--requirement", LAYER_REQUIREMENTS),
            ],
            check=True,
        )

    return _built("layer", digest.hexdigest()[:32], install)


def _python_files(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*.py")
    while folder != PROJECT:
        folder = folder.parent
        if (folder / "__init__.py").exists():
            yield folder / "__init__.py"


def _built(kind: str, digest: str, build: Callable[[Path], None]) -> Path:
    """`.build/<kind>-<digest>`, built beside it and renamed when whole: a build killed half-way leaves no trace in it."""
    result = BUILD / f"{kind}-{digest}"
    if result.exists():
        return result
    BUILD.mkdir(exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"unfinished-{kind}-", dir=BUILD))
    build(unfinished)
    try:
        os.rename(unfinished, result)
    except OSError:
        if not result.exists():
            raise
        shutil.rmtree(unfinished)
    return result
