"""An AWS SDK for Node.js functions that needs no registry: two packages that say what they are."""

from __future__ import annotations

import json
from pathlib import Path

from rehearsal.aws.lambda_host.nodejs.sdk import NodeSdk

PACKAGES = ("client-s3", "client-sts")


def install(folder: Path) -> None:
    """As npm would, into `node_modules`."""
    for name in PACKAGES:
        package = folder / "node_modules" / "@aws-sdk" / name
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": f"@aws-sdk/{name}", "main": "index.js"}))
        (package / "index.js").write_text(f'exports.name = "{name} of the runtime";\n')


def fake_sdk(cache: Path) -> NodeSdk:
    """In a run's cache, where the local cloud finds it."""
    sdk = NodeSdk(cache / "lambda" / "nodejs", lambda _: None, install=install)
    sdk.folder()
    return sdk
