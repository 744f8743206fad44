"""The arrows inside rehearsal/: what a part is built on, bottom to top. None runs back up, and there are no circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import rehearsal

# A part sees the parts of the lines above its own. The longest name that fits a module is its part.
PARTS = (
    ("rehearsal.errors", "rehearsal.run_events"),
    ("rehearsal.machine",),
    ("rehearsal.aws.resource", "rehearsal.aws.service_api", "rehearsal.aws.localize", "rehearsal.aws.ministack"),
    ("rehearsal.aws.aws_clients", "rehearsal.aws.denials", "rehearsal.aws.limits", "rehearsal.aws.stack_changes"),
    ("rehearsal.aws.profiles",),
    ("rehearsal.aws.lambda_host", "rehearsal.aws.cloudwatch", "rehearsal.aws.eventbridge.service_events"),
    ("rehearsal.aws.iam", "rehearsal.aws.codedeploy", "rehearsal.aws.event_sources", "rehearsal.aws.secretsmanager"),
    ("rehearsal.aws.eventbridge", "rehearsal.aws.cloudwatch_logs", "rehearsal.aws.s3", "rehearsal.aws.wafv2"),
    ("rehearsal.aws.scheduler", "rehearsal.aws.apigateway"),
    ("rehearsal.aws.cloudformation",),
    ("rehearsal.aws.edge",),
    ("rehearsal.aws.direct_calls",),
    ("rehearsal.aws.local_cloud",),
    ("rehearsal.source",),
    ("rehearsal.codepipeline.actions",),
    ("rehearsal.codepipeline", "rehearsal.codebuild"),
    ("rehearsal.plan",),
    ("rehearsal.ending", "rehearsal.check"),
    ("rehearsal.bootstrap", "rehearsal.report"),
    ("rehearsal.console", "rehearsal.page"),
    ("rehearsal.planning",),
    ("rehearsal.local_pipeline",),
    ("rehearsal.rehearsal",),
    ("rehearsal.up",),
    ("rehearsal.cli",),
    ("rehearsal.__main__",),
)
ROOT = Path(rehearsal.__file__).parent


def _modules() -> dict[str, Path]:
    return {
        ".".join(("rehearsal", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in ROOT.rglob("*.py")
    }


def _imports(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _graph() -> dict[str, set[str]]:
    modules = _modules()
    return {
        name: {found for found in _imports(path, modules) if found in modules} - {name}
        for name, path in modules.items()
    }


def _height(module: str) -> int:
    found = [
        (len(name), height)
        for height, names in enumerate(PARTS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    assert found, f"{module} belongs to no part: say in PARTS what it is built on"
    return max(found)[1]


def _part(module: str) -> str:
    return max((name for name in PARTS[_height(module)] if f"{module}.".startswith(f"{name}.")), key=len)


def test_no_part_imports_what_is_built_on_it() -> None:
    packages = {name for name, path in _modules().items() if path.name == "__init__.py" and not path.read_text()}

    upward = [
        f"{name} -> {used}"
        for name, uses in _graph().items()
        for used in uses - packages
        if name not in packages and _part(name) != _part(used) and _height(used) >= _height(name)
    ]

    assert upward == []


def test_modules_make_no_circle() -> None:
    order = {name: place for place, name in enumerate(TopologicalSorter(_graph()).static_order())}

    assert len(order) == len(_modules())


def test_parts_are_named_once_and_are_there() -> None:
    names = [name for names in PARTS for name in names]

    assert sorted(set(names)) == sorted(names)
    assert set(names) <= set(_modules())
