"""Templates and an evidence as a small release has them, for the tests of what judges and draws them."""

from __future__ import annotations

import copy
from typing import Any

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Cars": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
            "DeletionPolicy": "Retain",
            "Metadata": {"aws:cdk:path": "Pipeline/Prod/Api/Cars/Resource"},
        },
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "1.zip"}}},
        "Version1": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "FunctionVersion": {"Fn::GetAtt": ["Version1", "Version"]},
            },
            "UpdatePolicy": {
                "CodeDeployLambdaAliasUpdate": {
                    "ApplicationName": {"Ref": "Application"},
                    "DeploymentGroupName": {"Ref": "Group"},
                }
            },
        },
        "Hook": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "hook.zip"}}},
        "Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {}},
        "Group": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 1}},
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "p",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "x"}]
                },
            },
        },
    }
}


def template(**resources: dict[str, Any] | None) -> dict[str, Any]:
    """TEMPLATE with these resources changed, added, or (None) taken out."""
    changed = copy.deepcopy(TEMPLATE)
    for logical_id, resource in resources.items():
        if resource is None:
            del changed["Resources"][logical_id]
        else:
            changed["Resources"][logical_id] = resource
    return changed


def with_properties(logical_id: str, **properties: Any) -> dict[str, Any]:
    """The resource of TEMPLATE with these properties."""
    resource: dict[str, Any] = copy.deepcopy(TEMPLATE["Resources"][logical_id])
    resource["Properties"].update(properties)
    return resource
