"""What prod runs: read, not there, or not to be read, which are three different things."""

from __future__ import annotations

import json

import pytest

from pipeline.evidence.runtime.deployed import read_deployed, without_reader
from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.model import Baseline
from tests.pipeline.evidence.example import TEMPLATE
from tests.pipeline.evidence.fakes import FakeCloudFormation, refused


def test_templates_of_the_stacks_that_are_there_are_read_and_new_stacks_have_none() -> None:
    cloudformation = FakeCloudFormation(
        {"Prod-Api": ("UPDATE_COMPLETE", TEMPLATE), "Prod-Text": ("CREATE_COMPLETE", json.dumps(TEMPLATE))}
    )
    found = read_deployed(cloudformation, ["Prod-Api", "Prod-Text", "Prod-New"], stage="Prod")
    assert (found.baseline, found.troubles) == (Baseline.DEPLOYED, ())
    assert found.templates == {"Prod-Api": TEMPLATE, "Prod-Text": TEMPLATE}


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_stack_that_was_never_made_has_nothing_that_could_be_lost(status: str) -> None:
    found = read_deployed(FakeCloudFormation({"Prod-Api": (status, TEMPLATE)}), ["Prod-Api"], stage="Prod")
    assert (found.baseline, found.templates) == (Baseline.NOTHING, {})
    assert "everything is new" in found.reason


def test_stack_in_which_a_deployment_may_fail_is_named() -> None:
    cloudformation = FakeCloudFormation({"Prod-Api": ("UPDATE_ROLLBACK_FAILED", TEMPLATE)})
    assert read_deployed(cloudformation, ["Prod-Api"], stage="Prod").troubles == ("Prod-Api is UPDATE_ROLLBACK_FAILED",)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (refused("AccessDenied", "not authorized"), "template of stack Prod-Api cannot be read: .*not authorized"),
        ("Resources:\n  A: {}\n", "Prod-Api is no JSON"),
    ],
)
def test_template_that_cannot_be_read_is_an_error(template: object, words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        read_deployed(FakeCloudFormation({"Prod-Api": ("UPDATE_COMPLETE", template)}), ["Prod-Api"], stage="Prod")


def test_first_release_is_all_new_and_one_that_brings_the_role_is_not_known() -> None:
    first = without_reader("denied", stage="Prod", was_released=False, had_evidence=False)
    brings = without_reader("denied", stage="Prod", was_released=True, had_evidence=False)
    assert (first.baseline, brings.baseline) == (Baseline.NOTHING, Baseline.UNKNOWN)


def test_role_that_is_lost_after_a_release_with_evidence_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="cannot be read: denied"):
        without_reader("denied", stage="Prod", was_released=True, had_evidence=True)
