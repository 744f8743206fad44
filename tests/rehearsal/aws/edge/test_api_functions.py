from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.aws.edge.api_functions import ApiFunctions
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.lambda_host.api_gateway import ApiAuthorizations, ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud

HERE, ELSEWHERE = FunctionArn(ACCOUNT, REGION, "here"), FunctionArn(ACCOUNT, REGION, "elsewhere")


@dataclass
class Host:
    """Runs `HERE` alone."""

    api_authorizations: ApiAuthorizations = field(default_factory=ApiAuthorizations)
    asked: list[FunctionArn] = field(default_factory=list)

    async def runs(self, function: FunctionArn) -> bool:
        return function == HERE

    async def invoke_for_api(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        self.asked.append(function)
        return InvocationResult(version="1", payload=event) if function == HERE else None

    def count_api_call(self, served: ServedCall) -> None:
        raise AssertionError(served)

    def now(self) -> float:
        return 42.0


def test_the_host_runs_what_it_can_and_is_not_asked_each_time_for_what_it_cannot(cloud: BareCloud) -> None:
    upstream, host = Upstream(cloud.ministack.socket, "127.0.0.1"), Host()
    functions = ApiFunctions(upstream, Vault("the-secret-of-every-root"))
    functions.host = host

    async def all_of_them() -> list[InvocationResult | None]:
        try:
            return [await functions.invoke(function, b"{}") for function in (HERE, ELSEWHERE, ELSEWHERE)]
        finally:
            await upstream.close()

    here, *nowhere = asyncio.run(all_of_them())

    assert here is not None
    assert (here.payload, nowhere, host.asked) == (b"{}", [None, None], [HERE, ELSEWHERE])
    assert functions.now() == 42.0


def test_whoever_is_no_user_pool_has_no_keys(tmp_path: Path) -> None:
    functions = ApiFunctions(Upstream(tmp_path / "nobody.sock", "127.0.0.1"), Vault("secret"))

    for issuer in ("https://idp.example", "https://cognito-idp.eu-west-1.amazonaws.com/../x", ""):
        assert asyncio.run(functions.keys(issuer)) is None
