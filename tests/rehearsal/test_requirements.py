"""What an installed rehearsal depends on: all that it imports, with all that this leads to, each package pinned."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rehearsal
from rehearsal.aws.lambda_host.runtime_packages import PACKAGES

ROOT = Path(rehearsal.__file__).parent
SYSTEMS = ("linux", "darwin")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What the emulator imports only where it is there, for KMS.
OF_THE_EMULATOR = {"cryptography", "ministack", "uvicorn"}


def _requirements(path: Path) -> list[Requirement]:
    lines = (line.split("#", 1)[0].strip() for line in path.read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r ")]


def _declared() -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in _requirements(ROOT / "requirements.in")}


def _imports(node: ast.AST) -> Iterator[str]:
    """The packages that it imports when it runs: what stands under TYPE_CHECKING is for mypy alone."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(module), level=0):
            yield module
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)


def _reached(environment: dict[str, str]) -> set[str]:
    """The packages that those of requirements.in lead to in this environment, by what is installed here."""
    reached: set[str] = set()
    waiting = {(name, "") for name in _declared()}
    done: set[tuple[str, str]] = set()
    while waiting:
        name, extra = one = waiting.pop()
        done.add(one)
        reached.add(name)
        for text in importlib.metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({**environment, "extra": extra}):
                waiting |= {(canonicalize_name(needed.name), each) for each in ("", *needed.extras)} - done
    return reached


def test_every_package_that_is_imported_is_declared() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        name.split(".", 1)[0] for path in ROOT.rglob("*.py") for name in _imports(ast.parse(path.read_text()))
    } - {"rehearsal", *sys.stdlib_module_names}

    found = {canonicalize_name(distribution) for name in imported for distribution in distributions[name]}

    assert found | OF_THE_EMULATOR == _declared()


@pytest.mark.parametrize(("system", "python"), list(itertools.product(SYSTEMS, PYTHONS)))
def test_all_that_the_declared_packages_lead_to_is_pinned(system: str, python: str) -> None:
    environment = {
        "sys_platform": system,
        "platform_system": system.title(),
        "os_name": "posix",
        "python_version": python,
        "python_full_version": f"{python}.1",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }

    pinned = {
        canonicalize_name(requirement.name)
        for requirement in _requirements(ROOT / "requirements.txt")
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }

    assert _reached(environment) == pinned


def test_packages_that_a_function_finds_on_lambda_are_installed_with_the_tool() -> None:
    pinned = {canonicalize_name(requirement.name) for requirement in _requirements(ROOT / "requirements.txt")}

    assert set(PACKAGES) <= pinned


def test_no_package_is_pinned_by_hand_in_two_places() -> None:
    project = ROOT.parent
    files = (ROOT / "requirements.in", project / "requirements.txt", project / "requirements-dev.txt")
    names = [canonicalize_name(requirement.name) for file in files for requirement in _requirements(file)]

    assert sorted(names) == sorted(set(names))
