"""For context that is missing: the line of the settings that would answer the look-up, to be copied and changed.

It must not answer it: what an account holds, its owner knows.
Source: "Context values and the AWS CDK"; aws-cdk, the context providers' answers.
"""

from __future__ import annotations

import json
import re

from rehearsal.source.assembly import MissingContext

_REGION = re.compile(r"\bregion=([a-z0-9-]+)")
_ANSWERS = {
    "ami": '"ami-0c2023a1b2c3d4e5f"',
    "availability-zones": '["{region}a", "{region}b", "{region}c"]',
    "hosted-zone": '{{ Id = "/hostedzone/Z0123456789ABCDEFGHIJ", Name = "example.com." }}',
    "security-group": '{{ securityGroupId = "sg-1", allowAllOutbound = true }}',
    "ssm": '"a value"',
    "vpc-provider": (
        '{{ vpcId = "vpc-1", vpcCidrBlock = "10.0.0.0/16", availabilityZones = [], subnetGroups = ['
        '{{ name = "Public", type = "Public", subnets = [{{ subnetId = "subnet-1", cidr = "10.0.0.0/24", '
        'availabilityZone = "{region}a", routeTableId = "rtb-1" }}] }}, '
        '{{ name = "Private", type = "Private", subnets = [{{ subnetId = "subnet-2", cidr = "10.0.1.0/24", '
        'availabilityZone = "{region}a", routeTableId = "rtb-2" }}] }}] }}'
    ),
}


def context_example(missing: MissingContext) -> str | None:
    """`"key" = answer`, as TOML has it; None for a provider whose answers are not known here."""
    answer = _ANSWERS.get(missing.provider)
    if answer is None:
        return None
    region = _REGION.search(missing.key)
    return f"{json.dumps(missing.key)} = {answer.format(region=region.group(1) if region else 'us-east-1')}"
