from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.aws.edge.cloudformation import s3_path
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, OTHER_ACCOUNT, REGION, BareCloud

_ENDED = ("_COMPLETE", "_FAILED")


def template(*, padding: int = 0, **properties: Any) -> str:
    """An application, its number of hosts in another resource's value, and an API's address as an output."""
    address = ["", ["https://abc123.execute-api.", {"Ref": "AWS::Region"}, ".amazonaws.com/prod/"]]
    resources: dict[str, Any] = {
        "Application": {
            "Type": "AWS::CodeDeploy::Application",
            "Properties": {"Size": 3, "IsBlue": True, "Stack": {"Ref": "AWS::StackName"}, **properties},
        },
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Application", "Arn"]}},
        },
    }
    outputs = {"Application": {"Value": {"Ref": "Application"}}, "Url": {"Value": {"Fn::Join": address}}}
    return json.dumps({"Description": "x" * padding, "Resources": resources, "Outputs": outputs})


def as_cdk_cli(cloud: BareCloud) -> Any:
    config = Config(user_agent="aws-sdk-js/3.1000.0 ua/2.1 os/linux lang/js aws-cdk/2.1148.1")
    return cloud.clients.root(ACCOUNT, REGION).client("cloudformation", config=config)


def wait_until_ended(cloudformation: Any, name: str) -> str:
    deadline = time.monotonic() + 30
    while True:
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if status.endswith(_ENDED):
            return status
        assert time.monotonic() < deadline, f"{name} is still {status}"
        time.sleep(0.05)


def deploy(cloud: BareCloud, name: str, body: str, account: str = ACCOUNT) -> Any:
    cloudformation = cloud.client("cloudformation", account)
    try:
        cloudformation.create_stack(StackName=name, TemplateBody=body)
    except cloudformation.exceptions.AlreadyExistsException:
        cloudformation.update_stack(StackName=name, TemplateBody=body)
    return cloudformation


def outputs(cloudformation: Any, name: str) -> dict[str, str]:
    found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def test_create_hands_resolved_properties_to_the_provider(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "create", template())

    assert wait_until_ended(cloudformation, "create") == "CREATE_COMPLETE"
    [(verb, request)] = cloud.provider.of_stack("create")
    assert verb == "create"
    assert request.properties == {"Size": "3", "IsBlue": "true", "Stack": "create"}
    assert (request.account, request.region, request.logical_id) == (ACCOUNT, REGION, "Application")
    assert request.resource_type == "AWS::CodeDeploy::Application"


def test_stack_is_described_as_it_is_in_a_moment_when_that_is_soon(cloud: BareCloud) -> None:
    deploy(cloud, "soon", template())

    assert as_cdk_cli(cloud).describe_stacks(StackName="soon")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_stack_is_described_as_it_is_when_its_work_takes_longer(cloud: BareCloud) -> None:
    # given an update that is held back
    cloudformation = deploy(cloud, "later", template())
    wait_until_ended(cloudformation, "later")
    cloud.provider.gate.clear()
    try:
        deploy(cloud, "later", template(Name="other"))
        # when
        status = as_cdk_cli(cloud).describe_stacks(StackName="later")["Stacks"][0]["StackStatus"]
    finally:
        cloud.provider.gate.set()
    # then
    assert status == "UPDATE_IN_PROGRESS"
    assert wait_until_ended(cloudformation, "later") == "UPDATE_COMPLETE"


def test_outputs_have_the_providers_id_and_an_address_that_works_here(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "outputs", template(Name="cars"))
    wait_until_ended(cloudformation, "outputs")

    found = outputs(cloudformation, "outputs")

    assert found["Application"] == "cars"
    assert found["Url"] == f"{cloud.edge.url}/_aws/execute-api/abc123/prod/"


def test_update_hands_over_new_and_old_properties_and_the_update_policy(cloud: BareCloud) -> None:
    def alias(version: str, hook: str) -> str:
        policy = {"CodeDeployLambdaAliasUpdate": {"BeforeAllowTrafficHook": hook}}
        properties = {"FunctionVersion": version}
        resource = {"Type": "AWS::Lambda::Alias", "Properties": properties, "UpdatePolicy": policy}
        return json.dumps({"Resources": {"Live": resource}})

    wait_until_ended(deploy(cloud, "update", alias("1", "old-hook")), "update")
    assert wait_until_ended(deploy(cloud, "update", alias("2", "new-hook")), "update") == "UPDATE_COMPLETE"

    verb, request = cloud.provider.of_stack("update")[-1]
    assert verb == "update"
    assert (request.old_properties["FunctionVersion"], request.properties["FunctionVersion"]) == ("1", "2")
    assert request.update_policy == {"CodeDeployLambdaAliasUpdate": {"BeforeAllowTrafficHook": "new-hook"}}
    assert request.old_update_policy == {"CodeDeployLambdaAliasUpdate": {"BeforeAllowTrafficHook": "old-hook"}}
    assert request.physical_id == "update-Live"


def test_failed_update_rolls_the_stack_back_and_shows_the_providers_reason(cloud: BareCloud) -> None:
    wait_until_ended(deploy(cloud, "rollback", template(Size=1)), "rollback")

    cloudformation = deploy(cloud, "rollback", template(Size=2, Fail=True))

    assert wait_until_ended(cloudformation, "rollback") == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="rollback")["StackEvents"]
    [failed] = [event for event in events if event["ResourceStatus"] == "UPDATE_FAILED"]
    assert failed["ResourceStatusReason"] == "Deployment d-1 failed: the alarm errors is in ALARM"
    assert failed["ResourceType"] == "AWS::CodeDeploy::Application"
    sizes = [(verb, request.properties["Size"]) for verb, request in cloud.provider.of_stack("rollback")]
    assert sizes == [("create", "1"), ("update", "2"), ("update", "1")]
    assert cloudformation.get_template(StackName="rollback")["TemplateBody"] == json.loads(template(Size=1))


def test_failed_create_is_rolled_back(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "never", template(Fail=True))

    assert wait_until_ended(cloudformation, "never") == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("fail", "denial"),
    [
        ("unsupported", "Application: blue applications are not supported locally."),
        ("broken", "The local run is broken (AWS::CodeDeploy::Application): RuntimeError('a bug of ours')"),
        ("true", None),
    ],
)
def test_what_the_local_run_cannot_make_is_remembered_by_the_words_that_fail_the_stack(
    cloud: BareCloud, fail: str, denial: str | None
) -> None:
    cloudformation = deploy(cloud, f"denied-{fail}", template(Fail=fail))

    assert wait_until_ended(cloudformation, f"denied-{fail}") == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=f"denied-{fail}")["StackEvents"]
    assert cloud.denials.found_in(str(event.get("ResourceStatusReason")) for event in events) == denial


def test_a_resource_type_that_the_emulator_lacks_is_known_by_its_words(cloud: BareCloud) -> None:
    body = json.dumps({"Resources": {"Canary": {"Type": "AWS::Synthetics::Canary", "Properties": {"Name": "c"}}}})

    with pytest.raises(ClientError) as refused:
        deploy(cloud, "lacking", body)

    assert cloud.denials.found_in([str(refused.value)]) == "Unrecognized resource types: [AWS::Synthetics::Canary]"


def test_a_template_that_cannot_be_rewritten_is_refused_and_remembered(cloud: BareCloud) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13", "Environment": {"Ref": "A"}}}

    with pytest.raises(ClientError) as refused:
        deploy(cloud, "unreadable", json.dumps({"Resources": {"Function": function}}))

    assert cloud.denials.found_in([str(refused.value)]) == refused.value.response["Error"]["Message"]


def test_two_stacks_are_in_progress_at_once_while_providers_work(cloud: BareCloud) -> None:
    for name in ("first", "second"):
        wait_until_ended(deploy(cloud, name, template(Size=1)), name)
    cloud.provider.gate.clear()
    try:
        for name in ("first", "second"):
            deploy(cloud, name, template(Size=2))
        deadline = time.monotonic() + 20
        while not {"first", "second"} <= cloud.provider.waiting:
            assert time.monotonic() < deadline, f"only {cloud.provider.waiting} wait"
            time.sleep(0.05)
        status = cloud.client("cloudformation").describe_stacks(StackName="first")["Stacks"][0]["StackStatus"]
        assert status == "UPDATE_IN_PROGRESS"
    finally:
        cloud.provider.gate.set()

    for name in ("first", "second"):
        assert wait_until_ended(cloud.client("cloudformation"), name) == "UPDATE_COMPLETE"


def test_template_too_large_to_be_sent_inline_is_read_from_s3(cloud: BareCloud) -> None:
    text = template(padding=900) + " " * 60_000
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="templates", Key="a folder/large.json", Body=text.encode())
    big = json.loads(template())
    big["Metadata"] = {"padding": "y" * 60_000}
    s3.put_object(Bucket="templates", Key="big.json", Body=json.dumps(big).encode())
    cloudformation = cloud.client("cloudformation")

    for name, key in (("large", "a%20folder/large.json"), ("big", "big.json")):
        url = f"https://templates.s3.{REGION}.amazonaws.com/{key}"
        cloudformation.create_stack(StackName=name, TemplateURL=url)

        assert wait_until_ended(cloudformation, name) == "CREATE_COMPLETE"
        assert [verb for verb, _ in cloud.provider.of_stack(name)] == ["create"]
    assert cloudformation.get_template(StackName="big")["TemplateBody"] == big


def test_template_that_its_caller_may_not_read_is_refused(cloud: BareCloud) -> None:
    role = cloud.role("deployer", {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"})
    cloud.client("s3").create_bucket(
        Bucket="private-templates", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    cloud.client("s3").put_object(Bucket="private-templates", Key="t.json", Body=template().encode())
    cloudformation = cloud.client_of_role("cloudformation", role)

    with pytest.raises(ClientError, match=r"ValidationError.*S3 error"):
        cloudformation.create_stack(
            StackName="unread", TemplateURL=f"https://s3.{REGION}.amazonaws.com/private-templates/t.json"
        )


def test_caller_without_the_permission_is_refused_though_its_request_is_rewritten(cloud: BareCloud) -> None:
    cloudformation = cloud.client_of_role("cloudformation", cloud.role("nobody"))

    with pytest.raises(ClientError, match="cloudformation:CreateStack"):
        cloudformation.create_stack(StackName="refused", TemplateBody=template())


def test_template_that_cannot_be_read_is_refused(cloud: BareCloud) -> None:
    with pytest.raises(ClientError, match=r"ValidationError.*Template format error"):
        cloud.client("cloudformation").create_stack(StackName="unreadable", TemplateBody="{")


def test_change_set_is_rewritten_and_an_unchanged_template_is_no_update(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "change-set", template(Size=1))
    wait_until_ended(cloudformation, "change-set")
    for name, size in (("same", 1), ("other", 5)):
        cloudformation.create_change_set(StackName="change-set", ChangeSetName=name, TemplateBody=template(Size=size))

    same = cloudformation.describe_change_set(StackName="change-set", ChangeSetName="same")
    other = cloudformation.describe_change_set(StackName="change-set", ChangeSetName="other")

    assert same["Status"] == "FAILED"
    assert "didn't contain changes" in same["StatusReason"]
    changed = [change["ResourceChange"]["ResourceType"] for change in other["Changes"]]
    assert "AWS::CodeDeploy::Application" in changed
    cloudformation.execute_change_set(StackName="change-set", ChangeSetName="other")
    assert wait_until_ended(cloudformation, "change-set") == "UPDATE_COMPLETE"
    assert cloud.provider.of_stack("change-set")[-1][1].properties["Size"] == "5"


def test_deletion_reaches_the_provider_with_the_physical_id(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "deleted", template(Name="gone"))
    wait_until_ended(cloudformation, "deleted")

    cloudformation.delete_stack(StackName="deleted")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="deleted", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )

    verb, request = cloud.provider.of_stack("deleted")[-1]
    assert (verb, request.physical_id) == ("delete", "gone")


def test_second_account_gets_its_own_stack(cloud: BareCloud) -> None:
    cloudformation = deploy(cloud, "elsewhere", template(), account=OTHER_ACCOUNT)

    assert wait_until_ended(cloudformation, "elsewhere") == "CREATE_COMPLETE"
    assert cloud.provider.of_stack("elsewhere")[0][1].account == OTHER_ACCOUNT
    with pytest.raises(ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName="elsewhere")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://bucket.s3.eu-west-1.amazonaws.com/a/key", "/bucket/a/key"),
        ("https://my.bucket.s3.amazonaws.com/key", "/my.bucket/key"),
        ("https://s3.eu-west-1.amazonaws.com/bucket/key%20b", "/bucket/key%20b"),
        ("https://s3-eu-west-1.amazonaws.com/bucket/key", "/bucket/key"),
        ("http://127.0.0.1:4566/bucket/key", "/bucket/key"),
    ],
)
def test_s3_path_reads_every_form_of_an_objects_address(url: str, path: str) -> None:
    assert s3_path(url) == path


def parameter(value: object, **outputs: dict[str, Any]) -> str:
    resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    return json.dumps({"Resources": {"Parameter": resource}, "Outputs": outputs})


def value_of_parameter(cloud: BareCloud, stack: str) -> str:
    cloudformation = cloud.client("cloudformation")
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId="Parameter")
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    return str(cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_output_of_another_stack_is_read_when_a_stack_is_created_and_updated(cloud: BareCloud) -> None:
    read = {"Fn::GetStackOutput": {"StackName": "weak-producer", "OutputName": "Told", "Region": REGION}}
    cloudformation = deploy(cloud, "weak-producer", parameter("1", Told={"Value": "first"}))
    assert wait_until_ended(cloudformation, "weak-producer") == "CREATE_COMPLETE"

    deploy(cloud, "weak-consumer", parameter({"Fn::Join": ["-", ["it", read]]}))
    assert wait_until_ended(cloudformation, "weak-consumer") == "CREATE_COMPLETE"
    assert value_of_parameter(cloud, "weak-consumer") == "it-first"

    # an output that is read may change, and go
    deploy(cloud, "weak-producer", parameter("2", Told={"Value": "second"}))
    assert wait_until_ended(cloudformation, "weak-producer") == "UPDATE_COMPLETE"
    deploy(cloud, "weak-consumer", parameter({"Fn::Join": ["-", ["it", read]]}))
    assert wait_until_ended(cloudformation, "weak-consumer") == "UPDATE_COMPLETE"
    assert value_of_parameter(cloud, "weak-consumer") == "it-second"
    assert "Fn::GetStackOutput" in json.dumps(cloudformation.get_template(StackName="weak-consumer")["TemplateBody"])

    deploy(cloud, "weak-producer", parameter("3"))
    assert wait_until_ended(cloudformation, "weak-producer") == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="stack weak-producer has no output Told"):
        deploy(cloud, "weak-consumer", parameter(read))
    with pytest.raises(ClientError, match="stack nobodys cannot be read in eu-west-1"):
        deploy(cloud, "weak-other", parameter({"Fn::GetStackOutput": {"StackName": "nobodys", "OutputName": "Told"}}))


def test_export_that_another_stack_imports_can_neither_go_nor_change(cloud: BareCloud) -> None:
    told = {"Value": "first", "Export": {"Name": "strong-producer:Told"}}
    cloudformation = deploy(cloud, "strong-producer", parameter("1", Told=told))
    assert wait_until_ended(cloudformation, "strong-producer") == "CREATE_COMPLETE"
    deploy(cloud, "strong-consumer", parameter({"Fn::ImportValue": "strong-producer:Told"}))
    assert wait_until_ended(cloudformation, "strong-consumer") == "CREATE_COMPLETE"

    in_use = "Export strong-producer:Told cannot be {} as it is in use by strong-consumer"
    with pytest.raises(ClientError, match=in_use.format("deleted")):
        deploy(cloud, "strong-producer", parameter("2"))
    with pytest.raises(ClientError, match=in_use.format("updated")):
        deploy(cloud, "strong-producer", parameter("2", Told={**told, "Value": "second"}))
    with pytest.raises(ClientError, match=in_use.format("deleted")):
        cloudformation.create_change_set(
            StackName="strong-producer", ChangeSetName="c", TemplateBody=parameter("2"), ChangeSetType="UPDATE"
        )

    # what is not the export may change, and so may it when nobody imports it any more
    deploy(cloud, "strong-producer", parameter("3", Told=told))
    assert wait_until_ended(cloudformation, "strong-producer") == "UPDATE_COMPLETE"
    deploy(cloud, "strong-consumer", parameter("nothing"))
    assert wait_until_ended(cloudformation, "strong-consumer") == "UPDATE_COMPLETE"
    deploy(cloud, "strong-producer", parameter("4"))
    assert wait_until_ended(cloudformation, "strong-producer") == "UPDATE_COMPLETE"
