"""What redrive says on the terminal: a line or two for each message, a table at the end.

It must not print what an event says, which may be somebody's, unless it is told to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from service.failures.redrive.run import Ending, Looked, Mode, QueueResult


class Page:
    def __init__(self, out: TextIO, *, shows_payload: bool) -> None:
        self._out = out
        self._shows_payload = shows_payload
        self._heading: QueueResult | None = None

    def say(self, line: str) -> None:
        """At once, so that somebody who waits sees how far it is."""
        self._out.write(line + "\n")
        self._out.flush()

    def show(self, result: QueueResult, looked: Looked) -> None:
        if self._heading is not result:
            self._heading = result
            self.say(f"\n{result.queue}: {result.queue.holds}")
        number = result.looked_at
        what = "unreadable" if looked.failure is None else looked.failure.what
        self.say(f"  {number}/{result.about} {looked.message.message_id}  {what}")
        if looked.failure is not None:
            self.say(f"      why: {looked.failure.why}")
        if looked.detail:
            self.say(f"      {looked.ending}: {looked.detail}")
        if self._shows_payload:
            self.say(f"      payload: {looked.message.body}")

    def table(self, results: Sequence[QueueResult], *, mode: Mode, now: datetime | None = None) -> None:
        now = now or datetime.now(UTC)
        rows = [("QUEUE", "KIND", "ABOUT", "LOOKED AT", "REDRIVEN", "STAYS", "OLDEST")]
        rows += [
            (
                str(result.queue),
                "unknown" if result.queue.kind is None else str(result.queue.kind),
                "?" if result.queue.kind is None else str(result.depth),
                str(result.looked_at),
                str(result.count(Ending.REDRIVEN)) if mode is Mode.REDRIVE else "-",
                str(result.count(Ending.STAYS)),
                "-" if result.oldest is None else age(now, result.oldest),
            )
            for result in results
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        self.say("")
        for row in rows:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for result in results:
            if result.queue.kind is None:
                self.say(
                    f"{result.queue}: this version knows no such kind, and leaves it alone: use the commit that is "
                    f"deployed. Queue: {result.queue.url}"
                )
            if result.later:
                self.say(f"{result.queue}: {result.later} more came while we were at it. Why, before you run again?")
            if result.is_cut_short:
                self.say(f"{result.queue}: not all that were there have been looked at. Run again for the others.")


def age(now: datetime, then: datetime) -> str:
    """Two units at most, as "3 h 12 min"."""
    minutes = max(0, int((now - then).total_seconds())) // 60
    days, hours, minutes = minutes // (24 * 60), minutes // 60 % 24, minutes % 60
    parts = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if value]
    return " ".join(parts[:2]) or "under a minute"
