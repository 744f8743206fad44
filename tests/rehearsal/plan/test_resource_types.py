from __future__ import annotations

from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

from rehearsal.aws.apigateway.request_validator_provider import RequestValidatorProvider
from rehearsal.aws.cloudformation.stored_resources import StoredResources
from rehearsal.aws.cloudwatch.alarm_provider import AlarmProvider
from rehearsal.aws.cloudwatch_logs.metric_filters import MetricFilters
from rehearsal.aws.codedeploy.alias_provider import AliasProvider
from rehearsal.aws.codedeploy.provider import CodeDeployProvider
from rehearsal.aws.event_sources.event_sources import EventSources
from rehearsal.aws.eventbridge.event_bus_policies import EventBusPolicies
from rehearsal.aws.eventbridge.schedule import Schedules
from rehearsal.aws.scheduler.scheduler import Scheduler
from rehearsal.aws.secretsmanager.rotation_provider import RotationProvider
from rehearsal.aws.secretsmanager.secret_provider import SecretProvider
from rehearsal.aws.wafv2.web_acl_association import WebAclAssociationProvider
from rehearsal.codepipeline.pipeline_provider import PipelineProvider
from rehearsal.codepipeline.webhook_provider import WebhookProvider
from rehearsal.plan.resource_types import (
    PROVIDED_RESOURCE_TYPES,
    emulator_resource_types,
    unsupported_resource_types,
)


def test_emulator_types_are_those_that_the_installed_emulator_registers() -> None:
    assert emulator_resource_types() == set(_RESOURCE_HANDLERS)


def test_provided_types_are_those_that_the_providers_serve() -> None:
    providers = (
        *(
            AlarmProvider,
            AliasProvider,
            CodeDeployProvider,
            EventBusPolicies,
            EventSources,
            MetricFilters,
            Scheduler,
            Schedules,
        ),
        *(PipelineProvider, RequestValidatorProvider, RotationProvider, SecretProvider, StoredResources),
        *(WebAclAssociationProvider, WebhookProvider),
    )

    assert {kind for provider in providers for kind in provider.resource_types} == PROVIDED_RESOURCE_TYPES


def test_types_that_nobody_serves_are_named_once_and_sorted() -> None:
    types = ["AWS::S3::Bucket", "AWS::Synthetics::Canary", "Custom::Anything", "AWS::CodeDeploy::Application"]

    assert unsupported_resource_types([*types, "AWS::IVS::Channel", "AWS::IVS::Channel"]) == (
        "AWS::IVS::Channel",
        "AWS::Synthetics::Canary",
    )
