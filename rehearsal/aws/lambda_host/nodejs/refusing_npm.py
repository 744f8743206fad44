"""An `npm` for functions, which installs nothing: it would write into the machine's own /tmp, and differ by the day.

CDK's AwsCustomResource installs the newest SDK that way unless `install_latest_aws_sdk` is false, and takes the one
that the runtime brings where that fails. It must not stand in the way of anything else that functions start.

Source: aws-cdk-lib, custom-resource-handlers/custom-resources/aws-custom-resource-handler.
"""

from __future__ import annotations

from pathlib import Path

_SCRIPT = """#!/bin/sh
echo "The rehearsal installs nothing inside of functions: they have the AWS SDK that it brings." >&2
exit 1
"""


def write_refusing_npm(folder: Path) -> Path:
    """The folder, to be put before all others of PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    npm = folder / "npm"
    npm.write_text(_SCRIPT)
    npm.chmod(0o755)
    return folder
