"""Writes to topics and queues, and invokes functions, as an AWS service does: if the resource's own policy allows it.

The account's root does the writing, since nobody can be a service in the emulator. It must not retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.iam.resource_policy import ServiceRequest, allows
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.lambda_host.remembered import Remembered
from rehearsal.errors import RehearsalError

_NOT_FOUND = 404
_POLICY_SECONDS = 0.25  # on AWS a changed policy takes longer than this to be known everywhere
_SQS_NOT_FOUND = "QueueDoesNotExist"


class Refused(RehearsalError):
    """The resource's policy does not allow it, or the resource is gone. `code` is EventBridge's word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ServicePrincipal:
    """See the module; `service` is the principal's name, `cloudwatch.amazonaws.com`.

    `source_arn` is the resource on whose behalf it acts. Raises Refused, else botocore's `ClientError`.
    """

    def __init__(self, clients: AwsClients, service: str) -> None:
        self._clients = clients
        self._service = service
        self._topic_policies = Remembered[str](_POLICY_SECONDS)

    def publish(self, topic_arn: str, message: str, *, source_arn: str, subject: str | None = None) -> None:
        sns = self._client("sns", topic_arn)
        try:
            policy = self._topic_policies.get(topic_arn, lambda: _topic_policy(sns, topic_arn))
            self._require(policy, "sns:Publish", topic_arn, source_arn)
            sns.publish(TopicArn=topic_arn, Message=message, **({"Subject": subject} if subject else {}))
        except Refused:
            self._topic_policies.forget(lambda arn: arn == topic_arn)
            raise
        except ClientError as exc:
            _raise(exc, topic_arn)

    def send_message(
        self, queue_arn: str, body: str, *, source_arn: str, attributes: Mapping[str, Any] | None = None
    ) -> None:
        sqs = self._client("sqs", queue_arn)
        account, name = queue_arn.split(":")[4:6]
        url = f"{sqs.meta.endpoint_url}/{account}/{name}"
        try:
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            self._require(answer.get("Attributes", {}).get("Policy", ""), "sqs:SendMessage", queue_arn, source_arn)
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes or {})
        except ClientError as exc:
            _raise(exc, queue_arn)

    def invoke(self, function_arn: str, event: str, *, source_arn: str) -> None:
        """Asynchronously."""
        function = FunctionArn.parse(function_arn)
        qualifier = {"Qualifier": function.qualifier} if function.qualifier else {}
        client = self._client("lambda", function_arn)
        try:
            client.get_function_configuration(FunctionName=function.name, **qualifier)
            policy = _policy_of(client, function.name, qualifier)
            self._require(policy, "lambda:InvokeFunction", function_arn, source_arn)
            client.invoke(FunctionName=function_arn, InvocationType="Event", Payload=event.encode())
        except ClientError as exc:
            _raise(exc, function_arn)

    def _require(self, policy: str, action: str, resource: str, source_arn: str) -> None:
        request = ServiceRequest(
            service=self._service,
            action=action,
            resource=resource,
            source_arn=source_arn,
            source_account=source_arn.split(":")[4],
        )
        if not allows(policy, request):
            raise Refused(
                "NO_PERMISSIONS", f"{self._service} is not authorized to perform {action} on resource {resource}"
            )

    def _client(self, service: str, arn: str) -> Any:
        _, _, _, region, account, *_ = arn.split(":")
        return self._clients.root(account, region).client(service)  # type: ignore[call-overload]


def _topic_policy(sns: Any, topic_arn: str) -> str:
    return str(sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"].get("Policy", ""))


def _policy_of(client: Any, name: str, qualifier: Mapping[str, str]) -> str:
    try:
        return str(client.get_policy(FunctionName=name, **qualifier)["Policy"])
    except client.exceptions.ResourceNotFoundException:  # the function is there: it has no policy
        return ""


def _raise(exc: ClientError, resource: str) -> NoReturn:
    code = str(exc.response.get("Error", {}).get("Code", ""))
    if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _NOT_FOUND or _SQS_NOT_FOUND in code:
        raise Refused("NO_RESOURCE", f"{resource} does not exist") from exc
    raise exc
