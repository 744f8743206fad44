from __future__ import annotations

from typing import Any

import pytest

from rehearsal.source.intrinsics import Resolver

RESOLVER = Resolver(
    template={
        "Parameters": {"Size": {"Type": "String", "Default": "small"}},
        "Mappings": {"Sizes": {"eu-west-1": {"small": "1"}}},
        "Resources": {
            "Named": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "b-${AWS::Region}"}}},
            "Unnamed": {"Type": "AWS::S3::Bucket"},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "deployer"}},
        },
    },
    account="111111111111",
    region="eu-west-1",
    stack_name="Pipe",
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "AWS::AccountId"}, "111111111111"),
        ({"Ref": "Size"}, "small"),
        ({"Ref": "Named"}, "b-eu-west-1"),
        ({"Ref": "Unnamed"}, "<Unnamed>"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111111111111:role/deployer"),
        ({"Fn::GetAtt": ["Unnamed", "Arn"]}, "<Unnamed.Arn>"),
        ({"Fn::GetAtt": "Unnamed.Arn"}, "<Unnamed.Arn>"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::StackName"}]]}, "a-Pipe"),
        ({"Fn::Sub": ["${Name} in ${AWS::Region}, ${!Literal}", {"Name": {"Ref": "Size"}}]},
         "small in eu-west-1, ${Literal}"),
        ({"Fn::Select": ["1", {"Fn::Split": [":", "a:b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, {"Ref": "Size"}]}, "1"),
        ({"Fn::ImportValue": "other"}, "<import other>"),
        ({"Fn::Unheard": 1}, "<Fn::Unheard>"),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [{"Ref": "AWS::NoValue"}, 1]}, {"B": [1]}),
        ([True, 3, None], [True, 3, None]),
    ],
)  # fmt: skip
def test_resolve_tells_as_much_as_the_template_alone_can(value: Any, expected: Any) -> None:
    assert RESOLVER.resolve(value) == expected
