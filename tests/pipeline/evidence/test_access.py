"""What widens is told, and what only moved or shrank is not."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evidence.runtime.access import accesses
from pipeline.evidence.runtime.changes import diff
from pipeline.evidence.runtime.model import Access
from tests.assembly import Assembly
from tests.pipeline.evidence.example import TEMPLATE, template, with_properties
from tests.pipeline.evidence.node import node

Both = tuple[tuple[Access, ...], tuple[Access, ...]]


def statement(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "x", **more}


def after(*statements: dict[str, Any], **resources: Any) -> Both:
    policy = with_properties("Policy", PolicyDocument={"Statement": list(statements)})
    return accesses(diff([("Prod-Api", TEMPLATE, template(Policy=policy, **resources))], node))


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
    widens, _ = accesses(diff([("Prod-Api", before, wanted)], node))
    # then: to allow the former, or no longer to deny it
    assert [(found.effect, found.what) for found in widens] == [(effect, "all but iam:*")]


def test_condition_that_goes_widens() -> None:
    limited = statement("s3:GetObject", "s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}})
    policy = with_properties("Policy", PolicyDocument={"Statement": [limited]})
    widens, _ = accesses(diff([("Prod-Api", template(Policy=policy), TEMPLATE)], node))
    assert [found.what for found in widens] == ["s3:GetObject, s3:PutObject"]


def test_denial_that_goes_widens_and_one_that_comes_narrows() -> None:
    old, denial = statement("s3:GetObject", "s3:PutObject"), statement("s3:PutObject", Effect="Deny")
    policy = with_properties("Policy", PolicyDocument={"Statement": [old, denial]})
    widens, narrows = accesses(diff([("Prod-Api", template(Policy=policy), TEMPLATE)], node))
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
    widens, _ = accesses(diff([("Prod-Api", TEMPLATE, added)], node))
    assert {(found.kind, found.who, found.what) for found in widens} == {
        ("managed-policy", "${Role}", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("permission", "*", "lambda:InvokeFunction"),
        ("network", "from Everyone (IPv4)", "TCP 22"),
    }


def test_another_stacks_output_is_named_shortly_wherever_it_stands() -> None:
    output = {"Fn::GetStackOutput": {"StackName": "Prod-Database", "Region": "eu-west-1", "OutputName": "CarsArn"}}
    within = {"Fn::Join": ["", ["at:", output, "/index/", output, "/*"]]}
    widens, _ = after(
        statement("s3:GetObject", "s3:PutObject"), statement("dynamodb:DeleteItem", Resource=[output, within])
    )
    assert {found.on for found in widens} == {
        "${Prod-Database.CarsArn}",
        "at:${Prod-Database.CarsArn}/index/${Prod-Database.CarsArn}/*",
    }


def test_all_that_prod_gets_the_first_time_is_told_in_words(assembly: Assembly) -> None:
    stacks = {name: {"Resources": template.resources} for name, template in assembly.stage_stacks("Prod").items()}
    widens, _ = accesses(diff([(name, {}, after) for name, after in stacks.items()], node))
    assert len(widens) > 100
    assert all("Fn::" not in found.on + found.who + found.what for found in widens)
