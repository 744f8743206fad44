"""Builds what Lambda runs: one package per function with nothing but its code, and one layer with all dependencies.

No Docker, and the same bytes on every machine: names sorted, times fixed, wheels for Lambda's platform, bytecode by
Pyodide (Lambda's Python as WebAssembly) whatever Python this machine has. Results lie where Node's tools keep what can
be made again, named by what they are made of, so that a second synth only looks them up; `npm ci` empties it.
It must not know CDK or any particular function.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import itertools
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from service.packaging import trimming

PROJECT = Path(__file__).resolve().parent.parent.parent
BUNDLES = PROJECT / "node_modules" / ".cache" / "bundles"
PYTHON_VERSION = "3.13"
LAYER = PROJECT / "service" / "packaging" / "layer"
COMPILE = LAYER / "compile.mjs"
TRIMMING = tuple(PROJECT / "service" / "packaging" / name for name in ("trimming.py", "deferring.py"))
PYODIDE = PROJECT / "node_modules" / "pyodide"

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of architectures, and Python's."""

CODE = ("service/*/runtime", "service/cars", "pipeline/monitor/runtime", "pipeline/executions", "pipeline/shifts")
"""The folders whose code runs in functions."""

AWS_SERVICES = (
    *("cloudformation", "cloudwatch", "codedeploy", "codepipeline", "dynamodb", "events", "kinesis", "lambda"),
    *("secretsmanager", "sns", "sqs", "sts"),
)
"""Those that the functions have clients for: botocore's descriptions of all others stay out of the layer."""


class BundlingFailed(Exception):
    """A tool that makes a bundle failed, or is not there; the message says which and what to do."""


@dataclass(frozen=True)
class Bundle:
    """A folder or zip file for Lambda. `digest` changes exactly when what is in it does."""

    path: Path
    digest: str


@dataclass(frozen=True)
class Compilation:
    """Of a folder that Lambda will find at `prefix`; `options` are those of service/packaging/layer/compile.py."""

    folder: Path
    prefix: str
    options: tuple[str, ...] = ()


def function_bundle(code: Sequence[str]) -> Bundle:
    """A folder with the Python files below `code` (as "service/api/runtime"), import paths kept, and their bytecode.

    With them go the .json files there, which the code reads beside itself: as a release has them, byte for byte.
    """
    files = _sources(PROJECT / folder for folder in code)
    data = _data(PROJECT / folder for folder in code)
    digest = _digest([*files, *data], [])

    def copy(target: Path) -> None:
        compiled = _compiled_code()
        for file in files:
            copied = target / file.relative_to(PROJECT)
            (copied.parent / "__pycache__").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(compiled / file.relative_to(PROJECT), copied)
            bytecode = _bytecode_of(copied)
            shutil.copyfile(_bytecode_of(compiled / file.relative_to(PROJECT)), bytecode)
        for file in data:
            copied = target / file.relative_to(PROJECT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)

    return Bundle(path=built(f"function-{digest}", copy), digest=digest)


def layer_bundle(architecture: str) -> Bundle:
    """A zip file for a Lambda layer: `python/` with the pinned requirements for `architecture` ("arm64", "x86_64")."""
    digest = _digest([LAYER / "requirements.txt", *TRIMMING], [architecture, *AWS_SERVICES])

    def build(target: Path) -> None:
        python = target / "python"
        platform = f"{MACHINES[architecture]}-manylinux_2_28"
        install(python, "--python-version", PYTHON_VERSION, "--python-platform", platform)
        trimming.trim(python, AWS_SERVICES)
        of_layer = Compilation(python, "/opt/python", ("--without-docstrings",))
        _compiled_code(of_layer)
        if not any(python.rglob("*.pyc")):
            _compile(of_layer)  # the code had been compiled before
        _zip(target, target / "layer.zip")
        shutil.rmtree(python)

    return Bundle(path=built(f"layer-{digest}", build) / "layer.zip", digest=digest)


@functools.cache
def build_all(architecture: str) -> None:
    """What every synth needs. Later calls for a bundle find it."""
    layer_bundle(architecture)
    _compiled_code()


def _compiled_code(*with_it: Compilation) -> Path:
    """All code that runs in functions, compiled at once, and `with_it`: to start Pyodide takes longer than to compile.

    Where it has been made before, nothing is compiled.
    """
    files = _sources(folder for pattern in CODE for folder in PROJECT.glob(pattern))

    def build(target: Path) -> None:
        for file in files:
            copied = target / file.relative_to(PROJECT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)
        _compile(Compilation(target, "/var/task"), *with_it)

    return built(f"code-{_digest(files, [])}", build)


def _sources(folders: Iterable[Path]) -> list[Path]:
    """The .py files below `folders`, and the __init__.py files that make them importable from the project's folder."""
    files: set[Path] = set()
    for folder in folders:
        files.update(folder.rglob("*.py"))
        files.update(
            parent / "__init__.py"
            for parent in folder.relative_to(PROJECT).parents
            if (PROJECT / parent / "__init__.py").exists()
        )
    return sorted(PROJECT / file for file in files)


def _data(folders: Iterable[Path]) -> list[Path]:
    return sorted({file for folder in folders for file in folder.rglob("*.json")})


def _digest(files: Iterable[Path], words: Iterable[str]) -> str:
    """Of names and contents of the files, the words, and what makes the bundle: this module and the compiler."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in (*files, COMPILE, COMPILE.with_suffix(".py")):
        digest.update(f"{file.relative_to(PROJECT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for word in (*words, _pyodide_version()):
        digest.update(f"{word}\0".encode())
    return digest.hexdigest()[:32]


def _pyodide_version() -> str:
    """As locked, so that the digest does not depend on what happens to be installed."""
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    return str(lock["packages"]["node_modules/pyodide"]["version"])


def install(target: Path, *for_python: str) -> None:
    """The layer's packages as uv installs them; `for_python` are the options that say for which Python."""
    run(
        *(uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(target), *for_python),
        *("--no-deps", "--require-hashes", "--requirement", str(LAYER / "requirements.txt")),
        *("--only-binary", ":all:", "--link-mode", "copy", "--no-config"),
    )


def _compile(*compilations: Compilation) -> None:
    """Writes the bytecode of every .py file below their folders."""
    if not PYODIDE.exists():
        raise BundlingFailed(
            "node_modules/pyodide is not there: `make prepare` (or `npm ci`) installs what package.json pins."
        )
    words = [(str(each.folder), each.prefix, *each.options) for each in compilations]
    run("node", str(COMPILE), *itertools.chain.from_iterable(words))


def _bytecode_of(source: Path) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.cpython-{PYTHON_VERSION.replace('.', '')}.pyc"


def _zip(folder: Path, target: Path) -> None:
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (folder / name).read_bytes(), compresslevel=9)


def run(*command: str) -> None:
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    except FileNotFoundError as exc:
        raise BundlingFailed(
            f"`{command[0]}` is not there, and bundling needs it. Install it, or run `make prepare`."
        ) from exc
    if done.returncode != 0:
        raise BundlingFailed(f"Bundling failed with exit code {done.returncode}: {' '.join(command)}\n{done.stderr}")


def built(name: str, build: Callable[[Path], None]) -> Path:
    """`BUNDLES/<name>`: built beside it and renamed when whole, so that a killed build is not taken for one.

    Who wants one that another process is building waits for it.
    """
    result = BUNDLES / name
    if result.exists():
        return result
    BUNDLES.mkdir(parents=True, exist_ok=True)
    with (BUNDLES / f"{name}.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=BUNDLES) as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            unfinished = Path(folder) / name
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(result)
    return result
