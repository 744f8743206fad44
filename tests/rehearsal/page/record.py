"""Records a release for the replay: HEAD, then a patch on top of it, as `rehearse run --approve --patch` does.

python -m tests.rehearsal.page.record FILE --patch PATCH [--project DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.page.recording import Recorder


def main() -> None:
    parser = argparse.ArgumentParser(description="Records a release for the replay.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--patch", type=Path)
    parser.add_argument("--project", type=Path, default=Path())
    options = parser.parse_args()
    with (
        options.file.open("w", encoding="utf-8") as opened,
        Rehearsal(options.project, listeners=[Recorder(opened)]) as rehearsal,
    ):
        rehearsal.release()
        if options.patch is not None:
            rehearsal.release(patch=options.patch)


if __name__ == "__main__":
    main()
