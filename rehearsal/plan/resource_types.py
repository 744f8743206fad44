"""The resource types that this machine can make: the emulator's, and those of the rehearsal's own providers.

Whether what it makes does anything is another question: resource_standing.py.

It must not read files of the project; plan.py hands it what was read.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rehearsal.aws.cloudformation.stored_types import STORED_TYPES
from rehearsal.plan.resource_standing import refused_type

# Served by this project's providers in front of the emulator (rehearsal/aws, codepipeline/*_provider.py).
PROVIDED_RESOURCE_TYPES = frozenset(
    {
        "AWS::CodePipeline::Pipeline",
        "AWS::CodePipeline::Webhook",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::CodeDeploy::DeploymentConfig",
        "AWS::Lambda::Alias",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Events::EventBusPolicy",
        "AWS::Events::Rule",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Logs::MetricFilter",
        "AWS::Scheduler::Schedule",
        "AWS::SecretsManager::Secret",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::WebACLAssociation",
        "AWS::ApiGateway::RequestValidator",
        *STORED_TYPES,
    }
)
_REGISTRY = re.compile(r"^_RESOURCE_HANDLERS = \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_REGISTERED = re.compile(r'^    "(AWS::[A-Za-z0-9:]+)": ', re.MULTILINE)


@cache
def emulator_resource_types() -> frozenset[str]:
    """The CloudFormation types of the MiniStack that is installed, read from its registry without importing it.

    Empty when the registry is not where it was: then the emulator's own refusal has to do.
    """
    package = importlib.util.find_spec("ministack")
    if package is None or package.origin is None:
        return frozenset()
    source = Path(package.origin).parent / "services" / "cloudformation" / "provisioners.py"
    registry = _REGISTRY.search(source.read_text()) if source.is_file() else None
    return frozenset(_REGISTERED.findall(registry.group(1))) if registry else frozenset()


def unsupported_resource_types(types: Iterable[str]) -> tuple[str, ...]:
    """Those of `types` that the table refuses or does not know, sorted."""
    return tuple(sorted({kind for kind in types if refused_type(kind) is not None}))
