"""The first thing that runs in a worker's process: makes Python look where Lambda's does, and starts AWS's client.

Arguments: the folder of the runtime's own packages, then the bundle's folders in order. The handler's name is in the
environment (`_HANDLER`). It must not import anything of this project: the worker has only what the function has.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    runtime, *bundle = sys.argv[1:]
    sys.path[:] = [*bundle, runtime, *(path for path in sys.path if path)]
    sys.argv[:] = ["awslambdaric", os.environ["_HANDLER"]]
    from awslambdaric.__main__ import main as serve

    serve(sys.argv)


if __name__ == "__main__":
    main()
