"""The digest over all that Prod would deploy, and the step that holds Prod to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.evidence.runtime.assembly import digest, read_stage
from pipeline.evidence.runtime.check import main
from pipeline.evidence.runtime.errors import EvidenceError
from tests.assembly import Assembly
from tests.synthesis import ROOT

FOLDER = "assembly-App-Prod"


@pytest.fixture
def cdk_out(tmp_path: Path) -> Path:
    """A stage with one stack and two assets, a folder and a file, and another stage beside it."""
    out = tmp_path / "cdk.out"
    for folder in (FOLDER, "assembly-App-Staging", "asset.1/inside"):
        (out / folder).mkdir(parents=True)
    (out / "asset.1" / "inside" / "handler.py").write_text("pass")
    (out / "asset.2.zip").write_bytes(b"zip")
    (out / FOLDER / "Api.template.json").write_text('{"Resources": {}}')
    files = {
        "a": {"source": {"path": "../asset.1"}},
        "b": {"source": {"path": "../asset.2.zip"}},
        "t": {"source": {"path": "Api.template.json"}},
    }
    (out / FOLDER / "Api.assets.json").write_text(json.dumps({"files": files}))
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "Api.template.json", "stackName": "Prod-Api"},
    }
    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "Api.assets.json"}}
    (out / FOLDER / "manifest.json").write_text(json.dumps({"artifacts": {"Api": stack, "Api.assets": manifest}}))
    return out


def of(cdk_out: Path) -> str:
    return digest(read_stage(cdk_out, "Prod"))


def test_stage_has_its_stacks_by_their_names_in_cloudformation(cdk_out: Path) -> None:
    stage = read_stage(cdk_out, "Prod")
    assert dict(stage.templates) == {"Prod-Api": {"Resources": {}}}
    assert sorted(stage.assets) == ["Api.template.json", "asset.1", "asset.2.zip"]


def test_digest_is_the_same_elsewhere_and_by_a_link(cdk_out: Path, tmp_path: Path) -> None:
    shutil.copytree(cdk_out, tmp_path / "copy" / "cdk.out")
    (tmp_path / "link").symlink_to(cdk_out)
    assert of(cdk_out) == of(tmp_path / "copy" / "cdk.out") == of(tmp_path / "link")


@pytest.mark.parametrize(
    "change",
    [
        lambda out: (out / FOLDER / "Api.template.json").write_text('{"Resources":  {}}'),
        lambda out: (out / "asset.1" / "inside" / "handler.py").write_text("evil"),
        lambda out: (out / "asset.1" / "inside" / "handler.py").rename(out / "asset.1" / "handler.py"),
        lambda out: (out / "asset.1" / "more.py").write_text(""),
        lambda out: (out / "asset.2.zip").write_bytes(b"other"),
        lambda out: (out / FOLDER / "manifest.json").write_text((out / FOLDER / "manifest.json").read_text() + " "),
    ],
)
def test_digest_is_another_when_anything_that_prod_deploys_is(cdk_out: Path, change: Callable[[Path], None]) -> None:
    before = of(cdk_out)
    change(cdk_out)
    assert of(cdk_out) != before


def test_digest_is_the_same_when_another_stage_changes(cdk_out: Path) -> None:
    before = of(cdk_out)
    (cdk_out / "assembly-App-Staging" / "manifest.json").write_text("{}")
    assert of(cdk_out) == before


def test_every_asset_of_the_real_stage_is_in_its_digest(assembly: Assembly) -> None:
    stage = read_stage(assembly.folder, "Prod")
    assert len(stage.templates) == len(assembly.stage_templates("Prod"))
    assert len([name for name in stage.assets if name.startswith("asset.")]) > 5


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda out: shutil.rmtree(out / FOLDER), "has 0 folders assembly-\\*-Prod"),
        (lambda out: (out / "assembly-Another-Prod").mkdir(), "has 2 folders assembly-\\*-Prod"),
        (lambda out: (out / "asset.2.zip").unlink(), "names ../asset.2.zip, which is not in the artifact"),
        (lambda out: (out / FOLDER / "Api.template.json").write_text("{"), "Api.template.json .* cannot be read"),
    ],
)
def test_assembly_that_is_not_whole_is_an_error_that_says_what(
    cdk_out: Path, broken: Callable[[Path], None], words: str
) -> None:
    broken(cdk_out)
    with pytest.raises(EvidenceError, match=words):
        of(cdk_out)


def check(cdk_out: Path, approved: str, way_back: str = "no") -> int:
    return main(["--assembly", str(cdk_out), "--stage", "Prod", "--digest", approved, "--way-back", way_back])


def test_prod_starts_with_what_was_approved(cdk_out: Path) -> None:
    assert check(cdk_out, of(cdk_out)) == 0


def test_prod_refuses_what_was_changed_after_the_approval(cdk_out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    approved = of(cdk_out)
    (cdk_out / "asset.1" / "inside" / "handler.py").write_text("evil")
    assert check(cdk_out, approved) == 1
    assert "what Prod would deploy is not what was approved" in capsys.readouterr().err


@pytest.mark.parametrize("approved", ["", "0" * 64])
def test_prod_refuses_without_an_evidence_and_with_anothers(cdk_out: Path, approved: str) -> None:
    assert check(cdk_out, approved) == 1


def test_way_back_is_open_whatever_was_approved(cdk_out: Path) -> None:
    assert check(cdk_out, "", way_back="yes") == 0


def test_check_needs_nothing_but_python(cdk_out: Path) -> None:
    command = ["-I", "-c", "import sys; sys.path.insert(0, '.'); from pipeline.evidence.runtime.check import main"]
    packages = "; print(sorted({'boto3', 'cyclonedx', 'aws_cdk'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, *command[:-1], command[-1] + packages], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
