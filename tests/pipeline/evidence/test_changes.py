"""What a release changes in prod: by AWS's own word, with what loses data and what goes out at once told apart."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evidence.runtime.changes import canaried_functions, changes, diff, run_node
from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.model import Baseline, Changes, Impact, Route
from tests.assembly import Assembly
from tests.pipeline.evidence.example import TEMPLATE, template, with_properties
from tests.pipeline.evidence.node import node

OTHER_KEY = [{"AttributeName": "name", "KeyType": "HASH"}]


def between(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    return changes({"Prod-Api": before}, {"Prod-Api": after}, last_stacks=(), node=node)


def test_nothing_changes_between_the_same_templates() -> None:
    found = between(TEMPLATE, TEMPLATE)
    assert (found.baseline, found.resources, found.widens) == (Baseline.DEPLOYED, (), ())
    assert (found.unchanged_resources, found.unchanged_stacks) == (len(TEMPLATE["Resources"]), ("Prod-Api",))


def test_letters_that_cloudformation_does_not_tell_are_no_change() -> None:
    # given: each letter that is not ASCII is a question mark in what GetTemplate answers
    meant, told, other = (
        template(Hook=with_properties("Hook", Description=text)) for text in ("häuft ☺ an", "h?uft ? an", "räumt ☺ auf")
    )
    # then
    assert between(told, meant).resources == ()
    assert [change.logical_id for change in between(told, other).resources] == ["Hook"]
    # where they are told as they are, what changes in them is seen
    assert [change.logical_id for change in between(meant, told).resources] == ["Hook"]


def test_table_that_is_replaced_comes_first_and_names_the_property_that_does_it() -> None:
    # given
    after = template(
        Alarm=with_properties("Alarm", Threshold=2),
        Cars=with_properties("Cars", KeySchema=OTHER_KEY),
        Hook=with_properties("Hook", Code={"S3Key": "other.zip"}),
    )
    # when
    first, *others = between(TEMPLATE, after).resources
    # then
    assert (first.path, first.impact, first.holds_data) == ("Cars", Impact.REPLACE, True)
    (key,) = first.properties
    assert (key.name, key.replaces) == ("KeySchema", True)
    assert "name" in str(key.after)
    assert [change.logical_id for change in others] == ["Hook", "Alarm"]


@pytest.mark.parametrize(("policy", "impact"), [("Retain", Impact.ORPHAN), ("Delete", Impact.DELETE)])
def test_table_that_leaves_the_stack_is_deleted_or_orphaned(policy: str, impact: Impact) -> None:
    before = template(Cars={**TEMPLATE["Resources"]["Cars"], "DeletionPolicy": policy})
    (found,) = between(before, template(Cars=None)).resources
    assert (found.impact, found.holds_data) == (impact, True)


def test_new_version_of_a_canaried_function_goes_through_the_canary_and_all_else_at_once() -> None:
    # given
    after = template(
        Function=with_properties("Function", Code={"S3Key": "2.zip"}),
        Version1=None,
        Version2={"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        Live=with_properties("Live", FunctionVersion={"Fn::GetAtt": ["Version2", "Version"]}),
        Hook=with_properties("Hook", Code={"S3Key": "other.zip"}),
        Mapping={"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Live"}}},
        Alarm=with_properties("Alarm", Threshold=2),
    )
    # when
    routes = {change.logical_id: change.route for change in between(TEMPLATE, after).resources}
    # then
    assert routes == {
        "Hook": Route.AT_ONCE,
        "Mapping": Route.AT_ONCE,
        **dict.fromkeys(("Function", "Version1", "Version2", "Live"), Route.CANARY),
        "Alarm": Route.WATCHES,
    }


def test_every_function_that_callers_reach_is_known_as_canaried(assembly: Assembly) -> None:
    for stack in ("Api", "Changes", "Notifications", "Telemetry", "Maintenance"):
        found = canaried_functions(assembly.stage_template("Prod", stack).document)
        assert any(logical_id.startswith(f"{stack}Function") for logical_id in found), stack


def test_stack_that_is_new_and_stack_that_left_the_app_are_named() -> None:
    found = changes(
        {"Prod-Api": TEMPLATE},
        {"Prod-Api": TEMPLATE, "Prod-New": TEMPLATE},
        last_stacks=["Prod-Api", "Prod-Old"],
        node=node,
    )
    assert (found.new_stacks, found.gone_stacks) == (("Prod-New",), ("Prod-Old",))
    assert {change.impact for change in found.resources} == {Impact.CREATE}


def test_template_of_a_megabyte_is_compared_and_told_shortly() -> None:
    long = with_properties("Hook", Code={"ZipFile": "x" * 1_000_000 + "1"})
    longer = with_properties("Hook", Code={"ZipFile": "x" * 1_000_000 + "2"})
    (found,) = between(template(Hook=long), template(Hook=longer)).resources
    (code,) = found.properties
    assert (str(code.before)[-3], str(code.after)[-3]) == ("1", "2")
    assert len(str(code.before)) < 200


def test_missing_library_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    elsewhere = tmp_path / "template_diff.mjs"
    elsewhere.write_text('import { fullDiff } from "@aws-cdk/cloudformation-diff";\nfullDiff({}, {});\n')
    monkeypatch.setattr("pipeline.evidence.runtime.changes.DIFF", elsewhere)
    with pytest.raises(EvidenceError, match=r"`npm ci`(?s:.*)Cannot find package"):
        run_node("[]")


def test_program_of_its_own_says_what_the_one_of_all_tests_does() -> None:
    pair = ("Prod-Api", TEMPLATE, template(Alarm=with_properties("Alarm", Threshold=2)))
    assert diff([pair]) == diff([pair], node)
