"""The action against a fake CloudFormation whose operations go through the states that a test gives."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.codepipeline.actions.action import ActionContext, ArtifactLocation
from rehearsal.codepipeline.actions.cloudformation import CloudFormationAction
from rehearsal.errors import ActionFailed, Unsupported
from tests.rehearsal.codepipeline.actions.fake_context import ContextMaker

NAME = "Prod-Api"
STACK_ID = f"arn:aws:cloudformation:eu-west-1:222222222222:stack/{NAME}/1"
DENIED = (
    "User: arn:aws:sts::222222222222:assumed-role/exec/AWSCloudFormation is not authorized to perform: "
    "dynamodb:CreateTable because no identity-based policy allows the dynamodb:CreateTable action"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
Event = tuple[str, str, str, str]  # status, type, logical id, reason


class FakeCloudFormation:
    """One stack. Starting an operation plays `plays`: at each look at the stack, one status with its events."""

    def __init__(self, status: str | None = None) -> None:
        self.status = status
        self.plays: list[tuple[str, Sequence[Event]]] = []
        self.calls: list[str] = []
        self.request: dict[str, Any] = {}
        self.change_set: dict[str, Any] = {"Status": "CREATE_COMPLETE", "Changes": [{"ResourceChange": {}}]}
        self.update_error = ""
        self._queue: list[tuple[str, Sequence[Event]]] = []
        self._events: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self.add_events([("CREATE_FAILED", "AWS::SQS::Queue", "Old", "of an earlier operation")])

    def add_events(self, events: Sequence[Event], *, stack_id: str = STACK_ID) -> None:
        for status, resource_type, logical_id, reason in events:
            number = next(self._numbers)
            self._events.insert(
                0,
                {
                    "EventId": str(number),
                    "StackId": stack_id,
                    "Timestamp": START + timedelta(seconds=number),
                    "ResourceStatus": status,
                    "ResourceType": resource_type,
                    "LogicalResourceId": logical_id,
                    "PhysicalResourceId": stack_id if logical_id == NAME else f"arn:{logical_id}",
                    **({"ResourceStatusReason": reason} if reason else {}),
                },
            )

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        if self._queue:
            self.status, events = self._queue.pop(0)
            self.add_events(events)
        if self.status is None or (self.status == "DELETE_COMPLETE" and StackName == NAME):
            raise error("DescribeStacks", f"Stack with id {StackName} does not exist")
        outputs = [{"OutputKey": "ApiUrl", "OutputValue": "http://127.0.0.1/prod/"}]
        return {"Stacks": [{"StackId": STACK_ID, "StackStatus": self.status, "Outputs": outputs}]}

    def describe_stack_events(self, *, StackName: str, NextToken: str = "0") -> dict[str, Any]:
        """Two events a page."""
        first = int(NextToken)
        nested = [event for event in self._events if (event["StackId"] == StackName) or StackName in (NAME, STACK_ID)]
        page = {"StackEvents": nested[first : first + 2]}
        return page | ({"NextToken": str(first + 2)} if first + 2 < len(nested) else {})

    def create_stack(self, **request: Any) -> None:
        self._begin("create_stack", request)

    def update_stack(self, **request: Any) -> None:
        if self.update_error:
            raise error("UpdateStack", self.update_error)
        self._begin("update_stack", request)

    def delete_stack(self, **request: Any) -> None:
        self._begin("delete_stack", request)

    def create_change_set(self, **request: Any) -> None:
        self.calls.append("create_change_set")
        self.request = request

    def delete_change_set(self, **request: Any) -> None:
        self.calls.append("delete_change_set")

    def describe_change_set(self, **request: Any) -> dict[str, Any]:
        return self.change_set

    def execute_change_set(self, **request: Any) -> None:
        self._begin("execute_change_set", request)

    def _begin(self, call: str, request: dict[str, Any]) -> None:
        self.calls.append(call)
        self.request = request
        self._queue, self.plays = self.plays, []


def error(operation: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, operation)


@pytest.fixture
def cloudformation(make_context: ContextMaker) -> FakeCloudFormation:
    fake = make_context.clients["cloudformation"] = FakeCloudFormation()
    return fake


def context(make_context: ContextMaker, mode: str = "CREATE_UPDATE", **configuration: str) -> ActionContext:
    return make_context(
        {"ActionMode": mode, "StackName": NAME, "TemplatePath": "Synth::prod.json", **configuration},
        provider="CloudFormation",
        inputs={"Synth": {"prod.json": "{}", "settings.json": configuration.get("settings", "{}")}},
        outputs=("Out",) if "OutputFileName" in configuration else (),
        locations={"Synth": ArtifactLocation("bucket", "key/1")},
    )


CREATED: list[tuple[str, Sequence[Event]]] = [
    ("CREATE_IN_PROGRESS", []),
    ("CREATE_COMPLETE", [("CREATE_COMPLETE", "AWS::SQS::Queue", "Queue", "")]),
]
UPDATED: list[tuple[str, Sequence[Event]]] = [("UPDATE_IN_PROGRESS", []), ("UPDATE_COMPLETE", [])]


def test_create_update_creates_a_stack_that_is_not_there(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.plays = list(CREATED)

    result = CloudFormationAction().run(
        context(make_context, Capabilities="CAPABILITY_NAMED_IAM,CAPABILITY_AUTO_EXPAND", RoleArn="arn:exec")
    )

    assert cloudformation.calls == ["create_stack"]
    assert cloudformation.request == {
        "StackName": NAME,
        "TemplateBody": "{}",
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "RoleARN": "arn:exec",
    }
    assert result.variables == {"ApiUrl": "http://127.0.0.1/prod/"}
    assert make_context.lines == ["CREATE_COMPLETE AWS::SQS::Queue Queue"]


def test_create_update_updates_a_stack_that_is_there(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status, cloudformation.plays = "CREATE_COMPLETE", list(UPDATED)

    CloudFormationAction().run(context(make_context))

    assert cloudformation.calls == ["update_stack"]


def test_create_update_succeeds_when_there_is_nothing_to_update(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status, cloudformation.update_error = "UPDATE_COMPLETE", "No updates are to be performed."

    result = CloudFormationAction().run(context(make_context))

    assert result.variables == {"ApiUrl": "http://127.0.0.1/prod/"}
    assert make_context.lines == [f"{NAME}: no changes"]


def test_create_update_does_not_replace_a_stack_in_a_failed_state(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status = "ROLLBACK_COMPLETE"
    cloudformation.update_error = f"Stack:{STACK_ID} is in ROLLBACK_COMPLETE state and can not be updated."

    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        CloudFormationAction().run(context(make_context))

    assert cloudformation.calls == []


def test_create_update_fails_with_the_first_failed_resources_own_words(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status = "UPDATE_COMPLETE"
    cloudformation.plays = [
        ("UPDATE_IN_PROGRESS", [("UPDATE_IN_PROGRESS", "AWS::CloudFormation::Stack", NAME, "User Initiated")]),
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            [
                ("CREATE_FAILED", "AWS::SQS::Queue", "Queue", "Resource creation cancelled"),
                ("CREATE_FAILED", "AWS::DynamoDB::Table", "Cars", DENIED),
                ("CREATE_FAILED", "AWS::SQS::Queue", "Second", "another"),
                ("UPDATE_FAILED", "AWS::CloudFormation::Stack", NAME, "The following resource(s) failed"),
            ],
        ),
        ("UPDATE_ROLLBACK_COMPLETE", []),
    ]

    with pytest.raises(ActionFailed) as caught:
        CloudFormationAction().run(context(make_context))

    assert caught.value.reason == (
        f"{NAME} ended in UPDATE_ROLLBACK_COMPLETE. Cars (AWS::DynamoDB::Table) CREATE_FAILED: {DENIED}"
    )
    assert caught.value.gate is None
    assert f"CREATE_FAILED AWS::DynamoDB::Table Cars: {DENIED}" in make_context.lines


def test_create_update_fails_with_the_words_of_the_nested_stack(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status = "UPDATE_COMPLETE"
    nested = "arn:Inner"
    cloudformation.plays = [
        ("UPDATE_IN_PROGRESS", [("UPDATE_IN_PROGRESS", "AWS::CloudFormation::Stack", NAME, "")]),
        (
            "UPDATE_ROLLBACK_COMPLETE",
            [("CREATE_FAILED", "AWS::CloudFormation::Stack", "Inner", "Embedded stack failed")],
        ),
    ]
    describe = cloudformation.describe_stack_events

    def with_nested(*, StackName: str, NextToken: str = "0") -> dict[str, Any]:
        if StackName != nested:
            return describe(StackName=StackName, NextToken=NextToken)
        inner = FakeCloudFormation()
        inner._events = []
        inner._numbers = itertools.count(100)
        inner.add_events([("CREATE_FAILED", "AWS::SQS::Queue", "Deep", "too long a name")], stack_id=nested)
        return {"StackEvents": inner._events}

    cloudformation.describe_stack_events = with_nested  # type: ignore[method-assign]

    with pytest.raises(ActionFailed, match=r"Deep \(AWS::SQS::Queue\) CREATE_FAILED: too long a name"):
        CloudFormationAction().run(context(make_context))


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED"])
def test_replace_on_failure_deletes_and_creates_a_stack_in_a_failed_state(
    make_context: ContextMaker, cloudformation: FakeCloudFormation, status: str
) -> None:
    cloudformation.status, cloudformation.plays = status, [("DELETE_IN_PROGRESS", []), ("DELETE_COMPLETE", [])]
    create = cloudformation.create_stack

    def create_stack(**request: Any) -> None:
        cloudformation.plays = list(CREATED)
        create(**request)

    cloudformation.create_stack = create_stack  # type: ignore[method-assign]

    CloudFormationAction().run(context(make_context, "REPLACE_ON_FAILURE"))

    assert cloudformation.calls == ["delete_stack", "create_stack"]


def test_replace_on_failure_updates_a_stack_that_is_well(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.status, cloudformation.plays = "UPDATE_ROLLBACK_COMPLETE", list(UPDATED)

    CloudFormationAction().run(context(make_context, "REPLACE_ON_FAILURE"))

    assert cloudformation.calls == ["update_stack"]


@pytest.mark.parametrize(
    ("status", "calls", "kind"),
    [
        (None, ["create_change_set"], "CREATE"),
        ("REVIEW_IN_PROGRESS", ["delete_change_set", "create_change_set"], "CREATE"),
        ("UPDATE_COMPLETE", ["delete_change_set", "create_change_set"], "UPDATE"),
    ],
)
def test_change_set_replace_makes_a_new_change_set(
    make_context: ContextMaker, cloudformation: FakeCloudFormation, status: str | None, calls: list[str], kind: str
) -> None:
    cloudformation.status = status

    result = CloudFormationAction().run(context(make_context, "CHANGE_SET_REPLACE", ChangeSetName="Release"))

    assert cloudformation.calls == calls
    assert cloudformation.request["ChangeSetType"] == kind
    assert cloudformation.request["ChangeSetName"] == "Release"
    assert result.variables == {}


NO_CHANGES = {
    "Status": "FAILED",
    "StatusReason": "The submitted information didn't contain changes. Submit different information.",
}


@pytest.mark.parametrize("mode", ["CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"])
def test_change_set_without_changes_is_success(
    make_context: ContextMaker, cloudformation: FakeCloudFormation, mode: str
) -> None:
    cloudformation.status, cloudformation.change_set = "UPDATE_COMPLETE", NO_CHANGES

    CloudFormationAction().run(context(make_context, mode, ChangeSetName="Release"))

    assert "execute_change_set" not in cloudformation.calls
    assert make_context.lines == [f"{NAME}: no changes"]


def test_change_set_replace_fails_when_it_could_not_be_made(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.change_set = {"Status": "FAILED", "StatusReason": "Transform failed"}

    with pytest.raises(ActionFailed, match="change set Release of Prod-Api could not be made: Transform failed"):
        CloudFormationAction().run(context(make_context, "CHANGE_SET_REPLACE", ChangeSetName="Release"))


def test_change_set_execute_waits_for_the_stack(make_context: ContextMaker, cloudformation: FakeCloudFormation) -> None:
    cloudformation.status, cloudformation.plays = "UPDATE_COMPLETE", list(UPDATED)

    result = CloudFormationAction().run(context(make_context, "CHANGE_SET_EXECUTE", ChangeSetName="Release"))

    assert cloudformation.calls == ["execute_change_set"]
    assert result.variables == {"ApiUrl": "http://127.0.0.1/prod/"}


@pytest.mark.parametrize(("status", "calls"), [(None, []), ("CREATE_COMPLETE", ["delete_stack"])])
def test_delete_only_succeeds_whether_or_not_the_stack_is_there(
    make_context: ContextMaker, cloudformation: FakeCloudFormation, status: str | None, calls: list[str]
) -> None:
    cloudformation.status, cloudformation.plays = status, [("DELETE_IN_PROGRESS", []), ("DELETE_COMPLETE", [])]

    assert CloudFormationAction().run(context(make_context, "DELETE_ONLY")).variables == {}
    assert cloudformation.calls == calls


def test_run_passes_parameters_and_tags_with_overrides_before_the_template_configuration(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.plays = list(CREATED)
    settings = {"Parameters": {"Size": "small", "Name": "n"}, "Tags": {"team": "cars"}}
    overrides = {
        "Size": "large",
        "Bucket": {"Fn::GetArtifactAtt": ["Synth", "BucketName"]},
        "Key": {"Fn::GetArtifactAtt": ["Synth", "ObjectKey"]},
        "Team": {"Fn::GetParam": ["Synth", "settings.json", "Tags"]},
        "Subnets": ["a", "b"],
    }

    CloudFormationAction().run(
        context(
            make_context,
            TemplateConfiguration="Synth::settings.json",
            settings=json.dumps(settings),
            ParameterOverrides=json.dumps(overrides),
        )
    )

    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in cloudformation.request["Parameters"]}
    assert parameters == {
        "Size": "large",
        "Name": "n",
        "Bucket": "bucket",
        "Key": "key/1",
        "Team": '{"team": "cars"}',
        "Subnets": "a,b",
    }
    assert cloudformation.request["Tags"] == [{"Key": "team", "Value": "cars"}]


def test_files_read_are_all_that_the_action_reads() -> None:
    configuration = {
        "TemplatePath": "Synth::prod.json",
        "TemplateConfiguration": "Settings::deep/settings.json",
        "ParameterOverrides": json.dumps(
            {
                "Team": {"Fn::GetParam": ["Settings", "tags.json", "Team"]},
                "Key": {"Fn::GetArtifactAtt": ["Synth", "ObjectKey"]},
                "Size": "Other::large",
            }
        ),
    }

    assert CloudFormationAction().files_read(configuration) == {
        "Synth": {"prod.json"},
        "Settings": {"deep/settings.json", "tags.json"},
    }


@pytest.mark.parametrize("overrides", ["{", "[]", "", '{"A": {"Fn::GetParam": ["Synth"]}}'])
def test_files_read_are_none_where_the_configuration_names_none(overrides: str) -> None:
    configuration = {"ActionMode": "CHANGE_SET_EXECUTE", "TemplatePath": "prod.json", "ParameterOverrides": overrides}

    assert CloudFormationAction().files_read(configuration) == {}


def test_run_writes_the_outputs_into_the_output_artifact(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.plays = list(CREATED)
    created = context(make_context, OutputFileName="outputs.json")

    CloudFormationAction().run(created)

    assert json.loads((created.outputs["Out"] / "outputs.json").read_text()) == {"ApiUrl": "http://127.0.0.1/prod/"}


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"TemplatePath": "prod.json"}, "TemplatePath is prod.json; it must be ARTIFACT::FILE"),
        ({"TemplatePath": "Other::prod.json"}, "one of the input artifacts Synth"),
        ({"TemplatePath": "Synth::gone.json"}, "the artifact Synth has no file gone.json"),
        ({"TemplatePath": "Synth::../secret"}, "leaves its artifact"),
        ({"ParameterOverrides": "{"}, "ParameterOverrides is not JSON"),
        ({"ParameterOverrides": '{"A": {"Ref": "B"}}'}, "allowed are texts, Fn::GetArtifactAtt and Fn::GetParam"),
        ({"StackName": ""}, "The configuration of action Action has no StackName"),
    ],
)
def test_run_fails_before_it_changes_anything_when_the_configuration_is_wrong(
    make_context: ContextMaker, cloudformation: FakeCloudFormation, configuration: dict[str, str], words: str
) -> None:
    with pytest.raises(ActionFailed, match=words):
        CloudFormationAction().run(context(make_context, **configuration))

    assert cloudformation.calls == []


def test_run_refuses_a_mode_that_it_does_not_know(make_context: ContextMaker) -> None:
    with pytest.raises(Unsupported, match="ActionMode STACK_SET"):
        CloudFormationAction().run(context(make_context, "STACK_SET"))


def test_run_fails_when_the_run_stops_while_it_waits(
    make_context: ContextMaker, cloudformation: FakeCloudFormation
) -> None:
    cloudformation.plays = [("CREATE_IN_PROGRESS", [])]
    make_context.is_stopped = True

    with pytest.raises(ActionFailed, match="The run was stopped while Prod-Api was being deployed"):
        CloudFormationAction().run(context(make_context))
