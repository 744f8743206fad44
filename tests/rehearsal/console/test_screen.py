"""The one place where text goes to the terminal: nothing in it is obeyed, and it fits."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest

import rehearsal
from rehearsal.console.control_characters import show_control_characters
from rehearsal.console.line import Line, Style
from rehearsal.console.screen import Screen
from rehearsal.console.wrap import wrap
from tests.rehearsal.console.pseudo_terminal import PseudoTerminal

OBEYED = "\x1b]0;title\x07 \x1b[2J \x9b31m \x7f \x00 \u202e \u2066 \udc80"
SHOWN = r"\x1b]0;title\x07 \x1b[2J \x9b31m \x7f \x00 \u202e \u2066 \udc80"
ON_A_TERMINAL = f"""
import sys, time
from rehearsal.console.line import Line, Style
from rehearsal.console.screen import Screen
screen = Screen(sys.stdout)
screen.write(Line({OBEYED!r} + " [bold]not markup[/bold] :smile:"), " 0:00  ")
screen.show([Line({OBEYED!r} + " [red]no[/red]"), Line("x" * 200)], {OBEYED!r})
time.sleep(float(sys.stdin.readline()))
screen.close()
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_control_characters_are_shown_and_nothing_else_is_touched() -> None:
    assert show_control_characters(OBEYED) == SHOWN
    assert show_control_characters("a\tb\r\nc ✔ 漢 é\n") == "a       b\nc ✔ 漢 é\n"
    assert show_control_characters("over\rwritten") == r"over\x0dwritten"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["pipe", "terminal"])
def test_written_line_is_not_obeyed(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    Screen(stream).write(Line(f"{OBEYED} [bold]not markup[/bold]"))

    assert stream.getvalue() == f"{SHOWN} [bold]not markup[/bold]\n"


def test_lines_below_and_the_question_are_not_obeyed_and_are_cut() -> None:
    with PseudoTerminal(ON_A_TERMINAL, columns=90) as terminal:
        screen = terminal.until(lambda screen: any("]0;title" in row for row in screen[3:]))
        terminal.type("0\n")
        assert terminal.exit_code() == 0

    assert " ".join(row.strip() for row in screen[:2]) == f"0:00  {SHOWN} [bold]not markup[/bold] :smile:"
    assert screen[2].startswith(rf"{SHOWN} [red]no[")
    assert screen[3] == "x" * 89 + "…"
    assert screen[4].startswith(SHOWN)


def test_further_rows_of_a_text_do_not_look_like_lines_of_ours() -> None:
    stream = io.StringIO()

    Screen(stream).write(Line("  ✘ Deploy: reason\n✔ Prod Succeeded"), " 0:01  ")

    assert stream.getvalue() == " 0:01    ✘ Deploy: reason\n           ✔ Prod Succeeded\n"


def test_long_line_is_broken_between_words_under_its_beginning() -> None:
    assert wrap("    ✔ one two three four five six", 30) == ["    ✔ one two three four five", "      six"]
    assert wrap("      │ said one two three four five", 36) == ["      │ said one two three four five"]
    assert wrap("      │ said one two three four five", 34) == ["      │ said one two three four", "      │ five"]
    assert wrap("    Synth │ said one two three four five", 36) == [
        "    Synth │ said one two three four",
        "          │ five",
    ]
    assert wrap("漢字 " * 9, 40) == ["漢字 漢字 漢字 漢字 漢字 漢字 漢字 漢字", "漢字"]


def test_word_that_is_wider_than_the_terminal_stays_whole() -> None:
    address = "https://example.com/" + "x" * 40

    assert wrap(f"  ? Approve? {address}", 30) == ["  ? Approve?", f"    {address}"]


def test_drawing_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()

    Screen(stream).write(Line("┌─ Staging ─┐  ┌─ Production ─┐", Style.DRAWING))

    assert stream.getvalue() == "┌─ Staging ─┐  ┌─ Production ─┐\n"


def test_stream_of_another_encoding_gets_what_it_can_show() -> None:
    bytes_ = io.BytesIO()
    stream = io.TextIOWrapper(bytes_, encoding="ascii")

    Screen(stream).write(Line("✔ Build"))

    assert bytes_.getvalue() == b"\\u2714 Build\n"


def test_nothing_but_the_screen_writes() -> None:
    root = Path(rehearsal.__file__).parent

    writers = {
        (str(path.relative_to(root)), found)
        for path in root.rglob("*.py")
        for found in map(_written_to, ast.walk(ast.parse(path.read_text())))
        if found
    }

    assert {name for name in writers if name[1] != "sys.stdout"} == {("console/screen.py", "rich.console")}
    assert {path for path, name in writers if name == "sys.stdout"} <= {"console/printer.py", "cli.py"}


def _written_to(node: ast.AST) -> str | None:
    """What a part of the code writes to a terminal with."""
    match node:
        case ast.Name(id="print"):
            return "print"
        case ast.Attribute(value=ast.Name(id="sys"), attr=("stdout" | "stderr" | "__stdout__" | "__stderr__") as name):
            return f"sys.{name}"
        case ast.ImportFrom(module="rich.console" | "rich"):
            return "rich.console"
        case _:
            return None
