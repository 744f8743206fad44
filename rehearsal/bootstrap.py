"""Prepares the local AWS as somebody would prepare a real one: `cdk bootstrap` of every environment, then one
`cdk deploy` of the pipeline's stack, both with the project's own CDK CLI.

It must not know what a pipeline does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.errors import EngineError, Unsupported
from rehearsal.machine.threads import run_together
from rehearsal.plan.plan import DEFAULT_QUALIFIER, Bootstrap, Plan
from rehearsal.run_events import Notice
from rehearsal.source.project import Project

_EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
_LAST_LINES = 30


def bootstrap_environments(cloud: LocalCloud, project: Project, plan: Plan) -> None:
    """`cdk bootstrap` of each environment of the plan, at the same time; each trusts the pipeline's account."""
    started = time.monotonic()
    run_together(
        lambda bootstrap: _bootstrap(cloud, project, bootstrap, plan.account), plan.bootstraps, name="bootstrap"
    )
    places = ", ".join(f"{bootstrap.account}/{bootstrap.region}" for bootstrap in plan.bootstraps)
    cloud.event_log.emit(Notice(text=f"Bootstrapped {places} in {time.monotonic() - started:.0f} s."))


def deploy_pipeline_stack(cloud: LocalCloud, project: Project, plan: Plan, assembly: Path) -> None:
    """`cdk deploy` of the stack that holds the pipeline, and of what it depends on, from the assembly."""
    started = time.monotonic()
    _run_cdk(
        cloud,
        project,
        ["deploy", "--app", str(assembly), plan.stack.display_name, "--require-approval", "never"],
        account=plan.account,
        region=plan.region,
        folder=assembly.parent,
    )
    cloud.event_log.emit(
        Notice(text=f"Deployed the pipeline's stack {plan.stack.name} in {time.monotonic() - started:.0f} s.")
    )


def _bootstrap(cloud: LocalCloud, project: Project, bootstrap: Bootstrap, trusted_account: str) -> None:
    folder = cloud.home / "bootstrap" / f"{bootstrap.account}-{bootstrap.region}-{bootstrap.qualifier}"
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        "bootstrap",
        f"aws://{bootstrap.account}/{bootstrap.region}",
        "--cloudformation-execution-policies",
        _EXECUTION_POLICY,
    ]
    if bootstrap.account != trusted_account:
        arguments += ["--trust", trusted_account]
    if bootstrap.qualifier != DEFAULT_QUALIFIER:
        arguments += ["--qualifier", bootstrap.qualifier, "--toolkit-stack-name", f"CDKToolkit-{bootstrap.qualifier}"]
    _run_cdk(cloud, project, arguments, account=bootstrap.account, region=bootstrap.region, folder=folder)


def _run_cdk(
    cloud: LocalCloud, project: Project, arguments: Sequence[str], *, account: str, region: str, folder: Path
) -> None:
    """Runs the CLI as the account's root, outside the project's folder: its cdk.json and context stay out of it."""
    environment = cloud.child_environment(cloud.clients.root(account, region), region)
    environment["TMPDIR"] = str(folder)
    whole = (*arguments, "--ci", "--no-color")
    code, said = project.run_cdk(cloud.guardian, whole, folder=folder, environment=environment)
    if code != 0:
        lines = said.strip().splitlines()
        if denial := cloud.denials.found_in(lines):
            raise Unsupported(
                f"`cdk {arguments[0]}` failed in the local AWS ({account}/{region}) because of what this machine "
                f"cannot do, so the pipeline never started:\n{denial}"
            )
        words = "\n".join(lines[-_LAST_LINES:])
        raise EngineError(
            f"`cdk {arguments[0]}` failed in the local AWS ({account}/{region}); this is what a real account would be "
            f"given first, so the pipeline never started. The CDK CLI says:\n{words}"
        )
