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


PIPELINE = "AutonomousCarManagerPipeline"
STAGES = ("Staging", "Prod")


def test_app_is_the_same_byte_for_byte_when_synthesized_again(assembly: Assembly, with_additions: Assembly) -> None:
    """Again, by another version of Python, and with a sandbox and an asset more.

    What lists them lists these more, and all else is as before.
    """
    first, again = assembly.files(), with_additions.files()
    (asset,) = (name for name in set(again) - set(first) if not name.startswith("assembly-Sandbox/"))
    digest = asset.removeprefix("asset.").removesuffix(".py")
    lists = [json.loads(files.pop("manifest.json"))["artifacts"] for files in (first, again)]
    more = {name: _more(again[name], than=first[name]) for name in first if again[name] != first[name]}

    # the publisher publishes it for each stage, and the drawing has it
    (buildspec,) = (name for name in more if name.endswith("-FileAsset.yaml"))
    published = [re.search(r"assembly-\w+-(\w+)/.* publish \\\"(\w+):", line) for line in more.pop(buildspec)]
    assert [found and found.groups() for found in published] == [(stage, digest) for stage in STAGES]
    (drawing,) = (name for name in more if name.endswith(".dot"))
    assert more.pop(drawing) == [f'"Assets.FileAsset" -> "{stage}.Api.Deploy";' for stage in STAGES]
    # the API's stack of each stage has it
    for stage in STAGES:
        (listed,) = (name for name in more if re.search(rf"/{PIPELINE}{stage}Api\w+\.assets\.json$", name))
        manifest = json.loads(again[listed])
        assert manifest["files"].pop(digest)["displayName"] == "New"
        assert manifest == json.loads(first[listed])
        more.pop(listed)
    # CDK's own notes tell of the constructs
    assert [name for name in more if not name.endswith(".metadata.json")] == []
    assert set(again) - set(first) - {asset} == {name for name in again if name.startswith("assembly-Sandbox/")}
    assert lists[1].pop("assembly-Sandbox")
    assert lists[0] == lists[1]


def test_nothing_of_ours_asks_which_python_it_runs_on() -> None:
    """What is synthesized would depend on it; tests/another_python.py cannot pretend another `sys.version_info`."""
    folders = (ROOT / "pipeline", ROOT / "service")
    sources = [ROOT / "app.py", ROOT / "config.py", *(path for folder in folders for path in folder.rglob("*.py"))]
    asking = re.compile(
        r"\bversion_info\b|\bhexversion\b|\bsys\.implementation\b|\bpython_version_tuple\b|\bsysconfig\b"
    )
    assert [path for path in sources if asking.search(path.read_text())] == []


def _more(text: bytes, *, than: bytes) -> list[str]:
    """The lines that `text` has more; all others are those of `than`, in their order."""
    lines = text.decode().splitlines()
    more = []
    for known in than.decode().splitlines():
        assert known in lines, f"gone, or changed: {known.strip()}"
        while (line := lines.pop(0)) != known:
            more.append(line.strip())
    return more + [line.strip() for line in lines]


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
