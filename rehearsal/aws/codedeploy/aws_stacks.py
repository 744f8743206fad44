"""What CloudFormation does with a stack, as the account's root sees it. It must not know deployments."""

from __future__ import annotations

from rehearsal.aws.lambda_host.function import Clients

_ROLLING_BACK = frozenset({"UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})


class AwsStacks:
    """See the module; `ports.Stacks` is the seam."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def is_rolling_back(self, account: str, region: str, stack_id: str) -> bool:
        client = self._clients.root(account, region).client("cloudformation")
        (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
        return stack["StackStatus"] in _ROLLING_BACK
