"""The one way this service defines a Lambda function: package, layer, role, log group, version, alias.

It must not know any particular function. What releases a version slowly is in `release/infrastructure.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.packaging import bundling
from service.service_settings import ServiceSettings

ALIAS_NAME = "live"
ARCHITECTURE = lambda_.Architecture.ARM_64
VERSION_FLAGS = ("@aws-cdk/aws-lambda:recognizeLayerVersion", "@aws-cdk/aws-lambda:recognizeVersionProps")


class ServiceFunction(Construct):
    """A function with its log group and role; its version and its alias `live` come to be when they are asked for.

    `code` names the folders in its package, `handler` is "package.module.function" as Python imports it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        code: Sequence[str],
        handler: str,
        timeout_seconds: int,
        memory_mib: int,
        environment: Mapping[str, str],
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._is_sandbox = settings.is_sandbox
        _require_version_flags(self)
        bundling.build_all(ARCHITECTURE.name)
        log_group = new_log_group(self, "Logs", settings=settings)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=ARCHITECTURE,
            code=_code(bundling.function_bundle(code)),
            layers=[dependencies_layer(cdk.Stack.of(self))],
            handler=handler,
            description=description,
            timeout=cdk.Duration.seconds(timeout_seconds),
            memory_size=memory_mib,
            environment=dict(environment),
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
        )
        acknowledge(self.function, {"L1": f"The layer's bytecode is made for Python {bundling.PYTHON_VERSION}."})
        acknowledge(role, {"IAM5[Resource::*]": "X-Ray knows no resources: PutTraceSegments, PutTelemetryRecords."})

    @functools.cached_property
    def version(self) -> lambda_.IVersion:
        """What this release's code and configuration are published as; older versions stay, to go back to.

        A sandbox publishes none: what `cdk watch` had published would fail the next `cdk deploy` (aws-cdk#35540).
        """
        return self.function.latest_version if self._is_sandbox else self.function.current_version

    @functools.cached_property
    def alias(self) -> lambda_.Alias:
        """`live`: what callers and event sources invoke. The deployment's own functions do without."""
        return lambda_.Alias(self, "Live", alias_name=ALIAS_NAME, version=self.version)


def alias_dimensions(function: lambda_.IFunction) -> dict[str, str]:
    """Those of the metrics of all that comes through the alias `live` ("Monitoring Lambda functions").

    `Resource` is a name and not an ARN, and written out: the alias's own Ref would close a circle.
    """
    return {"FunctionName": function.function_name, "Resource": f"{function.function_name}:{ALIAS_NAME}"}


def new_log_group(scope: Construct, construct_id: str, *, settings: ServiceSettings) -> logs.LogGroup:
    """A log group that keeps its events for as long as the settings say, and goes with its stack."""
    log_group = logs.LogGroup(scope, construct_id, removal_policy=cdk.RemovalPolicy.DESTROY)
    cfn_log_group = log_group.node.default_child
    assert isinstance(cfn_log_group, logs.CfnLogGroup)
    cfn_log_group.retention_in_days = settings.log_retention_days
    return log_group


def dependencies_layer(stack: cdk.Stack) -> lambda_.LayerVersion:
    """The layer with every dependency: one per stack, for a layer shared by an export could never be updated."""
    existing = stack.node.try_find_child("Dependencies")
    if isinstance(existing, lambda_.LayerVersion):
        return existing
    return lambda_.LayerVersion(
        stack,
        "Dependencies",
        code=_code(bundling.layer_bundle(ARCHITECTURE.name)),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[ARCHITECTURE],
        description="The pinned packages of service/packaging/layer/requirements.txt",
    )


def _code(bundle: bundling.Bundle) -> lambda_.Code:
    return lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest, asset_hash_type=cdk.AssetHashType.CUSTOM)


def _require_version_flags(scope: Construct) -> None:
    for flag in VERSION_FLAGS:
        if not cdk.FeatureFlags.of(scope).is_enabled(flag):
            raise ValueError(f'Feature flag "{flag}" is off: a changed layer would publish no version. See cdk.json.')
