"""What a build asks for and does not get here, one sentence each, the same in `plan` and in a run.

It must not start anything: what this machine has of a buildspec's runtimes is asked of runtimes.py when a build runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearsal.codebuild.build_environment import RESERVED_PREFIX
from rehearsal.codebuild.buildspec import Buildspec
from rehearsal.codebuild.exported_variables import notices_of_exports


def notices_of_build(buildspec: Buildspec, names: Iterable[str]) -> Iterator[str]:
    """`names` are of all variables that the buildspec, the project and the action set."""
    yield from buildspec.notices
    yield from notices_of_exports(buildspec)
    for name in sorted({name for name in names if name.startswith(RESERVED_PREFIX)}):
        yield f"the variable {name} of a build keeps CodeBuild's value: {RESERVED_PREFIX} is reserved."
