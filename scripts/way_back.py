"""Says "yes" where the stage that runs is being rolled back, else "no".

usage: way_back.py PIPELINE STAGE

What goes back to a version that has served already needs no canary: the stage's stacks take the answer as a parameter.
It must not decide what goes back, nor to what: CodePipeline does. A stage is locked by the execution that runs in it,
so its latest execution is this one. Source: GetPipelineState, CodePipeline API reference (StageExecution, type).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import boto3

USAGE = 2


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: way_back.py PIPELINE STAGE\n")
        return USAGE
    sys.stdout.write(way_back(boto3.client("codepipeline"), *arguments) + "\n")
    return 0


def way_back(codepipeline: Any, pipeline: str, stage: str) -> str:
    """ "yes" or "no". Raises LookupError where the stage has no execution: then somebody else runs this."""
    for state in codepipeline.get_pipeline_state(name=pipeline)["stageStates"]:
        if state["stageName"] == stage and "latestExecution" in state:
            return "yes" if state["latestExecution"].get("type") == "ROLLBACK" else "no"
    raise LookupError(f"Stage {stage} of pipeline {pipeline} has no execution: this runs as one of its actions.")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
