"""Which worker runs which tests: what is dear to start is started once, and what takes longest begins first.

It must not know what a test checks.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

_ROOT = Path(__file__).parent.parent
# Words of a file whose tests share something dear: each group stays on one worker. The first that matches counts.
_SHARED = {
    "cdk": re.compile(r"\b(Assembly|Template|Stages|aws_cdk)\b"),  # CDK, started, and the assembly, read
    "polled": re.compile(r"\bPolledAws\b"),  # a local AWS each
    "lambda-host": re.compile(r"\bLocalAws\b"),
    "edge": re.compile(r"\b(BareCloud|bare_cloud)\b"),
}
_OF_THE_FILE = re.compile(r'scope="module"')
_OF_ONE_FILE = ("tests/service/", "tests/compatibility/")  # they share what moto took a while to make


class SharedOnOneWorker(LoadScopeScheduling):  # type: ignore[misc]
    """Tests that share something go to one worker together, the largest groups first; all others go alone."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return _group(file) or nodeid


@functools.cache
def _group(file: str) -> str | None:
    text = (_ROOT / file).read_text()
    for name, words in _SHARED.items():
        if words.search(text):
            return name
    is_shared = _OF_THE_FILE.search(text) or file.startswith(_OF_ONE_FILE)
    return file if is_shared else None
