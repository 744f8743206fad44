"""The folders and the environment of one build: its own home, Python, npm prefix and PATH; only the caches are shared.

Nothing that a build installs lands outside its folder, and of the user's settings only a named part comes in
(user_settings.py). The user's AWS configuration, Python packages and global npm packages stay out. It must not know
buildspecs or AWS.
"""

from __future__ import annotations

import compileall
import functools
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import uv

from rehearsal.codebuild.old_boto3 import add_endpoint_hook
from rehearsal.codebuild.shell import StartProcess
from rehearsal.errors import EngineError
from rehearsal.machine.node_program import beside_node, node_program
from rehearsal.machine.run_folder import temporary_folder
from rehearsal.machine.user_settings import copy_package_settings, kept_variables

_SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin")
# What CodeBuild's images have and a machine may keep elsewhere than in the system's folders.
_TOOLS = ("git", "jq", "make", "zip", "unzip", "curl", "bash", "aws", "docker", "yarn")
# As in a fresh Python of CodeBuild's images, but of one version each.
_PYTHON_PACKAGES = ("pip==26.3", "setuptools==84.2.1", "wheel==0.48.0")


@dataclass(frozen=True)
class Sandbox:
    """`environment` is what the build's shell starts with; `shell` is an empty folder for its own files."""

    home: Path
    shell: Path
    environment: Mapping[str, str]

    def with_programs(self, folder: Path) -> Sandbox:
        """The same, with the programs in the folder before all others."""
        path = os.pathsep.join((str(folder), self.environment["PATH"]))
        return replace(self, environment={**self.environment, "PATH": path})

    @property
    def secrets(self) -> tuple[str, ...]:
        """What stands before the @ of registries' and the proxy's addresses: a user, mostly with a password."""
        return tuple(found for value in self.environment.values() for found in re.findall(r"\w+://([^/@\s]+)@", value))


def make_sandbox(folder: Path, *, cache: Path, start: StartProcess, egress: Mapping[str, str]) -> Sandbox:
    """Make it in `folder`, with a Python of the run's own version. `cache` is shared by all builds of all runs.

    `egress` are the variables of the run's way out.
    """
    home, tools, python, npm = folder / "home", folder / "tools", folder / "python", folder / "npm"
    for path in (home, tools, npm / "bin", folder / "tmp", folder / "shell", cache):
        path.mkdir(parents=True, exist_ok=True)
    copy_package_settings(home)
    for name, program in _tools().items():
        (tools / name).symlink_to(program)
    programs = (python / "bin", npm / "bin", home / ".local" / "bin", tools, *_SYSTEM_PATH)
    environment = {
        **kept_variables(),
        **egress,
        "HOME": str(home),
        "PATH": os.pathsep.join(str(path) for path in programs),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "VIRTUAL_ENV": str(python),
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "NPM_CONFIG_PREFIX": str(npm),
        "NPM_CONFIG_CACHE": str(cache / "npm"),
        "NPM_CONFIG_YES": "true",  # npx asks nobody where there is no terminal, whatever the user's npmrc says of that
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache / "jsii"),
        "CDK_HOME": str(cache / "cdk"),  # the CLI asks the user database, not HOME, for its folder
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "CDK_NOTICES": "false",  # they are asked for at AWS
    }
    settings = _npm_global_settings()
    if settings:
        environment["NPM_CONFIG_GLOBALCONFIG"] = str(settings)
    _make_python(python, environment, start)
    _add_bytecode_of_pip(python, cache)
    add_endpoint_hook(python)
    return Sandbox(home, folder / "shell", environment)


def _make_python(python: Path, environment: Mapping[str, str], start: StartProcess) -> None:
    """Packages come from the cache when it has them: quicker, and builds that fetch nothing run without a network."""

    def run_uv(*arguments: str) -> str | None:
        """uv's own words when it fails."""
        process = start(
            [uv.find_uv_bin(), *arguments],
            env=dict(environment),
            cwd=python.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = process.communicate()
        return None if process.returncode == 0 else output.decode("utf-8", "replace").strip()

    install = ("pip", "install", "--quiet", "--python", str(python / "bin" / "python"), *_PYTHON_PACKAGES)
    problem = run_uv("venv", "--quiet", "--python", sys.executable, "--no-python-downloads", str(python))
    if problem is None and run_uv(*install, "--offline") is not None:
        problem = run_uv(*install)
    if problem is not None:
        raise EngineError(f"The Python of a build could not be made; uv says:\n{problem}")


def _add_bytecode_of_pip(python: Path, cache: Path) -> None:
    """Made once: else the first `pip install` of every build compiles pip, which takes longer than the installing.

    Bytecode with the hash of its source is used for that very source alone.
    """
    kept = cache / "bytecode" / f"{sys.implementation.cache_tag}-{_PYTHON_PACKAGES[0]}"
    for pip in python.glob("lib/python*/site-packages/pip"):
        if not kept.is_dir():
            _keep_bytecode(pip, kept)
        if kept.is_dir():
            shutil.copytree(kept, pip, dirs_exist_ok=True, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    """Python and pip replace bytecode, and never write into it: a link is as good, and quicker."""
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _keep_bytecode(package: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(".making-", within=kept.parent) as making:
        made = making / package.name
        shutil.copytree(package, made)
        compileall.compile_dir(made, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        for source in made.rglob("*"):
            if source.is_file() and source.suffix != ".pyc":
                source.unlink()
        with suppress(OSError):  # another run was quicker
            made.rename(kept)


@functools.cache
def _tools() -> Mapping[str, Path]:
    """Programs by name."""
    tools = {"node": node_program()}
    for name in ("npm", "npx", "corepack"):
        if found := beside_node(name):
            tools[name] = found
    for name in _TOOLS:
        program = shutil.which(name, path=os.pathsep.join(_SYSTEM_PATH)) or shutil.which(name)
        if program:
            tools[name] = Path(program)
    return tools


def _npm_global_settings() -> Path | None:
    """The machine's npmrc: npm looks for it below its prefix, which is the sandbox's here."""
    prefixes = (_tools()["node"].parent.parent, Path("/usr/local"), Path("/usr"), Path("/opt/homebrew"))
    candidates = (prefix / "etc" / "npmrc" for prefix in prefixes)
    return next((path for path in candidates if path.is_file()), None)
