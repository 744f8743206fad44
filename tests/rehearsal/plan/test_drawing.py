from __future__ import annotations

from dataclasses import replace

from rehearsal.plan.drawing import draw_plan, list_plan
from rehearsal.plan.plan import make_plan
from rehearsal.plan.resource_standing import StoredOnly
from rehearsal.source.assembly import read_assembly
from tests.rehearsal.cases import case


def test_drawing_has_a_box_for_each_stage_and_an_arrow_between_them() -> None:
    drawing = draw_plan(make_plan(read_assembly(case("three-accounts"))))

    lines = drawing.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("┌")] == [
        "Source",
        "Build",
        "UpdatePipeline",
        "Staging",
        "Approve",
        "Prod",
    ]
    assert sum(line.strip() == "▼" for line in lines) == 5
    boxes = [line for line in lines if line.startswith(("┌", "│", "└"))]
    assert len({len(line) for line in boxes}) == 1, "all boxes are of one width"


def test_drawing_shows_gates_inside_their_stage() -> None:
    drawing = draw_plan(make_plan(read_assembly(case("three-accounts"))))

    assert "◇ on failure: roll back to the last success" in drawing
    assert "CloudWatchAlarm app-errors for 10 minutes" in drawing


def test_list_tells_run_orders_environments_and_what_is_unsupported() -> None:
    listing = list_plan(make_plan(read_assembly(case("unsupported"))))

    assert "  111111111111/eu-west-1" in listing
    assert "     1  Invoke                   Lambda" in listing
    assert "- resource type AWS::Synthetics::Canary in stack Pipe (Canary)" in listing


def test_list_says_where_a_disabled_transition_ends_a_release() -> None:
    plan = make_plan(read_assembly(case("three-accounts")))
    frozen = replace(plan, definition=replace(plan.definition, disabled_transitions={"Prod": "change freeze"}))

    lines = list_plan(frozen).splitlines()

    position = next(number for number, line in enumerate(lines) if line.endswith(". Prod"))
    assert lines[position + 1].strip() == (
        "closed: its inbound transition is disabled (change freeze); a release ends before it"
    )


def test_list_tells_what_is_deployed_and_not_rehearsed_with_its_reason() -> None:
    plan = make_plan(read_assembly(case("three-accounts")))
    loud = StoredOnly(what="AWS::EC2::VPC", count=1, why="there is no network", is_quiet=False)
    quiet = StoredOnly(what="AWS::CloudWatch::Dashboard", count=1, why="it is not drawn", is_quiet=True)

    listing = list_plan(replace(plan, stored_only=(loud, quiet)))

    assert "- AWS::EC2::VPC: there is no network" in listing
    assert "- and what decides no release: AWS::CloudWatch::Dashboard" in listing
