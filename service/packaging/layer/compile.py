"""Compiles every .py file below a folder to bytecode that Python takes without looking at the source.

usage: compile.py FOLDER PREFIX [--without-docstrings]    (PREFIX: where Lambda will find FOLDER, for tracebacks)

Docstrings are a sixth of the bytecode of the packages in the layer, and nobody reads them there; asserts and line
numbers stay. It runs in Pyodide (compile.mjs) for Lambda's Python, and in any other for that one. It must not depend
on the machine's clock or paths: same sources, same bytes. Source of the format: PEP 552, "Deterministic pycs".
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import re
import sys
from pathlib import Path
from types import CodeType

UNCHECKED_HASH = (1).to_bytes(4, "little")
MEAN_LESS_WHEN_OPTIMIZED = re.compile(rb"\bassert\b|__debug__")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def compile_all(folder: str, prefix: str, *, without_docstrings: bool) -> None:
    """Raises SyntaxError."""
    root = Path(folder)
    for source in sorted(root.rglob("*.py")):
        text = source.read_bytes()
        path_in_lambda = f"{prefix}/{source.relative_to(root).as_posix()}"
        code = (
            _compile_without_docstrings(text, path_in_lambda) if without_docstrings else _compile(text, path_in_lambda)
        )
        bytecode = Path(importlib.util.cache_from_source(str(source)))
        bytecode.parent.mkdir(exist_ok=True)
        header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + importlib.util.source_hash(text)
        bytecode.write_bytes(header + marshal.dumps(code))


def _compile(code: bytes | ast.Module, path: str, optimize: int = 0) -> CodeType:
    compiled: CodeType = compile(code, path, "exec", dont_inherit=True, optimize=optimize)
    return compiled


def _compile_without_docstrings(text: bytes, path: str) -> CodeType:
    """Python's own way takes a third of the time; it leaves asserts out, too, so it is for files that have none."""
    if not MEAN_LESS_WHEN_OPTIMIZED.search(text):
        return _compile(text, path, optimize=2)
    tree = ast.parse(text, path)
    _drop_docstrings(tree)
    return _compile(tree, path)


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.copy_location(ast.Pass(), node.body[0])]


if __name__ == "__main__":
    compile_all(sys.argv[1], sys.argv[2], without_docstrings="--without-docstrings" in sys.argv[3:])
