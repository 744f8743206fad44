from __future__ import annotations

import logging
from pathlib import Path

import pytest

from rehearsal.console.log_lines import LOG_FILE, logged
from rehearsal.run_events import Notice, RunEvent

log = logging.getLogger("rehearsal.aws.some_part")


def test_warnings_are_notices_and_lie_whole_in_the_logs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[RunEvent] = []

    with logged(heard.append, tmp_path / "logs"):
        log.info("not worth a word")
        log.warning("%s cannot be read", "a queue")
        try:
            raise ValueError("no such route")
        except ValueError:
            log.exception("An invocation could not be routed.")

    assert [event.text for event in heard if isinstance(event, Notice)] == [
        "a queue cannot be read",
        "An invocation could not be routed. ValueError: no such route",
    ]
    kept = (tmp_path / "logs" / LOG_FILE).read_text()
    assert "Traceback (most recent call last)" in kept
    assert "a queue cannot be read" in kept
    assert capfd.readouterr() == ("", "")


def test_afterwards_logging_is_as_before(tmp_path: Path) -> None:
    logger = logging.getLogger("rehearsal")
    before = (logger.propagate, list(logger.handlers))

    with logged(lambda _: None, tmp_path / "logs"):
        pass

    assert (logger.propagate, list(logger.handlers)) == before
    assert not (tmp_path / "logs").exists()
