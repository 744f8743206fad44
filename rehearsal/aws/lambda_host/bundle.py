"""Unpacks what a version runs: its code as `/var/task` holds it, its layers as `/opt` does.

It must not start anything. The emulator serves only a function's newest code, so the code of a version is kept when it
is published (`snapshot`) or first invoked, by its CodeSha256. Layers are kept over runs.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import threading
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rehearsal.aws.lambda_host.function import FunctionVersion
from rehearsal.aws.lambda_host.functions import Functions
from rehearsal.aws.lambda_host.wheels import MachinePackages
from rehearsal.errors import EngineError
from rehearsal.machine.run_folder import temporary_folder

Download = Callable[[str], tuple[int, bytes]]


@dataclass(frozen=True)
class Bundle:
    """`task` is the folder of the function's own code; `layers` are those that make up /opt, the later ones first.

    `import_paths` is where the runtime looks for packages, in order: Python in `task` first, Node.js in the layers.
    """

    task: Path
    import_paths: tuple[Path, ...]
    layers: tuple[Path, ...] = ()


class Bundles:
    """See the module. Safe to use from several threads.

    `download` gets a page of the emulator's own: status and body. `code_folder` lives as long as the run,
    `layer_folder` longer.
    """

    def __init__(
        self,
        functions: Functions,
        packages: MachinePackages,
        download: Download,
        *,
        code_folder: Path,
        layer_folder: Path,
    ) -> None:
        self._functions = functions
        self._packages = packages
        self._get = download
        self._code_folder = code_folder
        self._layer_folder = layer_folder
        self._lock = threading.Lock()

    def snapshot(self, version: FunctionVersion) -> Path:
        """The unpacked code of the version. Raises EngineError when it is not known and no longer served."""
        folder = self._code_folder / _folder_name(version.code_sha256)
        with self._lock:
            if not folder.exists():
                served = self._functions.client(version.function).get_function(FunctionName=version.function.name)
                archive = self._download(served["Code"]["Location"])
                if _sha256(archive) != version.code_sha256:
                    raise EngineError(
                        f"The code of {version.function}:{version.version} was replaced before it was first invoked, "
                        "and the emulator serves only the newest code of a function. Invoke it through an alias."
                    )
                _unpack(archive, folder)
        return folder

    def bundle(self, version: FunctionVersion) -> Bundle:
        """Everything the version needs to run, on this machine. Raises EngineError as `snapshot` does."""
        task = self.snapshot(version)
        # Later layers are laid over earlier ones, so they are looked at first.
        layers = tuple(self._layer(version, arn) for arn in reversed(version.layer_arns))
        if version.runtime.startswith("nodejs"):
            return Bundle(task, _folders(layers, _nodejs_folders(version.runtime)), layers)
        paths = (task, *_folders(layers, _python_folders(version.runtime)))
        replaced = self._packages.folder_for(paths)
        return Bundle(task, paths if replaced is None else (replaced, *paths), layers)

    def _layer(self, version: FunctionVersion, arn: str) -> Path:
        content = self._functions.client(version.function).get_layer_version_by_arn(Arn=arn)["Content"]
        folder = self._layer_folder / _folder_name(content["CodeSha256"])
        with self._lock:
            if not folder.exists():
                _unpack(self._download(content["Location"]), folder)
        return folder

    def _download(self, location: str) -> bytes:
        path = urlsplit(location)._replace(scheme="", netloc="").geturl()
        status, archive = self._get(path)
        if status != http.client.OK:
            raise EngineError(f"The emulator answered {status} for the code at {path}.")
        return archive


def _python_folders(runtime: str) -> tuple[str, ...]:
    """Where Lambda's Python looks in a layer."""
    return ("python", f"python/lib/{runtime}/site-packages")


def _nodejs_folders(runtime: str) -> tuple[str, ...]:
    """Where Lambda's Node.js looks in a layer: `nodejs22.x` in nodejs/node22 first."""
    return (f"nodejs/{runtime.replace('nodejs', 'node').removesuffix('.x')}/node_modules", "nodejs/node_modules")


def _folders(layers: Iterable[Path], names: Iterable[str]) -> tuple[Path, ...]:
    """Those that are there."""
    wanted = tuple(names)
    return tuple(folder for layer in layers for name in wanted if (folder := layer / name).is_dir())


def _sha256(archive: bytes) -> str:
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def _folder_name(code_sha256: str) -> str:
    return base64.b64decode(code_sha256).hex()[:40]


def _unpack(archive: bytes, folder: Path) -> None:
    """Unpacks beside `folder` and renames, so that a folder that exists is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder("unfinished-", within=folder.parent) as unfinished:
        made = unfinished / folder.name
        made.mkdir()
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            for entry in packed.infolist():
                path = Path(packed.extract(entry, made))
                mode = (entry.external_attr >> 16) & 0o777
                if mode and not entry.is_dir():
                    path.chmod(mode | 0o600)
        try:
            made.rename(folder)
        except OSError:  # another run was quicker
            if not folder.exists():
                raise
