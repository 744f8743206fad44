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


NAME_EACH_ASSET = re.compile(
    r"buildspec-\w+-FileAsset\.yaml|AutonomousCarManagerPipeline\w*\.(metadata\.json|dot)"
    r"|assembly-\w+-\w+/AutonomousCarManagerPipeline(Staging|Prod)Api\w+\.(assets|metadata)\.json"
)


def test_app_is_the_same_byte_for_byte_when_synthesized_again(assembly: Assembly, with_additions: Assembly) -> None:
    """Again, and with a sandbox and an asset more: what lists them has lines more, and all else is as before."""
    first, again = assembly.files(), with_additions.files()
    new = {name for name in again if name.startswith("assembly-Sandbox/") or re.fullmatch(r"asset\.\w+\.py", name)}
    lists = [json.loads(files.pop("manifest.json"))["artifacts"] for files in (first, again)]
    changed = [name for name in first if again[name] != first[name]]

    assert sorted(set(again) - new) == sorted(first)
    assert [name for name in changed if not NAME_EACH_ASSET.fullmatch(name)] == []
    assert [name for name in changed if not _has_lines_more(again[name], than=first[name])] == []
    assert lists[1].pop("assembly-Sandbox")
    assert lists[0] == lists[1]


def _has_lines_more(text: bytes, *, than: bytes) -> bool:
    lines = iter(text.splitlines())
    return all(line in lines for line in than.splitlines())  # `in` goes on after the line that it has found


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
