"""The resource types that only have to exist here, and what each answers to `Ref` and `Fn::GetAtt`.

Data alone: it must not make anything (stored_resources.py does). Source: "Return values" of each type in the
CloudFormation template reference.

In the shapes, `{name}` is the resource's name, `{id}` and `{uuid}` are identifiers made when it is created, `{ref}` is
what `Ref` gives; `{account}` and `{region}` are the stack's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StoredType:
    """`name_property` is the property that names it, "" where AWS makes up the identifier.

    Another value of one of `replacing` (the name is always one) makes another resource.
    """

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    name_property: str = ""
    replacing: tuple[str, ...] = ()


def _arn(service: str, resource: str, *, region: str = "{region}") -> str:
    return f"arn:aws:{service}:{region}:{{account}}:{resource}"


def _named(ref: str, name_property: str, **attributes: str) -> StoredType:
    return StoredType(ref, attributes, name_property)


def _connection(service: str) -> StoredType:
    return StoredType(
        _arn(service, "connection/{uuid}"),
        {"ConnectionArn": "{ref}", "ConnectionStatus": "AVAILABLE", "OwnerAccountId": "{account}"},
        replacing=("ConnectionName", "ProviderType", "HostArn"),
    )


_TOOLCHAIN = {
    "AWS::Chatbot::MicrosoftTeamsChannelConfiguration": _named(
        _arn("chatbot", "chat-configuration/microsoft-teams-channel/{name}", region=""),
        "ConfigurationName",
        Arn="{ref}",
    ),
    "AWS::Chatbot::SlackChannelConfiguration": _named(
        _arn("chatbot", "chat-configuration/slack-channel/{name}", region=""), "ConfigurationName", Arn="{ref}"
    ),
    "AWS::CodeArtifact::Domain": _named(
        _arn("codeartifact", "domain/{name}"),
        "DomainName",
        Arn="{ref}",
        EncryptionKey=_arn("kms", "key/{uuid}"),
        Name="{name}",
        Owner="{account}",
    ),
    "AWS::CodeArtifact::Repository": StoredType(
        _arn("codeartifact", "repository/{DomainName}/{name}"),
        {"Arn": "{ref}", "Name": "{name}", "DomainName": "{DomainName}", "DomainOwner": "{account}"},
        "RepositoryName",
        ("DomainName",),
    ),
    "AWS::CodeBuild::ReportGroup": _named(_arn("codebuild", "report-group/{name}"), "Name", Arn="{ref}", Id="{ref}"),
    "AWS::CodeBuild::SourceCredential": StoredType(
        _arn("codebuild", "token/{uuid}"), {"Arn": "{ref}"}, replacing=("ServerType",)
    ),
    "AWS::CodeCommit::Repository": _named(
        "{uuid}",
        "RepositoryName",
        Arn=_arn("codecommit", "{name}"),
        CloneUrlHttp="https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
        CloneUrlSsh="ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}",
        Name="{name}",
        RepositoryId="{ref}",
    ),
    "AWS::CodeConnections::Connection": _connection("codeconnections"),
    "AWS::CodeStarConnections::Connection": _connection("codestar-connections"),
    "AWS::CodeStarNotifications::NotificationRule": StoredType(
        _arn("codestar-notifications", "notificationrule/{id}"), {"Arn": "{ref}"}, replacing=("Resource",)
    ),
}
_NETWORK = {
    "AWS::EC2::EIP": StoredType("192.0.2.{byte}", {"AllocationId": "eipalloc-{id}", "PublicIp": "{ref}"}),
    "AWS::EC2::EgressOnlyInternetGateway": StoredType("eigw-{id}", {"Id": "{ref}"}, replacing=("VpcId",)),
    "AWS::EC2::FlowLog": StoredType("fl-{id}", {"Id": "{ref}"}, replacing=("ResourceId",)),
    "AWS::EC2::Instance": StoredType(
        "i-{id}",
        {
            "AvailabilityZone": "{region}a",
            "InstanceId": "{ref}",
            "PrivateDnsName": "ip-10-0-0-{byte}.{region}.compute.internal",
            "PrivateIp": "10.0.0.{byte}",
            "PublicDnsName": "ec2-192-0-2-{byte}.{region}.compute.amazonaws.com",
            "PublicIp": "192.0.2.{byte}",
        },
        replacing=("ImageId", "SubnetId"),
    ),
    "AWS::EC2::NatGateway": StoredType(
        "nat-{id}", {"EniId": "eni-{id}", "NatGatewayId": "{ref}"}, replacing=("SubnetId", "AllocationId")
    ),
    "AWS::EC2::NetworkAcl": StoredType("acl-{id}", {"Id": "{ref}"}, replacing=("VpcId",)),
    "AWS::EC2::NetworkAclEntry": StoredType("nae-{id}", {"Id": "{ref}"}, replacing=("NetworkAclId", "RuleNumber")),
    "AWS::EC2::SecurityGroupEgress": StoredType("sgr-{id}", {"Id": "{ref}"}, replacing=("GroupId",)),
    "AWS::EC2::SecurityGroupIngress": StoredType("sgr-{id}", {"Id": "{ref}"}, replacing=("GroupId",)),
    "AWS::EC2::SubnetNetworkAclAssociation": StoredType(
        "aclassoc-{id}", {"AssociationId": "{ref}"}, replacing=("SubnetId", "NetworkAclId")
    ),
    "AWS::EC2::VPCCidrBlock": StoredType("vpc-cidr-assoc-{id}", {"Id": "{ref}"}, replacing=("VpcId", "CidrBlock")),
    "AWS::WAFv2::IPSet": StoredType(
        "{name}|{uuid}|{Scope}",
        {"Arn": _arn("wafv2", "regional/ipset/{name}/{uuid}"), "Id": "{uuid}"},
        "Name",
        ("Scope",),
    ),
    "AWS::WAFv2::LoggingConfiguration": StoredType("{ResourceArn}", replacing=("ResourceArn",)),
}
_OBSERVABILITY = {
    "AWS::ApplicationInsights::Application": StoredType(
        "{ResourceGroupName}",
        {"ApplicationARN": _arn("applicationinsights", "application/resource-group/{ResourceGroupName}")},
        replacing=("ResourceGroupName",),
    ),
    "AWS::CloudTrail::Trail": _named("{name}", "TrailName", Arn=_arn("cloudtrail", "trail/{name}")),
    "AWS::CloudWatch::AnomalyDetector": StoredType("{uuid}", {"Id": "{ref}"}),
    "AWS::CloudWatch::InsightRule": _named(
        _arn("cloudwatch", "insight-rule/{name}"), "RuleName", Arn="{ref}", RuleName="{name}"
    ),
    "AWS::Logs::QueryDefinition": StoredType("{uuid}", {"QueryDefinitionId": "{ref}"}),
    "AWS::RUM::AppMonitor": _named("{name}", "Name", Id="{uuid}"),
    "AWS::ResourceGroups::Group": _named("{name}", "Name", Arn=_arn("resource-groups", "group/{name}")),
    "AWS::XRay::Group": _named(_arn("xray", "group/{name}/{id}"), "GroupName", GroupARN="{ref}"),
    "AWS::XRay::SamplingRule": StoredType(_arn("xray", "sampling-rule/{id}"), {"RuleARN": "{ref}"}),
}
_GOVERNANCE = {
    "AWS::ApplicationAutoScaling::ScalableTarget": StoredType(
        "{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
        {"Id": "{ref}"},
        replacing=("ResourceId", "ScalableDimension", "ServiceNamespace"),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": StoredType(
        _arn("autoscaling", "scalingPolicy:{uuid}:policyName/{name}"), {"Arn": "{ref}"}, "PolicyName"
    ),
    "AWS::Backup::BackupSelection": StoredType(
        "{uuid}_{id}", {"Id": "{ref}", "SelectionId": "{uuid}", "BackupPlanId": "{BackupPlanId}"}
    ),
    "AWS::Budgets::Budget": StoredType("{name}", {"Id": "{ref}"}),
    "AWS::Config::ConfigRule": _named(
        "{name}", "ConfigRuleName", Arn=_arn("config", "config-rule/config-rule-{id}"), ConfigRuleId="config-rule-{id}"
    ),
    "AWS::GuardDuty::Detector": StoredType("{id}", {"Id": "{ref}"}),
    "AWS::IAM::OIDCProvider": StoredType(
        _arn("iam", "oidc-provider/{host}", region=""), {"Arn": "{ref}"}, replacing=("Url",)
    ),
    "AWS::IAM::ServiceLinkedRole": StoredType("AWSServiceRole-{id}", {"RoleName": "{ref}"}),
    "AWS::Lambda::CodeSigningConfig": StoredType(
        _arn("lambda", "code-signing-config:csc-{id}"),
        {"CodeSigningConfigArn": "{ref}", "CodeSigningConfigId": "csc-{id}"},
    ),
    "AWS::SSM::Document": StoredType("{name}", name_property="Name"),
    "AWS::SecurityHub::Hub": StoredType(_arn("securityhub", "hub/default"), {"ARN": "{ref}"}),
}
STORED_TYPES: Mapping[str, StoredType] = {**_TOOLCHAIN, **_NETWORK, **_OBSERVABILITY, **_GOVERNANCE}
