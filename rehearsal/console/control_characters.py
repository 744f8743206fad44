"""Makes text of others harmless to a terminal: commit titles, build output, names and reasons come from anywhere.

It must not lose anything: what a terminal would obey is shown instead.
"""

from __future__ import annotations

import re

# C0 (but for the newline), DEL, C1, the characters that turn the direction of text, and what no encoding can write.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def show_control_characters(text: str) -> str:
    r"""The text with `\x1b` or `\u202e` in place of the character. Newlines stay, a tab is spaces, `\r\n` a newline."""
    return _OBEYED.sub(_show, text.replace("\r\n", "\n").expandtabs())


def _show(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
