"""Gathers the release evidence of an execution, keeps it, and says its digest and its summary.

usage: python3 -m pipeline.evidence.runtime.gather --pipeline NAME --execution ID … (all of them: --help)

It writes `digest`, `summary` and `attempt` into the folder --output, for the step to export. What must be known (the
digest, what changes in prod) fails it; what else could not be found out stands in the evidence as not known. It must
not change anything but the evidence bucket, nor decide.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.evidence.runtime import executions
from pipeline.evidence.runtime.assembly import StageAssembly, digest, read_stage
from pipeline.evidence.runtime.canary import Clients, canary, shifted_aliases
from pipeline.evidence.runtime.changes import changes, run_node
from pipeline.evidence.runtime.cost import cost
from pipeline.evidence.runtime.deployed import Deployed, read_deployed, without_reader
from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.junit import read_tests
from pipeline.evidence.runtime.model import (
    Baseline,
    Canary,
    Changes,
    InProd,
    ReleaseEvidence,
)
from pipeline.evidence.runtime.odds import read_odds
from pipeline.evidence.runtime.packages import bill_of_materials, compare, shipped
from pipeline.evidence.runtime.page import page
from pipeline.evidence.runtime.store import BILL, DATA, PAGE, Store, attempt_of
from pipeline.evidence.runtime.verdict import summary, verdict
from pipeline.evidence.runtime.vulnerabilities import PATIENCE, SERVICE, check


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        evidence = gather(options, boto3.Session(region_name=options.region))
    except EvidenceError as exc:
        sys.stderr.write(f"evidence: {exc}\n")
        return 1
    except (ClientError, BotoCoreError) as exc:
        sys.stderr.write(f"evidence: AWS did not answer what the evidence has to know: {exc}\n")
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / PAGE).write_text(page(evidence))
    (options.output / "digest").write_text(evidence.digest)
    (options.output / "summary").write_text(summary(evidence.verdict))
    (options.output / "attempt").write_text(attempt_of(datetime.fromisoformat(evidence.made_at)))
    print(f"evidence: {summary(evidence.verdict)}")  # noqa: T201
    return 0


def gather(options: argparse.Namespace, session: Any, *, node: Callable[[str], str] = run_node) -> ReleaseEvidence:
    """The evidence, which then is in the bucket, too; `node` as `changes` takes it. Raises EvidenceError."""
    codepipeline = session.client("codepipeline")
    store = Store(session.client("s3"), options.bucket)
    stage = read_stage(options.assembly, options.stage)
    listed = executions.listed(codepipeline, options.pipeline)
    running, was_released = executions.in_prod(codepipeline, options.pipeline, options.stage, listed)
    commit = executions.commit_of(listed, options.execution, author=options.author, url=options.commit_url)
    told = store.read(running.execution_id, DATA) if running.execution_id else None
    earlier = _document(told)
    deployed = _deployed(session, options, stage, was_released=was_released, had_evidence=told is not None)
    changed = _changes(deployed, stage, (earlier or {}).get("stacks", ()), node)
    packages = shipped(stage.assets.values())
    bill = bill_of_materials(packages, name=options.pipeline, version=commit.commit_id)
    before = store.read(running.execution_id, BILL) if running.execution_id else None
    facts = {
        "changes": changed,
        "tests": (
            read_tests("Unit tests", options.unit_tests),
            read_tests("End-to-end tests in staging", options.end_to_end_tests),
        ),
        "canary": _canary(session, options, deployed, stage),
        "packages": compare(packages, _document(before), "There is no bill of materials of what prod runs."),
        "vulnerabilities": check(
            session.client(SERVICE, config=PATIENCE), json.loads(bill), (earlier or {}).get("vulnerabilities")
        ),
        "rollback": executions.rollback_of(codepipeline, options.pipeline, options.stage),
        "cost": cost(
            options.stage, None if deployed.baseline is Baseline.UNKNOWN else deployed.templates, stage.templates
        ),
    }
    in_prod = dataclasses.replace(running, compare_url=_compare_url(options.compare_url, running, commit.commit_id))
    evidence = ReleaseEvidence(
        schema=1,
        pipeline=options.pipeline,
        execution_id=options.execution,
        made_at=executions.iso(datetime.now(UTC)),
        stage=options.stage,
        digest=digest(stage),
        verdict=verdict(**facts, in_prod=in_prod, was_released=was_released),  # type: ignore[arg-type]
        commit=commit,
        in_prod=in_prod,
        pushes=executions.pushes_since(listed, options.execution, running),
        stacks=tuple(sorted(stage.templates)),
        **facts,  # type: ignore[arg-type]
    )
    data = json.dumps(dataclasses.asdict(evidence), indent=1)
    attempt = attempt_of(datetime.fromisoformat(evidence.made_at))
    store.write(options.execution, attempt, {PAGE: page(evidence), DATA: data, BILL: bill})
    return evidence


def _document(text: str | None) -> dict[str, Any] | None:
    """None also where it is no document: what is kept is never changed any more, and must not fail every release."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _deployed(
    session: Any, options: argparse.Namespace, stage: StageAssembly, *, was_released: bool, had_evidence: bool
) -> Deployed:
    reader = _as_role(session, options.reader_role, options.stage_region)
    if isinstance(reader, str):
        return without_reader(reader, stage=options.stage, was_released=was_released, had_evidence=had_evidence)
    return read_deployed(reader("cloudformation"), stage.templates, stage=options.stage)


def _changes(
    deployed: Deployed, stage: StageAssembly, last_stacks: Sequence[str], node: Callable[[str], str]
) -> Changes:
    found = changes(deployed.templates, stage.templates, last_stacks=last_stacks, node=node)
    return dataclasses.replace(found, baseline=deployed.baseline, reason=deployed.reason, troubles=deployed.troubles)


def _canary(session: Any, options: argparse.Namespace, deployed: Deployed, stage: StageAssembly) -> Canary:
    """Of the functions of which prod gets a new version, with the odds of their canaries in both stages."""
    asked = {
        shifted.stack: shifted.function
        for shifted in shifted_aliases(stage.templates)
        if shifted.version not in deployed.templates.get(shifted.stack, {}).get("Resources", {})
    }
    wanted = {stack.replace(options.stage, options.proof_stage, 1): function for stack, function in asked.items()}
    odds, reason = read_odds(options.unit_tests, [*wanted, *asked])
    return dataclasses.replace(_shifts(session, options, wanted), odds=odds, odds_reason=reason)


def _shifts(session: Any, options: argparse.Namespace, wanted: dict[str, str]) -> Canary:
    """With the reason, where staging cannot be read."""
    reader = _as_role(session, options.proof_reader_role, options.proof_region)
    if isinstance(reader, str):
        return Canary((), dict.fromkeys(wanted, f"{options.proof_stage} cannot be read: {reader}"))
    clients = Clients(reader("cloudformation"), reader("codedeploy"), reader("cloudwatch"))
    try:
        return canary(clients, read_stage(options.assembly, options.proof_stage).templates, wanted=wanted)
    except ClientError as exc:
        return Canary((), dict.fromkeys(wanted, f"{options.proof_stage} did not tell: {exc}"))


def _as_role(session: Any, role_arn: str, region: str) -> Callable[[str], Any] | str:
    """What makes clients as the role; or why it cannot be taken."""
    try:
        given = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="evidence")["Credentials"]
    except ClientError as exc:
        return str(exc)
    taken: Any = boto3.Session(
        region_name=region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    return lambda service: taken.client(service)


def _compare_url(template: str, running: InProd, commit_id: str) -> str | None:
    if not template or running.commit_id is None:
        return None
    return template.replace("{before}", running.commit_id).replace("{after}", commit_id)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gather")
    for name in ("pipeline", "execution", "region", "bucket", "stage", "stage-region", "reader-role"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("proof-stage", "proof-region", "proof-reader-role", "commit-url"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--compare-url", default="", help="with {before} and {after}, where the repository has one")
    parser.add_argument("--author", default="", help="of the commit, where the source tells")
    for name in ("assembly", "unit-tests", "end-to-end-tests", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
