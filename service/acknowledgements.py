"""How a stack says which finding of cdk-nag stays, and why: one finding on one construct, never a rule as a whole."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """`findings` maps a finding of the AwsSolutions rules, such as "IAM5[Resource::*]", to the reason why it stays."""
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{finding}", reason=reason)
            for finding, reason in findings.items()
        )
    )


def resource_id(construct: IConstruct) -> str:
    """The logical id of a construct's resource, as findings spell it."""
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    return str(cdk.Stack.of(construct).resolve(resource.logical_id))
