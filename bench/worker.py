"""What runs in a measured process: a function's handler, and nothing that Lambda would not have there.

Commands and answers are lines of JSON on stdin and stdout: {"event"} is answered by the handler's result, {"event",
"times"} by {"cpu_seconds", "wall_seconds"} of so many calls, {} by {"rss_bytes"}. What the function itself prints
goes nowhere. The handler is imported with the first command, for its import is a part of a cold start.
It must not import this project, nor more of the standard library than it needs.
"""

from __future__ import annotations

import os
import sys


class Context:
    """Lambda's context object."""

    function_name = "measured"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:222222222222:function:measured:live"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    log_group_name = "measured"
    log_stream_name = "measured"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


def main(handler_name: str, paths: list[str]) -> None:
    sys.path[:0] = paths
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    commands = sys.stdin
    first = commands.readline()

    import importlib
    import json
    import time

    module, _, function = handler_name.rpartition(".")
    handle = getattr(importlib.import_module(module), function)
    context = Context()
    line = first
    while line:
        command = json.loads(line)
        if "times" in command:
            event = command["event"]
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(command["times"]):
                handle(event, context)
            answer = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
        elif "event" in command:
            answer = handle(command["event"], context)
        else:
            answer = {"rss_bytes": _rss_bytes()}
        answers.write(json.dumps(answer) + "\n")
        line = commands.readline()


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm") as statm:  # noqa: PTH123 - pathlib would be imported for this alone
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
