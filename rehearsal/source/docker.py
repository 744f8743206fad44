"""Whether an app failed for want of Docker: it bundles its assets in a container, and this machine has no daemon.

It must not start a container. Source: aws-cdk, "Bundling options" (`docker run`, by CDK_DOCKER or `docker`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

_CDK_SAYS = re.compile(
    r"\bspawnSync \S*docker\b|\bdocker exited with status\b|\bdocker\b.*(ENOENT|not found|No such file)"
)
_DAEMON_IS_AWAY = re.compile(
    r"(?i)cannot connect to the docker daemon|failed to connect to the docker API|is the docker daemon running"
    r"|error during connect|permission denied while trying to connect to the docker"
)
_BUNDLES_NODEJS = "aws-lambda-nodejs"  # the folder of CDK's NodejsFunction
_SERVER_VERSION = re.compile(r"\d+\.\d+")


def wants_docker(said: str, environment: Mapping[str, str]) -> bool:
    """Whether what an app said when it failed means that there is no Docker for it.

    Where a daemon answers, what failed is the app's own command in the container.
    """
    if _DAEMON_IS_AWAY.search(said):
        return True
    return bool(_CDK_SAYS.search(said)) and not _has_daemon(environment)


def way_around(said: str) -> str:
    """How the app can do without, where it can; source: aws-lambda-nodejs, "Local bundling"."""
    if _BUNDLES_NODEJS not in said:
        return ""
    return (
        "\nCDK's NodejsFunction bundles without Docker where the app has esbuild: `npm install --save-dev esbuild`, "
        "then commit, and run again."
    )


def _has_daemon(environment: Mapping[str, str]) -> bool:
    """A daemon tells its version; a client without one, and a stub by that name, do not."""
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=20, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and _SERVER_VERSION.match(done.stdout.strip()) is not None
