"""Writes the apps' cloud assemblies to tests/rehearsal/cases, for the tests that plan them: `python -m
tests.rehearsal.apps.renew`, after a change of an app.

Only what a plan is made of is kept: templates, manifests without metadata, and the lists of assets.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.rehearsal.apps import APPS, FOLDER, make_repository
from tests.rehearsal.cases import case

_KINDS = ("aws:cloudformation:stack", "cdk:asset-manifest", "cdk:cloud-assembly")
_CONTEXT = {"aws:cdk:enable-path-metadata": False}


def main() -> None:
    for name in APPS:
        with tempfile.TemporaryDirectory(prefix="renew-") as folder:
            app = make_repository(FOLDER / name, Path(folder) / name)
            assembly = Path(folder) / "cdk.out"
            settings = json.loads((app / "cdk.json").read_text())
            environment = {
                **os.environ,
                "CDK_OUTDIR": str(assembly),
                "CDK_CONTEXT_JSON": json.dumps({**_CONTEXT, **settings.get("context", {})}),
                "CDK_DEFAULT_ACCOUNT": "111111111111",
                "CDK_DEFAULT_REGION": "us-east-1",
                "CDK_VALIDATION": "false",
            }
            program = [sys.executable, *settings["app"].split()[1:]]
            subprocess.run(program, cwd=app, env=environment, check=True)
            _keep(assembly, case(name))


def _keep(assembly: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted(assembly.rglob("*.json")):
        if file.name == "manifest.json" or file.name.endswith((".template.json", ".assets.json")):
            content = json.loads(file.read_text())
            kept = _without_metadata(content) if file.name == "manifest.json" else content
            place = target / file.relative_to(assembly)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(kept, indent=1) + "\n")


def _without_metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    artifacts = {
        name: {key: value for key, value in artifact.items() if key != "metadata"}
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] in _KINDS
    }
    return {**manifest, "artifacts": artifacts}


if __name__ == "__main__":
    main()
