"""The application as a whole: it passes cdk-nag, is the same twice, and says in one line what is wrong with it.

CloudFormation's own rules are `cdk synth`'s to check.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.assembly import Assembly
from tests.synthesis import ROOT


def test_app_passes_cdk_nag(assembly: Assembly) -> None:
    assert "AwsSolutions" in assembly.validated_by()
    assert assembly.violations() == []


def test_app_is_the_same_byte_for_byte_when_synthesized_again(assembly: Assembly, with_sandbox: Assembly) -> None:
    """Again, and a sandbox beside it: the list of what there is has one more, and all else is as before."""
    first, again = assembly.files(), with_sandbox.files()
    beside = {name for name in again if name.startswith("assembly-Sandbox/")}
    lists = [json.loads(files.pop("manifest.json"))["artifacts"] for files in (first, again)]

    assert beside
    assert sorted(set(again) - beside) == sorted(first)
    assert [name for name in first if again[name] != first[name]] == []
    assert lists[1].pop("assembly-Sandbox")
    assert lists[0] == lists[1]


def test_app_says_in_one_line_what_to_do_when_an_account_is_not_one(tmp_path: Path) -> None:
    # given
    shutil.copy(ROOT / "app.py", tmp_path)
    config = (ROOT / "config.py").read_text()
    (tmp_path / "config.py").write_text(
        re.sub(r'prod = AwsEnvironment\(account="\d+"', 'prod = AwsEnvironment(account="TODO"', config)
    )
    # when
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    # then
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("config.py: account 'TODO' is not an AWS account id.")
    assert "aws sts get-caller-identity" in line
