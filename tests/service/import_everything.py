"""A script: imports all that a function's package may ever import, from the folders that it is given and nowhere else.

Its arguments are the handler ("package.module.function"), the package and the layer. What a function imports only in a
call counts, too; what is for type checkers only does not. It must not import this project.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def imported_by(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Modules, and the names that are taken out of them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, None) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((str(child.module), alias.name) for alias in child.names)
        else:
            yield from imported_by(child)


def main(handler: str, package: Path) -> None:
    module, _, function = handler.rpartition(".")
    getattr(importlib.import_module(module), function)
    for source in sorted(package.rglob("*.py")):
        for name, taken in imported_by(ast.parse(source.read_text())):
            found = importlib.import_module(name)
            if taken is not None and not hasattr(found, taken):
                importlib.import_module(f"{name}.{taken}")
    elsewhere = [
        name
        for name, loaded in sys.modules.items()
        if "site-packages" in (getattr(loaded, "__file__", None) or "") and name != "__main__"
    ]
    if elsewhere:
        raise ImportError(f"not from the package, nor from the layer: {elsewhere}")


if __name__ == "__main__":
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    sys.path[:0] = sys.argv[2:]
    main(sys.argv[1], Path(sys.argv[2]))
