from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.cloudformation.attributes import with_told_attributes

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}


def template(value: Any) -> dict[str, Any]:
    rule = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [{"CidrIp": value}]}}
    return {"Resources": {"Vpc": VPC, "Group": rule}, "Outputs": {"Range": {"Value": value}}}


@pytest.mark.parametrize("reference", [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, {"Fn::GetAtt": "Vpc.CidrBlock"}])
def test_attribute_that_a_property_tells_is_read_from_there(reference: dict[str, Any]) -> None:
    assert with_told_attributes(template(reference)) == template("10.0.0.0/16")


@pytest.mark.parametrize("reference", [{"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}, {"Ref": "Vpc"}])
def test_any_other_reference_stays_as_it_is(reference: dict[str, Any]) -> None:
    assert with_told_attributes(template(reference)) == template(reference)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("HTTP", {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}),
        ("WEBSOCKET", {"Fn::GetAtt": ["Api", "ApiEndpoint"]}),
    ],
)
def test_address_of_an_http_api_is_written_as_aws_writes_it(protocol: str, expected: dict[str, Any]) -> None:
    api = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": protocol}}
    value = {"Fn::GetAtt": ["Api", "ApiEndpoint"]}

    told = with_told_attributes({"Resources": {"Api": api}, "Outputs": {"Url": {"Value": value}}})

    assert told["Outputs"]["Url"]["Value"] == expected
