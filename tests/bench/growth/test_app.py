"""The generated app is of the size that was asked for, within CodePipeline's limits, and one that can be run here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.growth.__main__ import SIZES
from bench.growth.app import ACCOUNTS, shares
from rehearsal.plan.plan import make_plan
from rehearsal.source.assembly import read_assembly
from tests.synthesis import ROOT

STACKS, STAGES = 20, 2
"""Stages of the largest size, and fewer of them: a stage is like any other."""


def test_stacks_are_shared_out_evenly() -> None:
    assert shares(10, 2) == [5, 5]
    assert shares(10, 3) == [4, 3, 3]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("growth") / "cdk.out"
    subprocess.run(
        [sys.executable, "-m", "bench.growth.app", str(STACKS), str(STAGES)],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(folder)},
        capture_output=True,
        check=True,
    )
    return folder


def test_app_is_planned_and_keeps_to_the_limits_of_codepipeline_at_its_largest(assembly: Path) -> None:
    largest = max(SIZES, key=lambda size: size.stacks)
    plan = make_plan(read_assembly(assembly))

    deployed = [stage for stage in plan.definition.stages if stage.name.startswith("Stage")]
    actions = Counter({stage.name: len(stage.actions) for stage in plan.definition.stages})
    assert plan.unsupported == ()
    assert [len(stage.actions) for stage in deployed] == [2 * STACKS // STAGES] * STAGES
    assert max(shares(largest.stacks, largest.stages)) == STACKS // STAGES
    assert max(actions.values()) <= 50
    assert len(plan.definition.stages) + largest.stages - STAGES <= 50
    assert actions.total() + 2 * (largest.stacks - STACKS) <= 1000
    assert {item.account for item in plan.bootstraps} == {plan.account, *ACCOUNTS}


def test_stacks_refer_to_others_of_their_stage(assembly: Path) -> None:
    stacks = [stack for stack in read_assembly(assembly).stacks if stack.is_nested_assembly]

    with_references = [stack for stack in stacks if stack.dependencies]
    assert len(stacks) == STACKS
    assert len(with_references) == STACKS - STAGES
    assert all("Fn::ImportValue" in str(stack.template) for stack in with_references)
