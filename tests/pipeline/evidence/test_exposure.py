"""What opens a door without a statement that AWS's library reads is told, first of all that widens."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evidence.runtime.changes import changes, diff
from pipeline.evidence.runtime.exposure import GUARDS, POLICIES, exposures
from tests.pipeline.evidence.node import node

CLOSED: dict[str, Any] = {
    "AuthorizationType": "AWS_IAM",
    "ApiKeyRequired": True,
    "AuthType": "AWS_IAM",
    "PermissionsBoundary": "arn:aws:iam::111111111111:policy/boundary",
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
}
DOORS = [("AWS::ApiGateway::Method", "AuthorizationType"), ("AWS::Lambda::Url", "AuthType")]
NEEDED: dict[str, Any] = {"AWS::IAM::Role": {"AssumeRolePolicyDocument": {"Statement": []}}}


EVERYBODY = {"Statement": [{"Effect": "Allow", "Principal": "*"}]}
BLOCKS = "PublicAccessBlockConfiguration"
CASES: dict[str, tuple[str, dict[str, Any] | None, dict[str, Any]]] = {
    **{f"goes {kind} {name}": (kind, {name: CLOSED[name]}, {}) for kind, name in GUARDS},
    **{f"comes {kind} {name}": (kind, {}, {name: CLOSED[name]}) for kind, name in GUARDS},
    **{
        f"stays {kind} {name}": (kind, {name: CLOSED[name], "Tags": []}, {name: CLOSED[name], "Tags": [{"Key": "a"}]})
        for kind, name in GUARDS
    },
    **{f"open {kind}": (kind, None, {name: "NONE"}) for kind, name in DOORS},
    **{f"locked {kind}": (kind, None, {name: CLOSED[name]}) for kind, name in DOORS},
    "new role": ("AWS::IAM::Role", None, {}),
    "blocks less": (
        "AWS::S3::Bucket",
        {BLOCKS: CLOSED[BLOCKS]},
        {BLOCKS: {**CLOSED[BLOCKS], "BlockPublicPolicy": False}},
    ),
    **{f"new {kind}": (kind, None, {name: EVERYBODY}) for kind, name in POLICIES.items()},
    **{f"other {kind}": (kind, {name: {"Statement": []}}, {name: EVERYBODY}) for kind, name in POLICIES.items()},
    **{f"same {kind}": (kind, {name: EVERYBODY}, {name: EVERYBODY, "Tags": []}) for kind, name in POLICIES.items()},
}


def template(kind: str, properties: dict[str, Any] | None) -> dict[str, Any]:
    if properties is None:
        return {"Resources": {}}
    return {"Resources": {"Door": {"Type": kind, "Properties": {**NEEDED.get(kind, {}), **properties}}}}


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What is said of each case: node is started once."""
    pairs = [(name, template(kind, before), template(kind, after)) for name, (kind, before, after) in CASES.items()]
    found = exposures(diff(pairs, node))
    assert {access.kind for access in found} == {"exposure"}
    return {name: [f"{access.on}: {access.what}" for access in found if access.stack == name] for name in CASES}


Told = dict[str, list[str]]


@pytest.mark.parametrize(("kind", "name"), GUARDS)
def test_guard_that_goes_is_told_and_one_that_comes_or_stays_is_not(told: Told, kind: str, name: str) -> None:
    (sentence,) = told[f"goes {kind} {name}"]
    assert sentence.startswith(f"Door ({kind}): {name} is not set, and was ")
    assert told[f"comes {kind} {name}"] == told[f"stays {kind} {name}"] == []


@pytest.mark.parametrize(("kind", "name"), DOORS)
def test_door_that_is_new_and_open_is_told_and_one_with_a_lock_is_not(told: Told, kind: str, name: str) -> None:
    assert told[f"open {kind}"] == [f"Door ({kind}): {name} is NONE"]
    assert told[f"locked {kind}"] == []


def test_new_role_without_a_boundary_is_no_news(told: Told) -> None:
    assert told["new role"] == []


def test_bucket_that_blocks_less_is_told(told: Told) -> None:
    (sentence,) = told["blocks less"]
    assert '"BlockPublicPolicy": false' in sentence


@pytest.mark.parametrize(("kind", "name"), POLICIES.items())
def test_policy_that_the_library_does_not_read_is_told_when_it_comes_or_changes(
    told: Told, kind: str, name: str
) -> None:
    (new,), (other,) = told[f"new {kind}"], told[f"other {kind}"]
    assert new.startswith(f"Door ({kind}): {name} is ")
    assert other.endswith(', and was {"Statement": []}')
    assert told[f"same {kind}"] == []


def test_exposures_come_first_of_all_that_widens() -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "x"}
    policy = {"PolicyName": "p", "Roles": ["r"], "PolicyDocument": {"Statement": [statement]}}
    before = template("AWS::Lambda::Url", {"AuthType": "AWS_IAM"})
    after = template("AWS::Lambda::Url", {"AuthType": "NONE"})
    after["Resources"]["A"] = {"Type": "AWS::IAM::Policy", "Properties": policy}
    found = changes({"Prod-Api": before}, {"Prod-Api": after}, last_stacks=(), node=node)
    assert [access.kind for access in found.widens] == ["exposure", "permission"]
