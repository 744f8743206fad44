"""Folders of runs that are really killed, and of runs that live beside the sweeping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.machine.run_folder import PREFIX, RunFolder, sweep, temporary_folder

REPOSITORY = Path(__file__).parents[3]
RUN = """
import sys
from pathlib import Path
from rehearsal.machine.run_folder import RunFolder
folder = RunFolder(within=Path(sys.argv[1])).path
for name in ("logs/run.log", "lambda/logs/111111111111/car.log", "assembly/cdk.out/manifest.json", "lambda/tmp/x"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(name)
(folder / "assembly" / "node_modules").symlink_to(sys.argv[2])
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user's, which a run's folder links to."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_text("")
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Stands for the system's temporary folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def run(shared: Path, outside: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(shared), str(outside)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def folder_of(run: subprocess.Popen[str]) -> Path:
    assert run.stdout is not None
    return Path(run.stdout.readline().strip())


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_sweep_leaves_of_a_killed_run_its_logs_alone(run: subprocess.Popen[str], shared: Path, outside: Path) -> None:
    # given
    folder = folder_of(run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert (folder / "assembly").exists()

    # when
    sweep(within=shared)

    # then
    assert files(folder) == {"logs/run.log", "logs/functions/111111111111/car.log"}
    assert files(outside) == {"precious"}


def test_sweep_does_not_touch_the_folder_of_a_run_that_lives(run: subprocess.Popen[str], shared: Path) -> None:
    folder = folder_of(run)
    before = files(folder)

    sweep(within=shared)

    assert files(folder) == before
    assert run.poll() is None


def test_sweep_does_not_touch_what_is_not_a_runs(shared: Path, outside: Path) -> None:
    # given folders like a run's: one without a lock, one that is open to others, and a link to the user's own
    (shared / f"{PREFIX}no-lock").mkdir(mode=0o700)
    (shared / f"{PREFIX}no-lock" / "file").write_text("")
    (shared / f"{PREFIX}open").mkdir()
    (shared / f"{PREFIX}open").chmod(0o755)
    outside.chmod(0o700)
    for folder in (shared / f"{PREFIX}open", outside):
        (folder / ".lock").write_text("")
    (shared / f"{PREFIX}link").symlink_to(outside)
    (shared / f"{PREFIX}file").write_text("")
    before = files(shared)

    # when
    sweep(within=shared)

    # then
    assert files(shared) == before
    assert files(outside) == {"precious", ".lock"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_sweep_does_not_touch_what_is_another_users(shared: Path) -> None:
    folder = shared / f"{PREFIX}theirs"
    folder.mkdir(mode=0o700)
    for name in (".lock", "file"):
        (folder / name).write_text("")
    os.chown(folder, 12345, 12345)

    sweep(within=shared)

    assert files(folder) == {".lock", "file"}


def test_close_leaves_the_logs_alone_and_nothing_where_there_are_none(shared: Path) -> None:
    with_logs, without = RunFolder(within=shared), RunFolder(within=shared)
    for folder in (with_logs, without):
        (folder.path / "work").mkdir()
    (with_logs.path / "logs").mkdir()
    (with_logs.path / "logs" / "run.log").write_text("")

    with_logs.close()
    without.close()

    assert files(shared) == {f"{with_logs.path.name}/logs/run.log"}
    assert list(shared.iterdir()) == [with_logs.path]


def test_a_temporary_folder_sweeps_those_of_killed_runs(run: subprocess.Popen[str], shared: Path) -> None:
    killed = folder_of(run)
    run.send_signal(signal.SIGKILL)
    run.wait()

    with temporary_folder(PREFIX, within=shared) as folder:
        (folder / "file").write_text("")
        assert files(killed) == {"logs/run.log", "logs/functions/111111111111/car.log"}

    assert not folder.exists()


def test_runs_that_begin_while_others_sweep_keep_their_folders(shared: Path) -> None:
    # given two runs that sweep without end
    is_over = threading.Event()

    def sweep_on() -> None:
        while not is_over.is_set():
            sweep(within=shared)

    sweepers = [threading.Thread(target=sweep_on) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()

    # when
    lost = []
    for _ in range(200):
        folder = RunFolder(within=shared)
        (folder.path / "file").write_text("")
        if not (folder.path / "file").is_file() or not (folder.path / ".lock").is_file():
            lost.append(folder.path)
        folder.close()
    is_over.set()
    for sweeper in sweepers:
        sweeper.join()

    # then
    assert lost == []
    assert list(shared.iterdir()) == []
