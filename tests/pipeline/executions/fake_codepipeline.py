"""CodePipeline as the record and the release command ask it: answers of its API's shapes, by botocore's own stubber.

Botocore checks the shapes; what a test did not expect fails it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
from botocore.stub import Stubber


def stubbed() -> tuple[Any, Stubber]:
    client = boto3.client(
        "codepipeline", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


def lists(stubber: Stubber, summaries: Sequence[dict[str, Any]], *, pipeline: str = "cars", **more: Any) -> None:
    stubber.add_response(
        "list_pipeline_executions", {"pipelineExecutionSummaries": list(summaries)}, {"pipelineName": pipeline, **more}
    )


def lists_actions(
    stubber: Stubber, execution_id: str, details: Sequence[dict[str, Any]], *, pipeline: str = "cars"
) -> None:
    stubber.add_response(
        "list_action_executions",
        {"actionExecutionDetails": list(details)},
        {"pipelineName": pipeline, "filter": {"pipelineExecutionId": execution_id}},
    )
