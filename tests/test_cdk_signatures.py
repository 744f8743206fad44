"""What mypy reads of aws-cdk-lib says as much as the library does, and it finds what is wrong in calls."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import cdk_signatures
from tests.synthesis import ROOT

if TYPE_CHECKING:
    import aws_cdk as cdk
    from aws_cdk import aws_kinesis as kinesis
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

    def mypy_finds_all_of_these(stack: cdk.Stack, function: lambda_.Function) -> None:
        """Each comment is an error itself where mypy does not find what it names (`warn_unused_ignores`)."""
        sqs.Queue(stack, "Name", visibility=cdk.Duration.seconds(1))  # type: ignore[call-arg]
        sqs.Queue(stack, "Type", visibility_timeout=1)  # type: ignore[arg-type]
        sqs.Queue(stack, "NotImported", encryption_master_key="alias/key")  # type: ignore[arg-type]
        sqs.Queue(stack, "Struct", dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=1))  # type: ignore[call-arg]
        sqs.Queue("Scope", "Queue")  # type: ignore[arg-type]
        kinesis.Stream(stack, "Enum", stream_mode=kinesis.StreamMode.ON_DEMMAND)  # type: ignore[attr-defined]
        lambda_.CfnFunction.TracingConfigProperty(mode=1)  # type: ignore[arg-type]
        lambda_.Alias(stack, "Required", alias_name="live")  # type: ignore[call-arg]
        number: int = function.function_arn  # type: ignore[assignment]
        function.add_event_sauce(number)  # type: ignore[attr-defined]
        function.role.arn  # type: ignore[union-attr]  # noqa: B018
        function.current_version = "1"  # type: ignore[misc, assignment]


LIBRARY = Path(str(importlib.metadata.distribution("aws-cdk-lib").locate_file("aws_cdk")))
NOT_OURS = (".venv", "node_modules", "cdk.out", "build")
Shape = dict[str, object]


def shape_of(body: list[ast.stmt]) -> Shape:
    """The public names of a module or class: of functions their parameters, types and kind, of classes the same again.

    jsii's own decorators say nothing of types, but those that make a property of a class.
    """
    shape: Shape = {}
    for node in body:
        match node:
            case ast.ClassDef() if not node.name.startswith("_"):
                shape[node.name] = ([ast.unparse(base) for base in node.bases], shape_of(node.body))
            case ast.FunctionDef() if not node.name.startswith("_typecheckingstub"):
                decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
                kind = [name for name in decorators if not re.match(r"jsii\.(?!python)", name)]
                shape[f"{kind} {node.name}"] = (ast.unparse(node.args), node.returns and ast.unparse(node.returns))
            case ast.Assign() if node.col_offset:
                shape[ast.unparse(node)] = None
    return shape


@pytest.mark.parametrize("module", ["aws_cdk.aws_sqs", "aws_cdk.aws_lambda_event_sources"])
def test_signatures_of_a_module_are_the_librarys(module: str) -> None:
    # given
    source = cdk_signatures.source_of(LIBRARY, module).read_text()
    signatures = cdk_signatures.signatures_of(source)
    # when
    stub = signatures.stub(signatures.classes)
    # then
    expected = shape_of(ast.parse(source).body)
    assert len(expected) > 3
    assert shape_of(ast.parse(stub).body) == expected


def test_of_a_module_that_is_only_led_to_the_classes_in_question_are_the_librarys() -> None:
    stub = shape_of(ast.parse((LIBRARY.with_name("aws_cdk-stubs") / "aws_ecr" / "__init__.pyi").read_text()).body)
    library = shape_of(ast.parse((LIBRARY / "aws_ecr" / "__init__.py").read_text()).body)

    assert "IRepository" in stub
    assert "CfnPublicRepository" not in stub
    assert stub == {name: library[name] for name in stub}


def test_every_module_of_the_library_that_is_imported_is_written() -> None:
    modules = cdk_signatures.imported_modules(LIBRARY)

    assert {"aws_cdk", "aws_cdk.aws_lambda", "aws_cdk.pipelines", "aws_cdk.assertions"} <= set(modules)
    stubs = LIBRARY.with_name("aws_cdk-stubs")
    assert [
        module for module in modules if not cdk_signatures.source_of(stubs, module).with_suffix(".pyi").exists()
    ] == []


def test_nothing_is_imported_that_mypy_skips() -> None:
    """It would take the name for anything at all, and say nothing."""
    # given
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    skipped, read = (
        {name for each in overrides if each.get("follow_imports") == kind for name in each["module"]}
        for kind in ("skip", "normal")
    )
    is_skipped = re.compile("|".join(name.replace(".*", r"(\..*)?") for name in skipped))
    # when
    folders = (folder for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in NOT_OURS)
    sources = [file.read_text() for folder in folders for file in folder.rglob("*.py")]
    imported = {name for source in sources for name in _imported(source)}
    # then
    assert {"moto.mock_aws", "schemathesis"} <= imported
    assert sorted(name for name in imported - read - {"moto.mock_aws"} if is_skipped.fullmatch(name)) == []


def _imported(source: str) -> Iterator[str]:
    """Modules, and names in modules, of the packages of which some is skipped."""
    packages = r"(?:moto|graphql|schemathesis)"
    for module, names in re.findall(rf"^ *from ({packages}[\w.]*) import ([\w, ]+)", source, re.MULTILINE):
        yield from (f"{module}.{name.split()[0]}" for name in names.split(","))
    yield from re.findall(rf"^ *import ({packages}[\w.]*)", source, re.MULTILINE)
