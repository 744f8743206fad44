"""What the pipeline does when the network is deployed: sees that its default security group lets nobody in or out."""

from __future__ import annotations

import os

import boto3

(group,) = boto3.client("ec2").describe_security_groups(GroupIds=[os.environ["GROUP"]])["SecurityGroups"]
assert group["GroupName"] == "default", group
assert group["IpPermissions"] == group["IpPermissionsEgress"] == [], group
