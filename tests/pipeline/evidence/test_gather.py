"""The whole of it: from what AWS answers to the page, the data and the bill in the bucket."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from pipeline.evidence import schema
from pipeline.evidence.runtime import gather
from pipeline.evidence.runtime.assembly import digest, read_stage
from pipeline.evidence.runtime.model import Baseline, ReleaseEvidence, Weight
from tests.pipeline.evidence.example import TEMPLATE, template, with_properties
from tests.pipeline.evidence.fakes import (
    FakeCloudFormation,
    FakeCloudWatch,
    FakeCodeDeploy,
    FakeInspector,
    FakeS3,
    refused,
)
from tests.pipeline.evidence.node import node
from tests.pipeline.evidence.test_canary import PHYSICAL
from tests.pipeline.evidence.test_executions import FakeCodePipeline, summary

OTHER_KEY = [{"AttributeName": "name", "KeyType": "HASH"}]
NEW = template(Cars=with_properties("Cars", KeySchema=OTHER_KEY), Alarm=None)


class World:
    """Prod runs execution e1 and e2 is asked about; what is set here is what AWS answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.s3 = FakeS3()
        self.scanner = FakeInspector()
        self.codepipeline: Any = FakeCodePipeline(
            summary(2, "c2", status="InProgress"),
            summary(1, "c1"),
            prod={"pipelineExecutionId": "e1", "status": "Succeeded"},
            succeeded=(summary(1, "c1"),),
        )
        self.prod: FakeCloudFormation | None = FakeCloudFormation({"Prod-Api": ("UPDATE_COMPLETE", TEMPLATE)})
        for stage, document in (("Prod", NEW), ("Staging", TEMPLATE)):
            self.write_stage(stage, document)
        (folder / "unit").mkdir()
        (folder / "unit" / "r.xml").write_text('<testsuites><testsuite tests="3" time="1.5"/></testsuites>')

    def write_stage(self, stage: str, document: dict[str, Any]) -> None:
        at = self.folder / "cdk.out" / f"assembly-App-{stage}"
        at.mkdir(parents=True, exist_ok=True)
        (at / "Api.template.json").write_text(json.dumps(document))
        properties = {"templateFile": "Api.template.json", "stackName": f"{stage}-Api"}
        stack = {"type": "aws:cloudformation:stack", "properties": properties}
        (at / "manifest.json").write_text(json.dumps({"artifacts": {"Api": stack}}))

    def client(self, service: str, **_: Any) -> Any:
        return {"codepipeline": self.codepipeline, "s3": self.s3, "sts": self, "inspector-scan": self.scanner}[service]

    def assume_role(self, *, RoleArn: str, RoleSessionName: str) -> dict[str, Any]:
        if RoleArn == "prod" and self.prod is None:
            raise refused("AccessDenied", "is not authorized to perform: sts:AssumeRole")
        credentials = {"AccessKeyId": RoleArn, "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": credentials}

    def taken(self, *, aws_access_key_id: str, **_: str) -> Any:
        """boto3.Session of the role whose credentials were taken."""
        cloudformation = self.prod if aws_access_key_id == "prod" else FakeCloudFormation(physical=PHYSICAL)
        clients = {
            "cloudformation": cloudformation,
            "codedeploy": FakeCodeDeploy({"d-1": ("Succeeded", "7")}),
            "cloudwatch": FakeCloudWatch(),
        }
        return _Taken(clients)

    def object(self, name: str) -> str:
        """The only one of this name."""
        (found,) = (text for key, text in self.s3.objects.items() if key.endswith(f"/{name}"))
        return found

    def gather(self) -> ReleaseEvidence:
        words = {
            "pipeline": "Release", "execution": "e2", "region": "eu-west-1", "bucket": "evidence", "stage": "Prod",
            "stage-region": "eu-west-1", "reader-role": "prod", "proof-stage": "Staging",
            "proof-region": "eu-west-1", "proof-reader-role": "staging", "commit-url": "https://example/{commit}",
            "compare-url": "https://example/{before}...{after}", "author": "Ann",
            "assembly": str(self.folder / "cdk.out"), "unit-tests": str(self.folder / "unit"),
            "end-to-end-tests": str(self.folder / "none"), "output": str(self.folder / "made"),
        }  # fmt: skip
        self.arguments = [part for name, value in words.items() for part in (f"--{name}", value)]
        return gather.gather(gather._parser().parse_args(self.arguments), self, node=node)


class _Taken:
    def __init__(self, clients: dict[str, Any]) -> None:
        self._clients = clients

    def client(self, service: str) -> Any:
        return self._clients[service]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)

    def session(**given: str) -> Any:
        return made.taken(**given) if "aws_access_key_id" in given else made

    monkeypatch.setattr("boto3.Session", session)
    return made


def told(evidence: ReleaseEvidence, weight: Weight) -> str:
    return " ".join(line.text for line in evidence.verdict if line.weight is weight)


def test_table_that_would_be_replaced_is_the_pages_first_line(world: World) -> None:
    evidence = world.gather()
    assert evidence.verdict[0].weight is Weight.DANGER
    assert evidence.verdict[0].text.startswith("Prod-Api/Cars (AWS::DynamoDB::Table) is replaced")
    page = world.object("index.html")
    assert page.index("Cars (AWS::DynamoDB::Table) is replaced") < page.index("<h2")


def test_evidence_says_what_is_released_over_what_and_its_digest(world: World) -> None:
    evidence = world.gather()
    assert (evidence.commit.commit_id, evidence.commit.author) == ("c2", "Ann")
    assert (evidence.in_prod.commit_id, evidence.rollback.commit_id) == ("c1", "c1")
    assert evidence.in_prod.compare_url == "https://example/c1...c2"
    assert evidence.digest == digest(read_stage(world.folder / "cdk.out", "Prod"))


def test_data_is_kept_beside_page_and_bill_and_is_what_its_schema_says(world: World) -> None:
    evidence = world.gather()
    folders, names = zip(*(key.rsplit("/", 1) for key in sorted(world.s3.objects)), strict=True)
    assert names == ("bom.json", "evidence.json", "index.html")
    assert set(folders) == {f"executions/e2/{re.sub('[-:]|[+]00:00', '', evidence.made_at)}Z"}
    assert world.s3.types[f"{folders[0]}/index.html"] == "text/html; charset=utf-8"
    assert TypeAdapter(ReleaseEvidence).validate_json(world.object("evidence.json")) == evidence


def test_evidence_of_before_there_were_odds_and_scans_is_read_and_compared_with(world: World) -> None:
    # given: prod runs a release whose evidence is that old
    world.gather()
    old = json.loads(world.object("evidence.json"))
    del old["canary"]["odds"], old["canary"]["odds_reason"]
    old["vulnerabilities"] = {"checked": False, "reason": "No database is at hand."}
    world.s3.objects = {"executions/e1/index.html": "", "executions/e1/evidence.json": json.dumps(old)}
    world.scanner.knows = ("CVE-1",)
    # when
    evidence = world.gather()
    # then
    assert TypeAdapter(ReleaseEvidence).validate_python(old).canary.odds == ()
    (one,) = evidence.vulnerabilities.found
    assert one.is_in_prod is None


@pytest.mark.parametrize("kept", ["", "{", "[]", "null", '{"vulnerabilities": 1}'])
def test_evidence_that_cannot_be_read_does_not_fail_every_release_after_it(world: World, kept: str) -> None:
    """Nobody can write it anew."""
    for name in ("index.html", "evidence.json", "bom.json"):
        world.s3.objects[f"executions/e1/20261130T090000Z/{name}"] = kept
    world.scanner.knows = ("CVE-1",)

    evidence = world.gather()

    assert evidence.packages.reason == "There is no bill of materials of what prod runs." or kept.startswith('{"')
    assert [found.is_in_prod for found in evidence.vulnerabilities.found] == [None]


def test_odds_are_of_the_canaries_of_both_stages(world: World) -> None:
    text = json.dumps(TEMPLATE).replace("Version1", "Version2")
    world.prod = FakeCloudFormation({"Prod-Api": ("UPDATE_COMPLETE", json.loads(text))})
    (world.folder / "unit" / "canary-odds.json").write_text('{"schema": 1, "odds": []}')

    assert world.gather().canary.odds_reason == "The Build has none of Staging-Api, Prod-Api."


def test_schema_is_that_of_the_model() -> None:
    assert schema.PATH.read_text() == schema.schema(), "the evidence has changed: run `make schema`, and commit it"


def test_vulnerabilities_of_this_release_are_told_beside_those_that_prod_has(world: World) -> None:
    # given: the evidence of what prod runs names one, and Inspector knows of two
    world.scanner.knows = ("CVE-1",)
    world.gather()
    world.s3.objects = {key.replace("/e2/", "/e1/"): text for key, text in world.s3.objects.items()}
    world.scanner.knows = ("CVE-1", "CVE-2")
    # when
    found = world.gather().vulnerabilities.found
    # then
    assert {one.vulnerability_id: one.is_in_prod for one in found} == {"CVE-1": True, "CVE-2": False}


def test_what_could_not_be_found_out_stands_there(world: World) -> None:
    unknown = told(world.gather(), Weight.UNKNOWN)
    assert "End-to-end tests in staging: not known" in unknown
    assert "Known vulnerabilities: not checked" in unknown
    assert "There is no bill of materials of what prod runs" in unknown


def test_first_release_is_said_to_be_all_new(world: World) -> None:
    world.prod, world.codepipeline = None, FakeCodePipeline(summary(2, "c2", status="InProgress"))
    evidence = world.gather()
    assert evidence.changes.baseline is Baseline.NOTHING
    assert "Nothing was released to Prod yet: everything is new." in told(evidence, Weight.LOOK)
    assert evidence.in_prod.compare_url is None


def test_release_that_brings_the_reader_says_that_changes_are_not_known(world: World) -> None:
    world.prod = None
    evidence = world.gather()
    assert evidence.changes.baseline is Baseline.UNKNOWN
    assert "no role yet that may read" in told(evidence, Weight.UNKNOWN)
    assert evidence.cost.before is None


def main(world: World) -> int:
    world.gather()
    world.s3.objects.clear()
    return gather.main(world.arguments)


def test_step_writes_what_it_exports(world: World) -> None:
    assert main(world) == 0
    assert len((world.folder / "made" / "digest").read_text()) == 64
    assert (world.folder / "made" / "summary").read_text().startswith("Stop and read: ")
    attempt = (world.folder / "made" / "attempt").read_text()
    assert f"executions/e2/{attempt}/index.html" in world.s3.objects


def test_lost_reader_fails_the_step_and_writes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.gather()
    earlier = {key.replace("/e2/", "/e1/"): text for key, text in world.s3.objects.items()}
    world.s3.objects = dict(earlier)
    world.prod = None
    assert gather.main(world.arguments) == 1
    assert "What Prod runs cannot be read" in capsys.readouterr().err
    assert world.s3.objects == earlier


def test_bucket_that_is_closed_fails_the_step_with_its_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.gather()
    world.s3 = FakeS3(is_closed=True)
    assert gather.main(world.arguments) == 1
    assert "The evidence bucket evidence cannot be read" in capsys.readouterr().err
    assert not (world.folder / "made").exists()
