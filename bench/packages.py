"""The packages that are measured, for this machine's Python, and how large they are for Lambda.

Ours is what service/packaging/bundling.py deploys: the same code, pins and trimming; only wheels and bytecode are for
the Python that runs this. The base is boto3 as pip installs it, bytecode included. It must not measure time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import shutil
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from service.packaging import bundling, trimming

LAMBDA_ARCHITECTURE = "arm64"
COMPILER = bundling.LAYER / "compile.py"
BARE = Path(__file__).with_name("bare.py")


@dataclass(frozen=True)
class Size:
    unzipped_bytes: int
    zipped_bytes: int

    def __add__(self, other: Size) -> Size:
        return Size(self.unzipped_bytes + other.unzipped_bytes, self.zipped_bytes + other.zipped_bytes)


@dataclass(frozen=True)
class Package:
    """`paths` are where Python looks for modules, in Lambda's order: the function's package, then the layer."""

    handler: str
    paths: tuple[Path, ...]
    size: Size

    @property
    def ca_bundle(self) -> Path:
        """The certificates that the package's botocore trusts."""
        return next(path / "botocore" / "cacert.pem" for path in self.paths if (path / "botocore").exists())


def bare_package() -> Package:
    """`bench/bare.py` and boto3."""
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in ("boto3", "botocore")]
    constraints = bundling.PROJECT / "constraints.txt"

    def build(target: Path) -> None:
        bundling.run(
            *(uv.find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--link-mode", "copy"),
            *("--python", sys.executable, "--target", str(target), "--constraint", str(constraints), *pins),
        )
        shutil.copy(BARE, target)
        _compile(target)

    folder = bundling.built(f"bench-bare-{_key(BARE, constraints, COMPILER)}", build)
    return Package(handler="bare.handle", paths=(folder,), size=_size_of_folder(folder))


def api_package() -> Package:
    return our_package("service.api.runtime.handler.handle", ("service/api/runtime", "service/cars"))


def our_package(handler: str, code: Sequence[str]) -> Package:
    """A function of the service with all dependencies; `handler` and `code` as in its infrastructure.py."""
    bundle = bundling.function_bundle(code)

    def build(target: Path) -> None:
        shutil.copytree(bundle.path, target, dirs_exist_ok=True)
        _compile(target)

    folder = bundling.built(f"bench-function-{_key()}-{bundle.digest}", build)
    layer = bundling.layer_bundle(LAMBDA_ARCHITECTURE)
    function_size, layer_size = _size_of_folder(bundle.path), _size_of_zip(layer.path)
    return Package(
        handler=handler,
        paths=(folder, our_layer()),
        size=function_size + layer_size,
    )


def our_layer() -> Path:
    """The folder `python` of the layer, with the wheels of this machine's Python."""

    def build(target: Path) -> None:
        bundling.install(target, "--python", sys.executable)
        trimming.trim(target, bundling.AWS_SERVICES)
        _compile(target, "--without-docstrings")

    return bundling.built(f"bench-layer-{_key()}-{bundling.layer_bundle(LAMBDA_ARCHITECTURE).digest}", build)


def _key(*files: Path) -> str:
    digest = hashlib.sha256(f"{sys.version} {sysconfig.get_platform()}".encode())
    for file in (Path(__file__), *files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _compile(folder: Path, *options: str) -> None:
    """As bundling does for Lambda's Python: by the same script."""
    bundling.run(sys.executable, str(COMPILER), str(folder), str(folder), *options)


def _size_of_folder(folder: Path) -> Size:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in files:
            zipped.write(file, file.relative_to(folder))
    return Size(sum(file.stat().st_size for file in files), len(archive.getbuffer()))


def _size_of_zip(archive: Path) -> Size:
    with zipfile.ZipFile(archive) as zipped:
        return Size(sum(entry.file_size for entry in zipped.infolist()), archive.stat().st_size)
