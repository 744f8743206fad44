"""Through which qualifier an invocation came, when the emulator does not say.

The emulator resolves an alias itself and names the version; only a direct Invoke names the alias. So an event that
looks like one of API Gateway, an event source, SNS, EventBridge or S3 is looked up where it says it comes from, and
counts as such only if that source really invokes this function. (A hook that hands a version an event made up to look
like API Gateway's stays what it is: a direct invocation of the version.)
It must not choose the version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.lambda_host.api_gateway import ApiRequest
from rehearsal.aws.lambda_host.custom_resource import CustomResourceRequest
from rehearsal.aws.lambda_host.function import Clients, FunctionArn
from rehearsal.aws.lambda_host.metrics import ApiRoute
from rehearsal.aws.lambda_host.remembered import Remembered

_REMEMBER_SECONDS = 30.0


@dataclass(frozen=True)
class Origin:
    """`function` is qualified as it was invoked; `request` and `route` are set when API Gateway invoked it.

    `is_asynchronous` tells of a source that invokes asynchronously: it waits for no result. `is_custom_resource` tells
    that the source is CloudFormation, which waits for an answer elsewhere.
    """

    function: FunctionArn
    request: ApiRequest | None = None
    route: ApiRoute | None = None
    is_asynchronous: bool = False
    is_custom_resource: bool = False


class _SourceKind(StrEnum):
    MAPPING = "event source mapping"
    SUBSCRIPTION = "subscription"
    RULE = "rule"
    BUCKET = "bucket"


@dataclass(frozen=True)
class _Source:
    """Where an event says that it comes from: the ARN of an event source, a subscription or a bucket, "" for a rule."""

    kind: _SourceKind
    arn: str = ""

    @property
    def is_asynchronous(self) -> bool:
        return self.kind is not _SourceKind.MAPPING


class Origins:
    """See the module. Safe to use from several threads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._boto3_clients: dict[tuple[str, str, str], Any] = {}
        self._routes = Remembered[tuple[str, ApiRoute] | None](_REMEMBER_SECONDS)
        self._targets = Remembered[tuple[str, ...]](_REMEMBER_SECONDS)

    def of(self, function: FunctionArn, event: object) -> Origin:
        """`function` is qualified as the emulator says: by the alias of a direct Invoke, else by the version."""
        if not isinstance(event, Mapping):
            return Origin(function)
        request = ApiRequest.from_event(event)
        if request is not None:
            return self._of_api_request(function, request)
        if CustomResourceRequest.from_event(event) is not None:
            return Origin(function, is_asynchronous=True, is_custom_resource=True)
        source = _source_of(event)
        if source is not None and (function.qualifier is None or function.qualifier.isdigit()):
            for target in self._targets_of(function, source):
                return Origin(target, is_asynchronous=source.is_asynchronous)
        return Origin(function)

    def _of_api_request(self, function: FunctionArn, request: ApiRequest) -> Origin:
        key = (function.account, function.region, request.api_id, request.stage, request.resource, request.method)
        found = self._routes.get(key, lambda: self._read_route(function, request))
        if found is None:
            return Origin(function)
        uri, route = found
        target = _function_in(uri)
        if target is None or target.unqualified != function.unqualified:
            return Origin(function)
        return Origin(target, request, route)

    def _read_route(self, function: FunctionArn, request: ApiRequest) -> tuple[str, ApiRoute] | None:
        """The integration's URI, and the API's name in metrics; None when there is no such API."""
        try:
            return (self._read_http_api if request.is_http_api else self._read_rest_api)(function, request)
        except ClientError as exc:
            if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise

    def _read_rest_api(self, function: FunctionArn, request: ApiRequest) -> tuple[str, ApiRoute] | None:
        client = self._client(function, "apigateway")
        name = client.get_rest_api(restApiId=request.api_id)["name"]
        resource = client.get_resource(restApiId=request.api_id, resourceId=request.resource)
        methods = resource.get("resourceMethods", {})
        method = request.method if request.method in methods else "ANY"
        integration = client.get_integration(restApiId=request.api_id, resourceId=request.resource, httpMethod=method)
        return integration["uri"], ApiRoute("ApiName", name, request.stage)

    def _read_http_api(self, function: FunctionArn, request: ApiRequest) -> tuple[str, ApiRoute] | None:
        client = self._client(function, "apigatewayv2")
        for route in client.get_routes(ApiId=request.api_id)["Items"]:
            if route["RouteKey"] == request.resource:
                identifier = route["Target"].removeprefix("integrations/")
                integration = client.get_integration(ApiId=request.api_id, IntegrationId=identifier)
                return integration["IntegrationUri"], ApiRoute("ApiId", request.api_id, request.stage)
        return None

    def _targets_of(self, function: FunctionArn, source: _Source) -> tuple[FunctionArn, ...]:
        """What the event's source invokes: this very version, or aliases of the function."""
        arns = self._targets.get((function, source), lambda: self._read_targets(function, source))
        targets = [_function_in(arn) for arn in arns]
        return tuple(target for target in targets if target is not None and _may_run(target, function))

    def _read_targets(self, function: FunctionArn, source: _Source) -> tuple[str, ...]:
        try:
            match source.kind:
                case _SourceKind.SUBSCRIPTION:
                    return self._read_endpoint(function, source.arn)
                case _SourceKind.BUCKET:
                    s3 = self._client(function, "s3")
                    bucket = source.arn.rpartition(":")[2]
                    configuration = s3.get_bucket_notification_configuration(Bucket=bucket)
                    return tuple(
                        to["LambdaFunctionArn"] for to in configuration.get("LambdaFunctionConfigurations", [])
                    )
                case _SourceKind.RULE:
                    return self._read_rule_targets(function)
                case _SourceKind.MAPPING:
                    client = self._client(function, "lambda")
                    mappings = client.list_event_source_mappings(EventSourceArn=source.arn)
                    return tuple(mapping["FunctionArn"] for mapping in mappings["EventSourceMappings"])
        except ClientError as exc:
            if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return ()
            raise

    def _read_endpoint(self, function: FunctionArn, subscription_arn: str) -> tuple[str, ...]:
        """The endpoint of a subscription; its attributes do not name it when CloudFormation made it."""
        topic_arn = subscription_arn.rpartition(":")[0]
        sns = self._client(function, "sns")
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        found = (entry for page in pages for entry in page["Subscriptions"])
        return tuple(entry["Endpoint"] for entry in found if entry["SubscriptionArn"] == subscription_arn)

    def _read_rule_targets(self, function: FunctionArn) -> tuple[str, ...]:
        """What of the function is a target of any rule, on any bus: an event does not tell its rule."""
        events = self._client(function, "events")
        buses = [bus["Name"] for bus in events.list_event_buses()["EventBuses"]]
        aliases = self._client(function, "lambda").list_aliases(FunctionName=function.name)["Aliases"]
        arns = [*(alias["AliasArn"] for alias in aliases), str(function)]
        return tuple(
            arn
            for arn in arns
            for bus in buses
            if events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"]
        )

    def _client(self, function: FunctionArn, service: str) -> Any:
        key = (function.account, function.region, service)
        if key not in self._boto3_clients:
            session: Any = self._clients.root(function.account, function.region)
            self._boto3_clients[key] = session.client(service)
        return self._boto3_clients[key]


def _source_of(event: Mapping[str, Any]) -> _Source | None:
    """None for an event of none of these sources."""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], Mapping):
        record = records[0]
        if mapping := record.get("eventSourceARN"):
            return _Source(_SourceKind.MAPPING, str(mapping))
        if subscription := record.get("EventSubscriptionArn"):
            return _Source(_SourceKind.SUBSCRIPTION, str(subscription))
        bucket = (record.get("s3") or {}).get("bucket") or {}
        return _Source(_SourceKind.BUCKET, str(bucket["arn"])) if "arn" in bucket else None
    return _Source(_SourceKind.RULE) if "detail-type" in event and "source" in event else None


def _may_run(target: FunctionArn, function: FunctionArn) -> bool:
    """Whether an invocation of the target can run this version."""
    is_alias = target.qualifier is not None and not target.qualifier.isdigit()
    return target.unqualified == function.unqualified and (is_alias or target == function)


def _function_in(uri: str) -> FunctionArn | None:
    """The function that an ARN or an integration's URI names."""
    arn = uri.partition("/functions/")[2].partition("/invocations")[0] or uri
    try:
        return FunctionArn.parse(arn)
    except ValueError:
        return None
