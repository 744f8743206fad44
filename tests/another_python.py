"""Synthesizes the application as another version of Python would: `python -m tests.another_python FOLDER`.

Between versions change the reason phrases of HTTP (3.13), docstrings (3.13 strips their indentation) and, of course,
the version's name. Here all of them are other ones, from before the first module of ours is imported, and the order of
sets is another, too. It must not change anything else, so that what comes out has to be the same, byte for byte.
Packages have good reasons to look at `sys.version_info`, which therefore stays: tests/test_app.py holds that our code
does not.
"""

from __future__ import annotations

import ast
import platform
import subprocess
import sys
from collections.abc import Sequence
from http import HTTPStatus
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parent.parent
_OURS = ("app", "config", "pipeline", "service")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def synthesize_with_additions(folder: Path) -> None:
    """In a process of its own, which also has its own order of sets."""
    subprocess.run([sys.executable, "-m", __name__, str(folder)], cwd=ROOT, check=True)


class _WithOtherDocstrings(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        for node in ast.walk(tree):
            if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                first = node.body[0]
                assert isinstance(first, ast.Expr)
                assert isinstance(first.value, ast.Constant)
                assert isinstance(first.value.value, str)
                first.value.value = f"As another Python has it:\n        {first.value.value}"
        return compile(tree, path, "exec", dont_inherit=True)


class _OurModules(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname.split(".")[0] in _OURS else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithOtherDocstrings(spec.loader.name, spec.loader.path)
        return spec


def _become_another() -> None:
    for status in HTTPStatus:
        for word in ("phrase", "description"):
            setattr(status, word, f"{getattr(status, word)}, as another Python has it")
    sys.meta_path.insert(0, _OurModules())
    sys.version = f"3.99.0{sys.version[sys.version.index(' ') :]}"
    platform.python_version = lambda: "3.99.0"


def main(folder: Path) -> None:
    import aws_cdk  # noqa: F401  (what is not ours may know which Python it runs on)
    import cdk_nag  # noqa: F401

    _become_another()
    from tests import synthesis

    synthesis.synthesize_with_additions(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
