"""What is measured of a command is that of all that it started, and nothing of it is left. No test of how long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.processes import CommandFailed, Process, Tree, descendants, pss_bytes, read_processes, run


def test_descendants_are_the_roots_and_all_below_them() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 20: 1, 21: 20}

    assert descendants(parents, [10]) == {10, 11, 12}
    assert descendants(parents, [11, 20]) == {11, 12, 20, 21}
    assert descendants(parents, []) == set()


def test_processes_are_read_whatever_their_names_hold(tmp_path: Path) -> None:
    for pid, stat in (
        ("7", "7 (a) b (c)) S 3 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 4242 1 1"),
        ("8", "8 (over) Z 3 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 4243 1 1"),
    ):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(stat)
    (tmp_path / "9").mkdir()
    (tmp_path / "meminfo").write_text("")

    assert read_processes(tmp_path) == {7: Process(parent=3, began=4242)}


def test_memory_is_the_proportional_set_size(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "smaps_rollup").write_text("55e0-7ffc ---p 0 00:00 0 [rollup]\nRss: 900 kB\nPss: 500 kB\n")

    assert pss_bytes(7, tmp_path) == 500 * 1024
    assert pss_bytes(8, tmp_path) == 0


def test_what_a_command_burns_and_needs_counts_with_its_children(tmp_path: Path) -> None:
    program = "import sys, time; kept = b'x' * 50_000_000; until = time.process_time() + 1.2\n"
    program += "while time.process_time() < until: pass"

    usage = run(
        ["sh", "-c", f'"{sys.executable}" -c "{program}"; true'],
        cwd=tmp_path,
        env=dict(os.environ),
        log=tmp_path / "log",
        samples_memory=True,
    )

    assert usage.cpu_seconds >= 1.2
    assert usage.peak_bytes >= 50_000_000


def test_a_command_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"(?s)exit code 3\..*the reason"):
        run(["sh", "-c", "echo the reason; exit 3"], cwd=tmp_path, env=dict(os.environ), log=tmp_path / "log")


def test_nothing_is_left_of_a_tree_that_is_ended(tmp_path: Path) -> None:
    # given one that has ended, seen before, whose child lives on under another parent
    process = subprocess.Popen(
        ["sh", "-c", "setsid sleep 1000 & echo $! > child; read line"], cwd=tmp_path, stdin=subprocess.PIPE
    )
    tree = Tree(process.pid)
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().endswith("\n"):
        pass
    child = int((tmp_path / "child").read_text())
    assert tree.look() >= {process.pid, child}
    process.communicate(b"\n")
    assert tree.look() == {child}

    # when
    tree.end(seconds=0)

    # then
    assert tree.look() == set()
    assert child not in read_processes()
