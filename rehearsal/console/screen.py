"""The one place where text goes to the terminal, or to the file or pipe that stands for it.

Whatever is written here comes from others, too (commit titles, build output, reasons): control characters are shown
instead of sent, and nothing is taken for markup. A live terminal has lines that stay, and below them a few that are
replaced as things go on. It must not decide what is worth saying, and is not safe from several threads: printer.py is.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from rehearsal.console.control_characters import show_control_characters
from rehearsal.console.line import Line, Style
from rehearsal.console.wrap import wrap

_COLOURS = {
    Style.PLAIN: "",
    Style.TITLE: "bold",
    Style.GOOD: "green",
    Style.BAD: "bold red",
    Style.WARNING: "yellow",
    Style.FAINT: "dim",
    Style.DRAWING: "",
}


class Screen:
    """Writes to `stream`. `is_live` tells whether `show` does anything: a pipe or a simple terminal cannot redraw."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not in UTF-8 gets what it can show
        self._console = _Console(file=stream, highlight=False, markup=False, emoji=False) if stream.isatty() else None
        self.is_live = self._console is not None and not self._console.is_dumb_terminal
        self._live: Live | None = None
        self._is_unheard = False

    @property
    def width(self) -> int | None:
        """The terminal's cells in a row; None where a line may be as long as it is."""
        return self._console.width if self._console is not None else None

    @property
    def height(self) -> int | None:
        return self._console.height if self._console is not None else None

    def write(self, line: Line, prefix: str = "") -> None:
        """Writes a line that stays, above those that are shown. Further rows of its text stand under its first."""
        if self._is_unheard:
            return
        under = " " * cell_len(prefix)
        rows = [(prefix if number == 0 else under, row) for number, row in enumerate(self._rows(line, len(under)))]
        with self._heard():
            if self._console is None:
                self._stream.write("".join(f"{start}{row}".rstrip() + "\n" for start, row in rows))
                self._stream.flush()
            else:
                colour = _COLOURS[line.style]
                texts = [Text.assemble((start, "dim"), (row, colour)) for start, row in rows]
                self._console.print(Text("\n").join(texts), soft_wrap=True)

    def show(self, lines: Sequence[Line], question: str | None = None) -> None:
        """Replaces what stands below the lines that stay: `lines`, each cut to the width, and an open question."""
        if self._console is None or not self.is_live or self._is_unheard:
            return
        below = [Text(_one_row(line.text), _COLOURS[line.style], no_wrap=True, overflow="ellipsis") for line in lines]
        if question is not None:
            below.append(Text.assemble((_one_row(question), _COLOURS[Style.WARNING]), (" ", "reverse")))
        with self._heard():
            if not below:
                self._stop_live()
                return
            if self._live is None:
                self._live = Live(
                    console=self._console, auto_refresh=False, transient=True,
                    redirect_stdout=False, redirect_stderr=False, vertical_overflow="visible",
                )  # fmt: skip
                self._live.start()
            self._live.update(Group(*below), refresh=True)

    def close(self) -> None:
        """Takes away what `show` left."""
        with self._heard():
            self._stop_live()

    def _stop_live(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.update(Group(), refresh=True)
            live.stop()

    def _rows(self, line: Line, indent: int) -> Iterator[str]:
        width = None if self.width is None or line.style is Style.DRAWING else self.width - indent
        for number, text in enumerate(show_control_characters(line.text).split("\n")):
            row = text if number == 0 or line.style is Style.DRAWING else f"{_indentation(line.text)}  {text}"
            yield from wrap(row, width) if width is not None else [row]

    @contextmanager
    def _heard(self) -> Iterator[None]:
        """Where nobody reads any more, as `| head` leaves: the run goes on, and its exit code says how it ended."""
        try:
            yield
        except OSError:
            self._is_unheard, self._live = True, None
            with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())  # or Python fails when it flushes at the end


class _Console(Console):
    """Rich's own ends the program when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _one_row(text: str) -> str:
    return show_control_characters(text).replace("\n", " ")


def _indentation(text: str) -> str:
    return " " * (len(text) - len(text.lstrip(" ")))
