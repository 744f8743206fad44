"""What a project's role may read, by the emulator's own IAM."""

from __future__ import annotations

import pytest

from rehearsal.codebuild.parameter_store import ParameterDenied, read_parameter
from rehearsal.machine.run_folder import temporary_folder
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, bare_cloud

ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"


def test_read_parameter_reads_what_the_role_may_get_by_the_permission_that_cdk_grants() -> None:
    with temporary_folder("rehearsal-test-") as home, bare_cloud(home) as cloud:
        # given
        root = cloud.clients.root(ACCOUNT, REGION)
        for name in ("/build/token", "plain"):
            cloud.client("ssm").put_parameter(Name=name, Value=f"{name}'s", Type="SecureString")

        def role(name: str, action: str, resource: str) -> str:
            return cloud.role(name, {"Effect": "Allow", "Action": action, "Resource": resource})

        of_one = role("one", "ssm:GetParameters", f"{ARN}/build/token")
        of_all = role("all", "ssm:Get*", "*")
        by_another_action = role("another", "ssm:GetParameter", f"{ARN}/build/token")

        # when, then
        assert read_parameter("/build/token", role_arn=of_one, root=root) == "/build/token's"
        assert read_parameter("/build/token:1", role_arn=of_one, root=root) == "/build/token's"
        assert read_parameter(f"{ARN}/build/token", role_arn=of_one, root=root) == "/build/token's"
        assert read_parameter("plain", role_arn=of_all, root=root) == "plain's"
        for name, refused in (("plain", of_one), ("/build/token", by_another_action)):
            with pytest.raises(
                ParameterDenied, match=f"not authorized to perform: ssm:GetParameters on resource: {ARN}/"
            ):
                read_parameter(name, role_arn=refused, root=root)
