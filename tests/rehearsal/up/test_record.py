from __future__ import annotations

import fcntl
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.up.record import Running, UpFolder

RUNNING = Running(process_id=7, project="/app", branch="main", started_at=1.0, page_url="http://127.0.0.1:1/secret/")
HOLDER = """
import sys, time
from pathlib import Path
from rehearsal.up.record import Running, UpFolder
folder = UpFolder(Path(sys.argv[1]), "app")
folder.hold()
folder.tell(Running(process_id=7, project="/app", branch="main", started_at=1.0))
print("held", flush=True)
time.sleep(60)
"""


def test_who_runs_is_found_and_keeps_a_second_out(tmp_path: Path) -> None:
    first, second = UpFolder(tmp_path, "app"), UpFolder(tmp_path, "app")
    first.hold()
    first.tell(RUNNING)

    with pytest.raises(
        BadInput, match=r"already runs for /app \(process 7\)\. Its page: http://127\.0\.0\.1:1/secret/"
    ):
        second.hold()

    assert second.running() == RUNNING
    first.release()
    assert second.running() is None
    second.hold()
    second.release()


def test_record_is_its_users_alone(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path, "app")
    folder.hold()
    folder.tell(RUNNING)

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "running.json").stat().st_mode) == 0o600
    folder.release()


def test_other_projects_do_not_know_of_it(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path, "app")
    folder.hold()

    assert UpFolder(tmp_path, "other").running() is None
    UpFolder(tmp_path, "other").hold()
    folder.release()


def test_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        folder = UpFolder(tmp_path, "app")
        assert folder.running() is not None
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    assert folder.running() is None
    folder.hold()
    assert not (folder.path / "running.json").exists(), "what the killed one has said is not true any more"
    folder.release()


def test_damaged_record_is_none(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path, "app")
    folder.hold()
    (folder.path / "running.json").write_text("{")

    assert folder.running() is None
    folder.release()


def test_who_only_looks_keeps_nobody_out(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path, "app")
    folder.path.mkdir(parents=True)
    with (folder.path / "lock").open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        has_looked = threading.Timer(0.2, fcntl.flock, (looking, fcntl.LOCK_UN))
        has_looked.start()
        folder.hold()
        has_looked.join()

    folder.release()
