"""What widens is told, and what only moved or shrank is not."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evidence.runtime.access import accesses
from pipeline.evidence.runtime.changes import diff
from pipeline.evidence.runtime.model import Access
from tests.pipeline.evidence.example import TEMPLATE, template, with_properties

Both = tuple[tuple[Access, ...], tuple[Access, ...]]


def statement(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "x", **more}


def after(*statements: dict[str, Any], **resources: Any) -> Both:
    policy = with_properties("Policy", PolicyDocument={"Statement": list(statements)})
    return accesses(diff([("Prod-Api", TEMPLATE, template(Policy=policy, **resources))]))


def test_added_action_alone_widens_though_the_whole_statement_is_another() -> None:
    widens, narrows = after(statement("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
    (found,) = widens
    assert (found.who, found.what, found.on, found.stack) == ("AWS:${Role}", "s3:DeleteObject", "x", "Prod-Api")
    assert narrows == ()


def test_statement_that_is_divided_or_loses_an_action_widens_nothing() -> None:
    assert after(statement("s3:PutObject"), statement("s3:GetObject")) == ((), ())
    widens, (lost,) = after(statement("s3:GetObject"))
    assert (widens, lost.what) == ((), "s3:PutObject")


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_all_but_one_thing_is_more_than_all_but_two_allowed_or_denied(effect: str) -> None:
    # given
    one, two = (
        template(
            Policy=with_properties(
                "Policy",
                PolicyDocument={"Statement": [{"Effect": effect, "NotAction": actions, "Resource": "*"}]},
            )
        )
        for actions in (["iam:*"], ["sts:*", "iam:*"])
    )
    before, wanted = (two, one) if effect == "Allow" else (one, two)
    # when
    widens, _ = accesses(diff([("Prod-Api", before, wanted)]))
    # then: to allow the former, or no longer to deny it
    assert [(found.effect, found.what) for found in widens] == [(effect, "all but iam:*")]


def test_condition_that_goes_widens() -> None:
    limited = statement("s3:GetObject", "s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}})
    policy = with_properties("Policy", PolicyDocument={"Statement": [limited]})
    widens, _ = accesses(diff([("Prod-Api", template(Policy=policy), TEMPLATE)]))
    assert [found.what for found in widens] == ["s3:GetObject, s3:PutObject"]


def test_denial_that_goes_widens_and_one_that_comes_narrows() -> None:
    old, denial = statement("s3:GetObject", "s3:PutObject"), statement("s3:PutObject", Effect="Deny")
    policy = with_properties("Policy", PolicyDocument={"Statement": [old, denial]})
    widens, narrows = accesses(diff([("Prod-Api", template(Policy=policy), TEMPLATE)]))
    assert [(found.effect, found.what) for found in widens] == [("Deny", "s3:PutObject")]
    assert narrows == ()
    widens, narrows = after(old, denial)
    assert (widens, [found.effect for found in narrows]) == ((), ["Deny"])


def test_managed_policy_public_permission_and_open_port_widen() -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Statement": []},
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        },
    }
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Hook"}, "Principal": "*"},
    }
    port = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {"GroupId": "g", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"},
    }
    added = template(Role=role, Permission=permission, Port=port)
    widens, _ = accesses(diff([("Prod-Api", TEMPLATE, added)]))
    assert {(found.kind, found.who, found.what) for found in widens} == {
        ("managed-policy", "${Role}", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("permission", "*", "lambda:InvokeFunction"),
        ("network", "from Everyone (IPv4)", "TCP 22"),
    }


def test_method_that_everybody_may_call_widens_and_one_that_is_signed_does_not() -> None:
    def method(kind: str) -> dict[str, Any]:
        return {"Type": "AWS::ApiGateway::Method", "Properties": {"HttpMethod": "GET", "AuthorizationType": kind}}

    signed, unsigned = template(Get=method("AWS_IAM")), template(Get=method("NONE"))
    told = ("everybody, unsigned", "execute-api:Invoke", "${Get}")

    for before, wanted in ((signed, unsigned), (TEMPLATE, unsigned)):
        widens, narrows = accesses(diff([("Prod-Api", before, wanted)]))
        assert ([(found.who, found.what, found.on) for found in widens], narrows) == ([told], ())
    for before, wanted in ((TEMPLATE, signed), (unsigned, signed)):
        assert accesses(diff([("Prod-Api", before, wanted)]))[0] == ()


def test_boundary_that_goes_widens_unless_the_role_goes_with_it() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
    bound = {**role, "Properties": {**role["Properties"], "PermissionsBoundary": "arn:b"}}  # type: ignore[dict-item]
    before = template(Role=bound)

    widens, _ = accesses(diff([("Prod-Api", before, template(Role=role))]))

    assert [(found.effect, found.who, found.what) for found in widens] == [
        ("Deny", "${Role}", "all but what arn:b allows")
    ]
    assert accesses(diff([("Prod-Api", before, TEMPLATE)]))[0] == ()
    assert accesses(diff([("Prod-Api", template(Role=role), before)]))[0] == ()


def test_another_stacks_output_is_named_shortly() -> None:
    output = {"Fn::GetStackOutput": {"StackName": "Prod-Database", "Region": "eu-west-1", "OutputName": "CarsArn"}}
    widens, _ = after(statement("s3:GetObject", "s3:PutObject"), statement("dynamodb:DeleteItem", Resource=output))
    assert [found.on for found in widens] == ["${Prod-Database.CarsArn}"]
