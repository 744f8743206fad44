"""A log that comes in pieces, as lines: the page's own module, run by Node.js."""

from __future__ import annotations

import json
import subprocess

from rehearsal.page.files import STATIC


def _lines(*pieces: str, most: int | None = None) -> list[str]:
    """The lines of a text that came in these pieces."""
    script = (
        f"import {{ LogText }} from {json.dumps((STATIC / 'log_text.js').as_uri())};"
        f"const text = new LogText({most or ''});"
        f"for (const piece of {json.dumps(pieces)}) text.append(piece);"
        "console.log(JSON.stringify([...text.lines, text.left]));"
    )
    ran = subprocess.run(["node", "--input-type=module"], input=script, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def test_line_may_come_in_several_pieces() -> None:
    assert _lines("one\ntw", "o\nthr", "ee\n") == ["one", "two", "three", 0]


def test_colours_and_progress_of_a_terminal_are_left_out() -> None:
    assert _lines("\x1b[31mred\x1b[0m\n", " 10 %\r 100 %\n", "tab\tstays\r\n") == ["red", " 100 %", "tab\tstays", 0]


def test_line_without_end_is_cut() -> None:
    (line, _) = _lines("x" * 1_000_000 + "\n")

    assert len(line) == 5_002


def test_oldest_lines_are_dropped_where_there_are_too_many() -> None:
    assert _lines("one\ntwo\n", "three\nfour\n", most=3) == ["two", "three", "four", 1]


def test_long_line_of_what_a_terminal_would_obey_does_not_hold_up_the_page() -> None:
    (line, _) = _lines("\x1b]" * 2_000_000 + "\n")

    assert len(line) == 5_002
