"""Gives packages whose `__init__` only gathers names one that imports a name's module when the name is first asked for.

`from aws_lambda_powertools.event_handler import APIGatewayRestResolver` would import every resolver and event there is
before (docs/performance.md). The names, and what they are, stay as published: what a published `__init__` does besides
gathering makes `defer_imports` fail, so that an update is looked at. It must not change any other module.
Source: PEP 562, "Module __getattr__ and __dir__".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = '''\
"""As published, but for this: the module of a name is imported when the name is first asked for (PEP 562).

Written by service/packaging/deferring.py of the project whose layer this is.
"""

from importlib import import_module as _import_module

{eager}_MODULES = {{
{modules}
}}

__all__ = {exported}


def __getattr__(name):
    if name in _MODULES:
        value = getattr(_import_module(_MODULES[name]), name)
        globals()[name] = value
        return value
    try:  # a module that the published __init__ had imported is an attribute, too
        return _import_module(f"{{__name__}}.{{name}}")
    except ModuleNotFoundError as exc:
        if exc.name != f"{{__name__}}.{{name}}":
            raise
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}") from None


def __dir__():
    return sorted({{*globals(), *_MODULES}})
'''


class DeferringFailed(Exception):
    """The `__init__` does more than to gather names; the message says what."""


def defer_imports(init: Path, package: str) -> None:
    """Writes the `__init__.py` of `package` anew. Raises DeferringFailed."""
    exported: list[str] | None = None
    modules: dict[str, str] = {}
    for statement in ast.parse(init.read_text()).body:
        match statement:
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.ImportFrom(level=0 | 1):
                modules.update(_gathered(statement, package))
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                exported = ast.literal_eval(value)
            case _:
                raise DeferringFailed(f"{init}, line {statement.lineno}: this is no import of names: look at it first.")
    if exported is None or not set(exported) <= modules.keys():
        raise DeferringFailed(f"{init}: __all__ has to name what is gathered, and nothing else.")
    # As attribute of the package, a name that is a module's as well would be the one or the other by who was first.
    eager = [name for name in modules if (init.parent / f"{name}.py").exists() or (init.parent / name).is_dir()]
    init.write_text(
        TEMPLATE.format(
            eager="".join(f"from {modules[name]} import {name}\n" for name in eager) + "\n" * bool(eager),
            modules="\n".join(f"    {name!r}: {module!r}," for name, module in modules.items() if name not in eager),
            exported=repr(exported),
        )
    )


def _gathered(statement: ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    """Name and module of each name. Raises DeferringFailed for a name that is given another, or all of them."""
    module = f"{package}.{statement.module}" if statement.level else str(statement.module)
    for alias in statement.names:
        if alias.asname is not None or alias.name == "*":
            raise DeferringFailed(f"{package}: from {module} import {alias.name} is not understood: look at it first.")
        yield alias.name, module
