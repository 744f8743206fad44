"""Which line of what a command said tells why it failed: mostly the last, but for what programs add to every failure.

It must not change what is shown of the output, and what it does not know counts as told.
"""

from __future__ import annotations

import re

from rehearsal.codebuild.failing_tests import FailingTests

# Stack frames of Node.js, its epilogue, and brackets and carets alone.
_TELLS_NOTHING = re.compile(r"at .+(:\d+\)?|\(native\)|<anonymous>\)?)|Node\.js v\d[\w.]*|[\s{}()\[\]^~.-]+")
_NPM = re.compile(r"npm (?:error|ERR!)\s*(.*)")
# npm says why first, behind the names of what it tried; then how it is used, and where its log is.
_NAMES_OF_NPM = re.compile(r"(code|errno|syscall|path|command|dest|file|cwd|signal|network)\b.*|\d{3}(?!.*[a-z]{4}).*|")


class LastWords:
    """Hears the lines of one command."""

    def __init__(self) -> None:
        self.line = ""
        self.failing_tests = FailingTests()
        self._is_npm = False

    def hear(self, line: str) -> None:
        self.failing_tests.hear(line)
        text = line.strip()
        npm = _NPM.fullmatch(text)
        if npm is not None:
            if not self._is_npm and not _NAMES_OF_NPM.fullmatch(npm.group(1)):
                self.line, self._is_npm = text, True
        elif text and not _TELLS_NOTHING.fullmatch(text):
            self.line, self._is_npm = text, False
