"""A command of the user's that looks at what a release has left in the local AWS, while it still stands.

It gets the profiles of all accounts, by AWS_CONFIG_FILE, and else what any program gets that must not find the user's
own AWS. It must not know what is looked for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.machine.child_environment import program_environment
from rehearsal.machine.guardian import Guardian
from rehearsal.source.project import Project


def run_check(
    command: str,
    project: Project,
    guardian: Guardian,
    *,
    profiles: Path,
    home: Path,
    egress: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """Runs a shell's `command` in the project's folder and tells each line that it says; answers its exit code.

    `home` is the command's own, `egress` are the variables of the run's way out.
    """
    environment = {**program_environment(home, egress), "AWS_CONFIG_FILE": str(profiles)}
    process = guardian.popen(
        ["/bin/sh", "-c", command],
        cwd=project.directory,
        env=project.tool_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            say(line.rstrip("\n"))
    return process.returncode
