"""The page: escaped, without script, and readable when a hundred resources change."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from pipeline.evidence.runtime.changes import changes
from pipeline.evidence.runtime.model import (
    Access,
    Baseline,
    Canary,
    Commit,
    Cost,
    InProd,
    JunitReport,
    Line,
    ReleaseEvidence,
    Rollback,
    Weight,
)
from pipeline.evidence.runtime.package_model import Packages, Vulnerabilities
from pipeline.evidence.runtime.page import page
from pipeline.evidence.runtime.verdict import LONGEST_SUMMARY, answer, summary, verdict
from tests.pipeline.evidence.example import TEMPLATE, template, with_properties
from tests.pipeline.evidence.node import node
from tests.pipeline.evidence.test_canary import found

GOOD = JunitReport("Unit tests", None, 3, 0, 0, 1.0, ())


def evidence(
    after: dict[str, object] = TEMPLATE, *, title: str = "Faster", tests: JunitReport = GOOD
) -> ReleaseEvidence:
    facts = {
        "changes": changes({"Prod-Api": TEMPLATE}, {"Prod-Api": after}, last_stacks=(), node=node),
        "tests": (tests,),
        "canary": found({"d-1": ("Succeeded", "7")}),
        "packages": Packages((), None, (), (), ()),
        "vulnerabilities": Vulnerabilities(False, "No database."),
        "rollback": Rollback("e1", "c1", "The latest success of Prod: Slower"),
        "cost": Cost(1.0, 1.0, None),
    }
    in_prod = InProd("e1", "c1", "It succeeded there last.", "https://example/c1...c2")
    return ReleaseEvidence(
        schema=1,
        pipeline="Release",
        execution_id="e2",
        made_at="2026-11-30T09:00:00+00:00",
        stage="Prod",
        digest="0" * 64,
        verdict=verdict(**facts, in_prod=in_prod, was_released=True),  # type: ignore[arg-type]
        commit=Commit("c2", title, "Ann", "https://example/c2"),
        in_prod=in_prod,
        pushes=(),
        stacks=("Prod-Api",),
        **facts,  # type: ignore[arg-type]
    )


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.ids += [str(value) for name, value in attributes if name == "id"]
        self.links += [str(value) for name, value in attributes if name in ("href", "src")]


def test_canary_without_an_alarm_is_to_be_looked_at() -> None:
    seen = evidence()
    (deployment,) = seen.canary.deployments
    facts = {field.name: getattr(seen, field.name) for field in dataclasses.fields(seen)}
    asked = {
        name: facts[name] for name in ("changes", "tests", "packages", "vulnerabilities", "rollback", "cost", "in_prod")
    }
    canary = Canary((dataclasses.replace(deployment, alarms=()),), {})

    lines = verdict(**asked, canary=canary, was_released=True)

    text = f"Staging's canary of {deployment.stack} was watched by no alarm."
    assert Line(Weight.LOOK, text, "canary") in lines
    assert not any(line.text == text for line in seen.verdict)


def test_page_has_no_script_and_loads_nothing() -> None:
    tags = Tags(page(evidence()))
    assert not {"script", "link", "img", "iframe", "object"} & set(tags.names)
    assert {link.partition(":")[0] for link in tags.links if not link.startswith("#")} == {"https"}


def test_what_a_commit_says_is_text() -> None:
    shown = page(evidence(title='<script>alert("&")</script>'))
    assert "<script" not in shown
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;" in shown


def test_every_line_of_the_verdict_leads_to_a_section() -> None:
    after = template(
        Cars=None, Alarm=with_properties("Alarm", Threshold=2), Hook=with_properties("Hook", Code={"S3Key": "2"})
    )
    tags = Tags(page(evidence(after)))
    anchors = [link[1:] for link in tags.links if link.startswith("#")]
    assert len(anchors) >= 8
    assert set(anchors) <= set(tags.ids)


def test_canary_is_drawn_with_both_versions() -> None:
    shown = page(evidence())
    assert len(re.findall(r'<rect class="old"', shown)) == 3
    assert len(re.findall(r'<rect class="new"', shown)) == 2
    assert 'class="failed" x=' not in shown


def test_denial_that_comes_is_not_said_to_go() -> None:
    denial = Access("Prod-Api", "permission", "Deny", "*", "sns:Publish", "topic", "")
    made = evidence()
    widened, narrowed = (
        page(dataclasses.replace(made, changes=changed))
        for changed in (
            dataclasses.replace(made.changes, widens=(denial,)),
            dataclasses.replace(made.changes, narrows=(denial,)),
        )
    )

    assert ("no longer denied: <code>*</code>" in widened, "denied from now on" in widened) == (True, False)
    assert ("denied from now on: <code>*</code>" in narrowed, "no longer denied" in narrowed) == (True, False)


def test_hundred_changes_are_folded_by_stack_and_the_verdict_stays_short() -> None:
    after = template(**{f"New{number}": {"Type": "AWS::SNS::Topic", "Properties": {}} for number in range(100)})
    made = evidence(after)
    shown = page(made)
    assert "<summary>Prod-Api: 100</summary>" in shown
    assert len(made.verdict) < 12
    assert "100 changes go out at once, past the canary." in [line.text for line in made.verdict]


def test_release_in_which_nothing_stands_out_says_so_and_says_what_is_not_known() -> None:
    made = evidence()
    assert answer(made.verdict) == (Weight.GOOD, "Nothing that was looked at stands against it.")
    assert [line.weight for line in made.verdict] == sorted(
        (line.weight for line in made.verdict), key=list(Weight).index
    )
    assert any("Known vulnerabilities: not checked" in line.text for line in made.verdict)


def test_failed_tests_and_nothing_to_roll_back_to_are_said_first() -> None:
    made = evidence(tests=dataclasses.replace(GOOD, failures=1, failed=("test_a",)))
    assert made.verdict[0] == Line(Weight.DANGER, "Unit tests: 1 of 3 failed.", "tests")


@pytest.mark.parametrize("baseline", [Baseline.NOTHING, Baseline.UNKNOWN])
def test_without_a_baseline_nothing_is_said_to_be_unchanged(baseline: Baseline) -> None:
    made = evidence()
    unknown = dataclasses.replace(made.changes, baseline=baseline, reason="Nobody knows.")
    lines = verdict(
        changes=unknown,
        tests=made.tests,
        canary=Canary((), {"Staging-Api/Function": "No shift."}),
        packages=made.packages,
        vulnerabilities=made.vulnerabilities,
        rollback=Rollback(None, None, "Nothing has succeeded."),
        cost=Cost(None, 1.0, "Not read."),
        in_prod=made.in_prod,
        was_released=True,
    )
    texts = " ".join(line.text for line in lines)
    assert "Nobody knows." in texts
    assert "No permission" not in texts
    assert "There is nothing to roll back to." in texts
    assert "1 function has no canary in staging to show." in texts


def test_summary_is_one_short_line_of_ascii() -> None:
    lines = [Line(Weight.DANGER, "Tête\n" * 200, "data")]
    told = summary(lines)
    assert len(told) <= LONGEST_SUMMARY
    assert told.isascii()
    assert "\n" not in told
    assert told.startswith("Stop and read: 1 thing can lose data or went wrong.")


def test_failed_calls_of_the_old_version_are_to_be_looked_at() -> None:
    made = evidence()
    (deployment,) = made.canary.deployments
    old, new = deployment.traffic
    failing = dataclasses.replace(deployment, traffic=(dataclasses.replace(old, errors=(0, 50, None)), new))
    lines = verdict(
        changes=made.changes,
        tests=made.tests,
        canary=Canary((failing,), {}),
        packages=made.packages,
        vulnerabilities=made.vulnerabilities,
        rollback=made.rollback,
        cost=made.cost,
        in_prod=made.in_prod,
        was_released=True,
    )
    assert lines[0] == Line(Weight.LOOK, "Meanwhile 50 calls of the old versions failed in staging.", "canary")
