"""What every stack of a stage promises, in staging as in prod."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.machine import ISOLATED
from rehearsal.aws.cloudformation.stack_outputs import stack_outputs_in
from service.release.canary import LONG_WINDOW_MINUTES
from tests.assembly import Assembly, Template
from tests.service.template_graph import cycle, references

STAGES = ("Staging", "Prod")
STACKS = ("Database", "Cursors", "Api", "Changes", "Notifications", "Telemetry", "Maintenance", "Prober")


@pytest.fixture(params=[(stage, stack) for stage in STAGES for stack in STACKS], ids="-".join)
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    stage, stack = request.param
    return assembly.stage_template(stage, stack)


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_no_template_has_a_circle(template: Template) -> None:
    assert cycle(template.resources) is None


def test_no_stack_keeps_another_from_going_back(stage: str, assembly: Assembly) -> None:
    """An export that is imported cannot be deleted: a release that adds one could not be rolled back."""
    stacks = assembly.stage_stacks(stage)

    assert len(stacks) == 10
    for template in stacks.values():
        assert not [name for name, output in template.outputs.items() if "Export" in output]
    read = stack_outputs_in([template.resources for template in stacks.values()])
    assert len(read) > 20
    for output in read:
        assert output.output_name in stacks[output.stack_name].outputs
    assert "Fn::ImportValue" not in json.dumps([template.resources for template in stacks.values()])


def test_version_of_a_function_stays_when_the_next_one_comes(template: Template) -> None:
    for version in template.of_type("AWS::Lambda::Version").values():
        assert version["DeletionPolicy"] == "RetainExceptOnCreate"
        assert version["UpdateReplacePolicy"] == "Retain"
        assert "ProvisionedConcurrencyConfig" not in version["Properties"]


def test_every_function_runs_the_pinned_python_with_the_layer_traced_and_logs_to_its_own_group(
    template: Template,
) -> None:
    (layer,) = template.of_type("AWS::Lambda::LayerVersion") or [None]
    for function in template.of_type("AWS::Lambda::Function").values():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert properties["Layers"] == [{"Ref": layer}]
        assert properties["TracingConfig"] == {"Mode": "Active"}
        log_group = template.resources[properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert log_group["Properties"]["RetentionInDays"] in (14, 90)


def test_nothing_but_secrets_manager_invokes_a_bare_function(template: Template) -> None:
    aliases, functions = (set(template.of_type(f"AWS::Lambda::{kind}")) for kind in ("Alias", "Function"))
    invoking = {
        *("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"),
        *("AWS::Events::Rule", "AWS::SNS::Subscription"),
    }
    for resource in template.resources.values():
        if resource["Type"] not in invoking:
            continue
        named = references({"Properties": resource["Properties"]}, aliases | functions)
        is_rotation = resource["Properties"].get("Principal") == "secretsmanager.amazonaws.com"
        assert named <= (functions if is_rotation else aliases)
        assert len(named) == 1 or resource["Type"] == "AWS::Events::Rule"  # whose target may be a topic


def test_roles_may_do_things_to_everything_only_where_aws_knows_no_resource(template: Template) -> None:
    allowed = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "cloudwatch:GetMetricData"}
    for policy in template.of_type("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any(action.endswith("*") for action in actions)
            resources = statement["Resource"]
            if "*" in (resources if isinstance(resources, list) else [resources]):
                assert set(actions) <= allowed


def test_every_alarm_says_what_no_data_means_and_looks_each_minute(template: Template) -> None:
    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["TreatMissingData"] in ("notBreaching", "breaching", "ignore")
        metrics = [metric["MetricStat"] for metric in properties.get("Metrics", ()) if "MetricStat" in metric]
        (period,) = {metric["Period"] for metric in metrics} or {properties["Period"]}
        assert period in (60, 60 * LONG_WINDOW_MINUTES)
        assert "EvaluationWindow" not in properties  # it slides by the minute, whatever the period


def test_named_alarms_exist_and_are_in_no_deployment_group(stage: str, assembly: Assembly) -> None:
    templates = [assembly.stage_template(stage, stack) for stack in STACKS]
    alarms = [alarm for template in templates for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]
    named = {alarm["Properties"]["AlarmName"] for alarm in alarms if "AlarmName" in alarm["Properties"]}

    assert named == {
        f"cars-{stage.lower()}-{what}"
        for what in (
            *("api-5xx-rate", "api-latency-p95", "api-throttles", "cursors-rotation"),
            *("changes-delayed", "changes-throttles", "changes-undelivered"),
            *("changes-set-aside", "prober-heartbeat"),
            *("notifications-delayed", "notifications-throttles", "notifications-failed"),
            *("notifications-undelivered", "notifications-unpublished"),
            *("telemetry-delayed", "telemetry-undelivered", "telemetry-set-aside"),
            *("telemetry-throttles", "telemetry-refused"),
            *("maintenance-delayed", "maintenance-failed", "maintenance-throttles"),
        )
    }


def bundles(assembly: Assembly, template: Template) -> Iterator[tuple[dict[str, Any], Path]]:
    """Each function's properties and the folder that becomes its package."""
    packages = {}
    for manifest in assembly.asset_manifests:
        for file in json.loads(manifest.read_text())["files"].values():
            for destination in file["destinations"].values():
                packages[destination["objectKey"]] = manifest.parent / file["source"]["path"]
    for function in template.of_type("AWS::Lambda::Function").values():
        yield function["Properties"], packages[function["Properties"]["Code"]["S3Key"]]


def test_package_of_a_function_holds_its_code_and_nothing_else(template: Template, assembly: Assembly) -> None:
    for function, package in bundles(assembly, template):
        module, _, handler = function["Handler"].rpartition(".")
        source = package / (module.replace(".", "/") + ".py")
        body = ast.parse(source.read_text()).body
        assert handler in {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert [file for file in package.rglob("*.py") if "aws_cdk" in file.read_text()] == []
        own = module.rpartition(".")[0].replace(".", "/")
        folders = {file.parent.relative_to(package).as_posix() for file in package.rglob("*.py")}
        assert folders == {"service", own.removesuffix("/runtime"), own, "service/cars"}


class Imports:
    """What importing everything in a package says. Stages share packages: each is tried once."""

    def __init__(self, layer: Path) -> None:
        self._layer = layer
        self._said: dict[tuple[str, str], str] = {}

    def of(self, handler: str, package: Path) -> str:
        """`package` is a folder of the assembly, named by what is in it; "" is no error."""
        key = (handler, package.name)
        if key not in self._said:
            script = Path(__file__).with_name("import_everything.py")
            command = [sys.executable, "-B", *ISOLATED, str(script), handler, str(package), str(self._layer)]
            imported = subprocess.run(command, capture_output=True, text=True, check=False)
            self._said[key] = "" if imported.returncode == 0 else f"{handler}:\n{imported.stderr}"
        return self._said[key]


@pytest.fixture(scope="module")
def imports(installed_layer: Path) -> Imports:
    return Imports(installed_layer)


def test_package_and_layer_are_enough_for_all_that_a_function_imports(
    template: Template, assembly: Assembly, imports: Imports
) -> None:
    for function, package in bundles(assembly, template):
        assert package.name == f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
        assert imports.of(function["Handler"], package) == ""


def test_layer_is_one_zip_with_everything_that_the_functions_import(assembly: Assembly) -> None:
    layers = {
        path.parent / file["source"]["path"]
        for path in assembly.asset_manifests
        for file in json.loads(path.read_text())["files"].values()
        if file["source"]["path"].endswith(".zip")
    }
    (names,) = {tuple(zipfile.ZipFile(layer).namelist()) for layer in layers}

    packages = {name.split("/")[1] for name in names}
    assert {"aws_lambda_powertools", "boto3", "botocore", "pydantic", "urllib3"} <= packages


def test_package_of_the_pipelines_monitor_is_enough_with_the_layer_and_holds_nothing_of_the_service(
    assembly: Assembly, imports: Imports
) -> None:
    """A change of the service must not change the pipeline's stack."""
    ((function, package),) = bundles(assembly, assembly.pipeline_template)

    assert imports.of(function["Handler"], package) == ""
    folders = {file.parent.relative_to(package).as_posix() for file in package.rglob("*.py")}
    assert folders == {
        "pipeline",
        "pipeline/monitor",
        "pipeline/monitor/runtime",
        "pipeline/executions",
        "pipeline/shifts",
    }
