"""Serves the page with a recorded run, at any speed: to work on the page, and to test it in a browser.

    python -m tests.rehearsal.page.replay FILE [--speed N] [--port PORT] [--chart DIR]

FILE is a recording (recording.py). With `--speed 0`, all of it is there at once. Approvals are answered as recorded;
what the page decides is printed, and answers an open question at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from rehearsal.page.action_logs import ActionLogs
from rehearsal.page.controls import ApprovalResult, Refused
from rehearsal.page.journal import Journal
from rehearsal.page.server import Page, PageServer, listen
from rehearsal.page.stored_objects import ObjectAddress, ReadObject, StoredObject
from rehearsal.run_events import ApprovalAnswered, RunEvent
from tests.rehearsal.page.recording import read_recording

Say = Callable[[str], None]


class ReplayControls:
    """Remembers what was decided. A question that was answered before is refused, as by the real one."""

    def __init__(self, tell: Callable[[RunEvent], None], say: Say) -> None:
        self._tell = tell
        self._say = say
        self.answered: set[str] = set()

    def put_approval_result(self, result: ApprovalResult) -> None:
        if result.token in self.answered:
            raise Refused("The approval was already answered.")
        self.answered.add(result.token)
        self._say(f"{result}")
        self._tell(
            ApprovalAnswered(
                execution_id=result.execution_id,
                stage=result.stage,
                action=result.action,
                is_approved=result.is_approved,
                by="the page",
                summary=result.summary,
                at=time.time(),
                aws_at=time.time(),
            )
        )

    def stop_pipeline_execution(self, execution_id: str, reason: str) -> None:
        self._say(f"stop {execution_id}: {reason}")

    def retry_stage_execution(self, stage: str) -> None:
        self._say(f"retry {stage}")

    def rollback_stage(self, stage: str, target_execution_id: str) -> None:
        self._say(f"roll {stage} back to {target_execution_id}")


def no_objects(address: ObjectAddress) -> StoredObject:
    raise Refused(f"Nothing was recorded of {address.key}.")


class Replay:
    """Use it as a context manager; `url` is the page's. `folder` keeps journal and logs."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        chart: Path | None = None,
        say: Say = print,
        read_object: ReadObject = no_objects,
    ) -> None:
        self.journal = Journal(folder / "events.jsonl")
        self.logs = ActionLogs(folder / "logs")
        self.controls = ReplayControls(self.tell, say)
        self.read_object = read_object
        page = Page(
            journal=self.journal,
            logs=self.logs,
            controls=self.controls,
            chart=chart or folder,
            read_object=lambda address: self.read_object(address),
            state=lambda: {
                "project": "replay", "pipeline": "replay", "started_at": 0.0, "speed": 1.0, "endpoint_url": "",
            },
        )  # fmt: skip
        self._server = PageServer(page, listen(port))
        self.url = self._server.url

    def tell(self, event: RunEvent) -> None:
        self.logs(event)
        self.journal(event)

    def play(self, events: Iterable[RunEvent], *, speed: float, stop: threading.Event | None = None) -> None:
        """Tells the events, as far apart as they were by `speed`; 0 is all at once. Times are as if it were now."""
        stop = stop or threading.Event()
        began, first = time.time(), None
        for event in events:
            first = event.at if first is None else first
            if speed and stop.wait(max(0.0, began + (event.at - first) / speed - time.time())):
                return
            self.tell(dataclasses.replace(event, at=began + (event.at - first) / (speed or 1.0)))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)
        self.logs.close()
        self.journal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the page with a recorded run.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--chart", type=Path, help="folder with the chart library's files")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Replay(Path(folder), port=options.port, chart=options.chart) as replay,
    ):
        sys.stdout.write(f"{replay.url}\n")
        sys.stdout.flush()
        replay.play(read_recording(options.file), speed=options.speed)
        sys.stdout.write("All was told; Ctrl-C ends it.\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
