from __future__ import annotations

import pytest

from rehearsal.codebuild.last_words import LastWords

NPM = """npm error code EUSAGE
npm error
npm error The `npm ci` command can only install with an existing package-lock.json
npm error
npm error Clean install a project
npm error Run "npm help ci" for more info
npm error A complete log of this run can be found in: /root/.npm/_logs/debug-0.log"""
NODE = """Error: no such table
    at Object.<anonymous> (/build/test.js:3:7)
    at async Promise.all (index 0)
    at node:internal/main/run_main_module:28:49 {
  code: 'NoTable'
}

Node.js v20.20.2"""
OLD_NPM = """npm ERR! code E404
npm ERR! 404 Not Found - GET https://registry.npmjs.org/none - Not found"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("collected 2\n1 failed, 1 passed\n\n", "1 failed, 1 passed"),
        (NPM, "npm error The `npm ci` command can only install with an existing package-lock.json"),
        (OLD_NPM, "npm ERR! 404 Not Found - GET https://registry.npmjs.org/none - Not found"),
        ("Fail: it is full\n    at publish (/x/index.js:1:2)", "Fail: it is full"),
        (NODE, "code: 'NoTable'"),
        (NPM + "\nand then it went on", "and then it went on"),
        ("at least one test failed", "at least one test failed"),
        ("", ""),
    ],
)
def test_last_words_tell_why_a_command_failed(said: str, told: str) -> None:
    words = LastWords()

    for line in said.split("\n"):
        words.hear(line)

    assert words.line == told
