from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.release.driver import api_and_stage
from bench.release.report import Moment, build_commands, parse_times, seconds_of_ten_aws_minutes

STAGING, PROD = "222222222222", "333333333333"


def shift(deployment: str, account: str, *moments: tuple[float, float]) -> list[Moment]:
    return [Moment(deployment, account, at, aws_at) for at, aws_at in moments]


def template(build_spec: object) -> dict[str, Any]:
    stages = [
        {"Name": name, "Actions": [{"Configuration": {"ProjectName": {"Ref": project}}}]}
        for name, project in (("Build", "Synth"), ("Assets", "Publisher"))
    ]
    return {
        "Resources": {
            "Publisher": {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": {"BuildSpec": "{}"}}},
            "Synth": {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": {"BuildSpec": build_spec}}},
            "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}},
        }
    }


def test_ten_aws_minutes_are_the_share_of_what_the_waves_took() -> None:
    # given a wave of two deployments, 700 AWS seconds from the first to the last, one alone, and one of another stage
    shifts = [
        *shift("a", STAGING, (0, 1000), (60, 1600)),
        *shift("b", STAGING, (10, 1100), (70, 1700)),
        *shift("c", STAGING, (100, 3000), (130, 3500)),
        *shift("d", PROD, (200, 5000), (900, 5900)),
    ]

    # then 100 seconds for 1200 AWS seconds
    assert seconds_of_ten_aws_minutes(shifts, STAGING) == pytest.approx(50)


def test_a_release_without_a_canary_has_no_such_minutes() -> None:
    with pytest.raises(ValueError, match="no canary"):
        seconds_of_ten_aws_minutes(shift("first", STAGING, (0, 1000)), STAGING)


def test_commands_of_the_build_are_told_from_those_that_install() -> None:
    document = {
        "env": {"variables": {"NAME": "a value"}},
        "phases": {
            "build": {"commands": ["three"]},
            "install": {"commands": ["one"]},
            "pre_build": {"commands": ["two"]},
        },
    }

    commands = build_commands(template(json.dumps(document)))

    assert commands.variables == {"NAME": "a value"}
    assert (commands.install, commands.commands) == (("one",), ("two", "three"))


def test_a_build_whose_commands_are_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="as JSON"):
        build_commands(template("buildspec.yml"))


def test_script_times_the_commands_alone_in_the_shell_that_installed(tmp_path: Path) -> None:
    document = {
        "phases": {"install": {"commands": ["export WORD=kept"]}, "build": {"commands": ['echo "$WORD"', "pwd"]}}
    }
    script = build_commands(template(json.dumps(document))).script(str(tmp_path / "times"))

    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == f"kept\n{tmp_path}\n"
    assert done.stderr == ""
    assert len((tmp_path / "times").read_text().split()) == 3


def test_script_times_what_is_left_in_the_background(tmp_path: Path) -> None:
    burning = f'"{sys.executable}" -c "import time\nwhile time.process_time() < 0.5: pass"'
    document = {"phases": {"build": {"commands": [f"{{ {burning}; }} &"]}}}
    script = build_commands(template(json.dumps(document))).script(str(tmp_path / "times"))

    subprocess.run(["bash", "-c", script], check=True)

    assert parse_times((tmp_path / "times").read_text())[1] >= 0.5


def test_script_ends_with_the_command_that_fails(tmp_path: Path) -> None:
    document = {"phases": {"build": {"commands": ["false", "touch not-reached"]}}}
    script = build_commands(template(json.dumps(document))).script(str(tmp_path / "times"))

    assert subprocess.run(["bash", "-c", script], cwd=tmp_path).returncode == 1
    assert not (tmp_path / "not-reached").exists()


def test_times_are_wall_and_processor_seconds() -> None:
    assert parse_times("12.5 10.25 1.25\n") == (12.5, 11.5)


@pytest.mark.parametrize(
    "url",
    ["https://abc1.execute-api.eu-west-1.amazonaws.com/prod/", "http://127.0.0.1:4566/_aws/execute-api/abc1/prod/"],
)
def test_api_and_stage_are_found_in_its_address(url: str) -> None:
    assert api_and_stage(url) == ("abc1", "prod")
