from __future__ import annotations

import pytest

from rehearsal.aws.edge.invocations import function_of

ARN = "arn%3Aaws%3Alambda%3Aeu-west-1%3A222222222222%3Afunction%3Acars"


@pytest.mark.parametrize(
    ("name", "query", "function"),
    [
        ("cars", "", "arn:aws:lambda:us-east-1:111111111111:function:cars"),
        ("cars", "?Qualifier=live", "arn:aws:lambda:us-east-1:111111111111:function:cars:live"),
        ("cars", "?Qualifier=%24LATEST", "arn:aws:lambda:us-east-1:111111111111:function:cars:$LATEST"),
        ("cars%3A7", "", "arn:aws:lambda:us-east-1:111111111111:function:cars:7"),
        ("222222222222%3Afunction%3Acars", "", "arn:aws:lambda:us-east-1:222222222222:function:cars"),
        (ARN, "", "arn:aws:lambda:eu-west-1:222222222222:function:cars"),
        (f"{ARN}%3Alive", "", "arn:aws:lambda:eu-west-1:222222222222:function:cars:live"),
        (ARN, "?Qualifier=live", "arn:aws:lambda:eu-west-1:222222222222:function:cars:live"),
    ],
)
def test_a_request_names_its_function_in_every_way_that_invoke_allows(name: str, query: str, function: str) -> None:
    target = f"/2015-03-31/functions/{name}/invocations{query}"

    assert str(function_of(target, account="111111111111", region="us-east-1")) == function
