"""Real shells: what stays from command to command, what ends a command, and that no line is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.codebuild.shell import BuildShell
from rehearsal.machine.guardian import Guardian

SHELLS = [name for name in ("/bin/sh", "bash", "dash") if shutil.which(name)]
MakeShell = Callable[..., BuildShell]


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def make_shell(tmp_path: Path, lines: list[str], guardian: Guardian) -> Iterator[MakeShell]:
    shells: list[BuildShell] = []

    def make(program: str = "/bin/sh", **options: Any) -> BuildShell:
        folder = tmp_path / f"a 'shell' {len(shells)}"
        folder.mkdir()
        defaults: dict[str, Any] = {
            "environment": {"PATH": os.environ["PATH"], "GIVEN": "from outside"},
            "start": guardian.popen,
            "watch": lambda: None,
        }
        shell = BuildShell(
            program=program, folder=folder, cwd=tmp_path, on_line=lines.append, **{**defaults, **options}
        )
        shells.append(shell)
        return shell

    yield make
    for shell in shells:
        shell.close()


@pytest.mark.parametrize("program", SHELLS)
def test_run_keeps_variables_functions_and_folder_from_command_to_command(
    make_shell: MakeShell, lines: list[str], program: str
) -> None:
    shell = make_shell(program)

    codes = [
        shell.run("plain=1; export EXPORTED=2"),
        shell.run("greet() { echo hello $1; }"),
        shell.run("mkdir -p sub && cd sub"),
        shell.run('greet world; echo "$plain $EXPORTED $GIVEN ${PWD##*/}"'),
    ]

    assert codes == [0, 0, 0, 0]
    assert lines == ["hello world", "1 2 from outside sub"]


@pytest.mark.parametrize("program", SHELLS)
def test_run_tells_the_exit_code_and_goes_on(make_shell: MakeShell, lines: list[str], program: str) -> None:
    shell = make_shell(program)

    codes = [shell.run("false"), shell.run("sh -c 'exit 7'"), shell.run("return 3"), shell.run("echo on")]

    assert codes == [1, 7, 3, 0]
    assert lines == ["on"]


@pytest.mark.parametrize("program", SHELLS)
@pytest.mark.parametrize(
    ("command", "code"),
    [("export KEPT=yes; cd sub; exit 4", 4), ("export KEPT=yes; cd sub; exit 0", 0)],
)
def test_run_keeps_environment_and_folder_when_a_command_ends_the_shell(
    make_shell: MakeShell, lines: list[str], program: str, command: str, code: int
) -> None:
    shell = make_shell(program)
    shell.run("mkdir sub")

    assert shell.run(command) == code
    assert shell.run('echo "$KEPT ${PWD##*/}"') == 0
    assert lines == ["yes sub"]


@pytest.mark.parametrize("program", SHELLS)
def test_run_fails_a_command_with_a_syntax_error(make_shell: MakeShell, program: str) -> None:
    shell = make_shell(program)

    assert shell.run("if then") != 0
    assert shell.run("echo on") == 0


@pytest.mark.parametrize("program", SHELLS)
def test_run_fails_a_later_command_when_an_earlier_one_set_e(make_shell: MakeShell, program: str) -> None:
    shell = make_shell(program)

    assert shell.run("set -e") == 0
    assert shell.run("false\necho not reached") == 1


@pytest.mark.parametrize("program", SHELLS)
def test_run_takes_no_traced_line_for_an_exit_code(make_shell: MakeShell, lines: list[str], program: str) -> None:
    shell = make_shell(program)

    codes = [shell.run("set -x"), shell.run("echo traced; false"), shell.run("true")]

    assert codes == [0, 1, 0]
    assert "traced" in lines


def test_run_loses_no_line_and_keeps_their_order(make_shell: MakeShell, lines: list[str]) -> None:
    shell = make_shell()

    shell.run("i=0; while [ $i -lt 20000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done")
    shell.run("printf 'no line end'")
    shell.run("printf 'one\\rtwo\\r\\nthree'")

    assert lines == [
        *(f"{name} {number}" for number in range(20000) for name in ("out", "err")),
        "no line end",
        "one",
        "two",
        "three",
    ]


def test_run_gives_the_last_words_of_a_command_that_ends_the_shell(make_shell: MakeShell, lines: list[str]) -> None:
    assert make_shell().run("echo first; printf last; exit 3") == 3

    assert lines == ["first", "last"]


def test_run_gives_commands_an_empty_standard_input(make_shell: MakeShell, lines: list[str]) -> None:
    shell = make_shell()

    assert shell.run("cat; read line || echo nothing") == 0
    assert lines == ["nothing"]


def test_run_survives_a_command_that_redirects_the_shell(make_shell: MakeShell, lines: list[str]) -> None:
    shell = make_shell()

    codes = [shell.run("exec 3>&1 >log.txt 2>&1 8>eight 9>nine"), shell.run("echo to the log; false")]

    assert codes == [0, 1]
    assert lines == []


def test_run_does_not_wait_for_what_a_command_left_in_the_background(make_shell: MakeShell) -> None:
    shell = make_shell()
    started = time.monotonic()

    assert shell.run("sleep 60 &") == 0
    assert shell.run("exit 5") == 5
    shell.close()

    assert time.monotonic() - started < 10


def test_run_keeps_nothing_of_a_command_when_each_has_its_own_shell(make_shell: MakeShell, lines: list[str]) -> None:
    shell = make_shell(has_subshells=True)

    shell.run("export LOST=1; cd /")
    shell.run('echo "${LOST:-gone} $PWD" | sed "s|$PWD|here|"; exit 2')

    assert lines == ["gone here"]


def test_run_says_when_a_signal_ended_the_shell(make_shell: MakeShell) -> None:
    assert make_shell().run("kill -9 $$") == 137


def test_watch_ends_the_command_and_all_it_started(make_shell: MakeShell, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def watch() -> None:
        if (tmp_path / "started").exists():
            raise Stopped

    shell = make_shell(watch=watch)

    with pytest.raises(Stopped):
        shell.run("(sleep 61.5 & echo $! > started.part; mv started.part started; wait)")

    child = int((tmp_path / "started").read_text())
    deadline = time.monotonic() + 5
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(child)


@pytest.mark.parametrize("program", SHELLS)
def test_run_exports_what_a_command_sets_as_cdks_own_check_of_permissions_needs(
    make_shell: MakeShell, lines: list[str], program: str
) -> None:
    shell = make_shell(program)
    shell.run("ARN=arn:aws:codebuild")

    shell.run("sh -c 'echo $ARN'; sh -c 'echo ${CODEBUILD_NEXT_COMMAND:-none}'")

    assert lines == ["arn:aws:codebuild", "none"]


def test_environment_gives_variables_with_all_their_lines(make_shell: MakeShell) -> None:
    shell = make_shell()
    shell.run("export MANY='a\nb = c'; GIVEN=changed; set +a; local_only=1; trap 'echo mine' EXIT")

    environment = shell.environment()

    assert environment["MANY"] == "a\nb = c"
    assert environment["GIVEN"] == "changed"
    assert "local_only" not in environment


def _is_alive(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


@pytest.mark.parametrize("has_subshells", [True, False])
@pytest.mark.parametrize("program", SHELLS)
def test_export_sets_a_variable_for_later_commands_though_they_run_in_subshells(
    make_shell: MakeShell, lines: list[str], program: str, has_subshells: bool
) -> None:
    shell = make_shell(program, has_subshells=has_subshells)

    shell.run("export GIVEN=changed")
    shell.export("TOLD", "it's 0")
    shell.run('echo "$TOLD $GIVEN"')

    assert lines == ["it's 0 from outside" if has_subshells else "it's 0 changed"]


def test_export_sets_a_variable_though_the_shell_ended_with_the_command_before(
    make_shell: MakeShell, lines: list[str]
) -> None:
    shell = make_shell()

    assert shell.run("exit 3") == 3
    shell.export("TOLD", "0")
    shell.run("echo $TOLD")

    assert lines == ["0"]
