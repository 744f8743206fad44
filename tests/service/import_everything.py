"""A script: imports all that a function's package may ever import, from the package and the layer and nowhere else.

Its argument is the layer; each line of its input is ["package.module.function", package], each line of its output a
traceback as JSON, "" for none. What a function imports only in a call counts, too; what is for type checkers only does
not. Each package is tried in a process of its own, a fork of this one, which has imported of the layer what packages
ask for: that takes longer than all the rest. It must not import this project.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import sys
import traceback
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


def import_from_layer(package: Path) -> None:
    """What is not there is for the package's own process to say."""
    for source in package.rglob("*.py"):
        for name, _ in imported_by(ast.parse(source.read_text())):
            if not (package / name.partition(".")[0]).exists():
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)


def import_all(handler: str, package: Path) -> None:
    """Raises what the imports raise, and ImportError for what comes from elsewhere."""
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


def tried(handler: str, package: str) -> str:
    """The traceback, in a fork; the fork never returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            sys.path.insert(0, package)
            import_all(handler, Path(package))
        except BaseException:  # noqa: BLE001 - whatever it is, it is what the function would end with
            said = traceback.format_exc()
        with os.fdopen(writing, "w") as answer:
            answer.write(json.dumps(said))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        whole = answer.read()
    os.waitpid(child, 0)
    return str(json.loads(whole or '"its process has ended"'))


def main(layer: str) -> None:
    sys.path.insert(0, layer)
    for line in sys.stdin:
        handler, package = json.loads(line)
        import_from_layer(Path(package))
        print(json.dumps(tried(handler, package)), flush=True)  # noqa: T201 - its output is how it answers


if __name__ == "__main__":
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    main(sys.argv[1])
