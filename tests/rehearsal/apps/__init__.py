"""CDK Pipelines apps of others, each as small as it can be and released for real: one folder an app.

Their packages are not in it: they get the versions that this project pins.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent
APPS = ("agnostic", "two_regions", "vpc", "nodejs")


def make_repository(source: Path, folder: Path) -> Path:
    """A repository of its own in `folder`, of the app in `source`, with the packages that it needs.

    Answers `folder`.
    """
    shutil.copytree(source, folder)
    (folder / "requirements.txt").write_text(_pins("aws-cdk-lib", "constructs"))
    (folder / "requirements-builds.txt").write_text(_pins("boto3"))
    cdk = json.loads((ROOT / "package.json").read_text())["dependencies"]["aws-cdk"]
    (folder / "package.json").write_text(json.dumps({"dependencies": {"aws-cdk": cdk}}))
    identity = ("-c", "user.name=n", "-c", "user.email=e@e")
    for command in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "All of it")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def _pins(*packages: str) -> str:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return "".join(line.rstrip("\\") + "\n" for line in lines if line.split("==")[0] in packages)
