"""Two releases into one rehearsal, and then its API called: run by a commit's own Python, in that commit's folder.

    python driver.py MODULE SPEED CHANGED_FILE CALLER SECONDS RESULT

It must import nothing but the commit's own, whose layout differs from commit to commit: MODULE is that of `Rehearsal`.
RESULT takes JSON: {"seconds", "report", "shifts": [[deployment, account, at, aws_at], ...], "requests_per_second":
{"get": {callers: …}, "journey": …}}.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOOLCHAIN, STAGING = "111111111111", "222222222222"
REGION = "eu-west-1"
PIPELINE_STACK = "AutonomousCarManagerPipeline"
CALLING_ROLES = ("ReleaseStagingEndToEndRole", "ReleasePipelineStagingEndToEnd")  # the second before it had a name
"""What the logical ids of the project that tests staging, and of its role, begin with."""

CALLERS = (1, 8)
CALLS = ("get", "journey")
WRITTEN = "\n\nBENCHMARK = 1\n"
"""Harmless, and in every unit's bundle."""


def main() -> None:
    module, speed, changed_file, caller, seconds, result = sys.argv[1:]
    sys.path[0] = str(Path.cwd())  # in place of this file's folder
    rehearsals: Any = importlib.import_module(module)
    with rehearsals.Rehearsal(Path.cwd(), speed=float(speed), listeners=[_tell]) as rehearsal:
        _require_released(rehearsal.release())
        events = len(rehearsal.cloud.event_log.events)
        began = time.monotonic()
        _commit(Path(changed_file))
        report = rehearsal.release()
        taken = time.monotonic() - began
        _require_released(report)
        measured = {
            "seconds": taken,
            "report": report.to_json(),
            "shifts": _shifts(rehearsal.cloud.event_log.events[events:]),
            "requests_per_second": _requests_per_second(rehearsal.cloud, caller, float(seconds)),
        }
    Path(result).write_text(json.dumps(measured))


def _tell(event: Any) -> None:
    if type(event).__name__ in ("Notice", "StageStarted", "StageEnded", "ActionStarted", "ActionEnded"):
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {event!r:.300}\n")
        sys.stdout.flush()


def _require_released(report: Any) -> None:
    if report.result != "Released":
        sys.exit(f"Not released: {json.dumps(report.to_json(), indent=1)}")


def _commit(file: Path) -> None:
    file.write_text(file.read_text() + WRITTEN)
    author = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    subprocess.run(["git", *author, "commit", "--quiet", "-am", "A harmless change"], check=True)


def _shifts(events: list[Any]) -> list[list[Any]]:
    accounts = {}
    found = []
    for event in events:
        match type(event).__name__:
            case "DeploymentStarted":
                accounts[event.deployment_id] = event.account
            case "TrafficShifted":
                found.append([event.deployment_id, accounts[event.deployment_id], event.at, event.aws_at])
    return found


def _requests_per_second(cloud: Any, caller: str, seconds: float) -> dict[str, dict[int, float]]:
    stacks = cloud.clients.root(STAGING, REGION).client("cloudformation")
    (stack,) = stacks.describe_stacks(StackName="Staging-Api")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    tester = cloud.clients.assume(_calling_role(cloud), session_name="bench", region=REGION)
    session = cloud.clients.assume(outputs["E2eRoleArn"], session_name="bench", region=REGION, by=tester)
    keys = session.get_credentials().get_frozen_credentials()
    _lift_limits(cloud, outputs["ApiUrl"])
    url = cloud.localize(outputs["ApiUrl"])
    command = [sys.executable, caller, url, keys.access_key, keys.secret_key, keys.token, str(seconds)]
    return {what: {count: _called([*command, what], count) for count in CALLERS} for what in CALLS}


def _lift_limits(cloud: Any, url: str) -> None:
    """The stage's own, 100 requests a second of all callers together, would be what is measured."""
    api_id, stage = api_and_stage(url)
    limits = {"rateLimit": "10000", "burstLimit": "5000"}
    cloud.clients.root(STAGING, REGION).client("apigateway").update_stage(
        restApiId=api_id,
        stageName=stage,
        patchOperations=[
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value} for name, value in limits.items()
        ],
    )


def api_and_stage(url: str) -> tuple[str, str]:
    """Of an address of the API, as on AWS or as on this machine: both are at its end."""
    found = re.search(r"(\w+)(?:\.execute-api\.[^/]+)?/(\w+)/$", url)
    if found is None:
        sys.exit(f"{url} is not the address of an API's stage.")
    return found[1], found[2]


def _calling_role(cloud: Any) -> str:
    """The one role that may assume the end-to-end role: that of the pipeline's own end-to-end tests."""
    stacks = cloud.clients.root(TOOLCHAIN, REGION).client("cloudformation")
    resources = stacks.describe_stack_resources(StackName=PIPELINE_STACK)["StackResources"]
    (name,) = (
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::IAM::Role" and resource["LogicalResourceId"].startswith(CALLING_ROLES)
    )
    return f"arn:aws:iam::{TOOLCHAIN}:role/{name}"


def _called(command: list[str], count: int) -> float:
    """All begin at once, when each has been answered for the first time."""
    callers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for process in callers:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                sys.exit("A caller was not answered; its own message is above.")
        for process in callers:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate()[0] for process in callers]
    finally:
        for process in callers:
            process.kill()
            process.wait()
    if any(process.returncode for process in callers):
        sys.exit("A caller was answered otherwise than it must be; its own message is above.")
    return sum(map(float, said))


if __name__ == "__main__":
    main()
