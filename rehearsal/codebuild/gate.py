"""Which of the report's gates a failing command of a build is.

It must not run anything; it reads the command as a shell would split it.
"""

from __future__ import annotations

import itertools
import re
import shlex

UNIT_TESTS = "unit-tests"
SYNTH = "synth"
BAKE = "bake"

_ENDS = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"^\w+=")
_TEST_RUNNERS = frozenset({"pytest", "py.test", "unittest"})
# Programs that run the program that they are given.
_WRAPPERS = frozenset(
    {"npx", "uv", "uvx", "poetry", "pipenv", "pdm", "hatch", "coverage", "time", "timeout", "env", "exec", "command"}
)
_BAKE = re.compile(r"(?:.*/)?bake(?:\.(?:py|sh|js|mjs))?")
_INTERPRETERS = frozenset({"sh", "bash", "node"})
_PYTHON = re.compile(r"^python[\d.]*$")


def gate_of_command(command: str) -> str | None:
    """UNIT_TESTS for one that runs pytest or unittest, SYNTH for one that runs `cdk synth`, BAKE for a program "bake".

    Else None.
    """
    for simple_command in _ENDS.split(command):
        words = _words(simple_command)
        if _runs_tests(words):
            return UNIT_TESTS
        if _runs_synth(words):
            return SYNTH
        if _runs_bake(words):
            return BAKE
    return None


def _words(simple_command: str) -> list[str]:
    """Its words without leading assignments and subshell brackets; programs by their names alone."""
    try:
        words = shlex.split(simple_command.strip("() \t"))
    except ValueError:
        words = simple_command.split()
    while words and _ASSIGNMENT.match(words[0]):
        words.pop(0)
    return [words[0].rsplit("/", 1)[-1], *words[1:]] if words else []


def _runs_tests(words: list[str]) -> bool:
    if not words:
        return False
    program, rest = words[0], words[1:]
    if program in _TEST_RUNNERS:
        return True
    if _PYTHON.match(program) or program in _WRAPPERS:
        is_module = any(flag == "-m" and name in _TEST_RUNNERS for flag, name in itertools.pairwise(rest))
        return is_module or (program in _WRAPPERS and "install" not in rest and not _TEST_RUNNERS.isdisjoint(rest))
    return False


def _runs_synth(words: list[str]) -> bool:
    if not words or (words[0] != "cdk" and words[0] not in _WRAPPERS):
        return False
    names = {word.split("@", 1)[0] for word in words}
    return bool(names & {"cdk", "aws-cdk"}) and bool(names & {"synth", "synthesize"})


def _runs_bake(words: list[str]) -> bool:
    """A program or a script of this name, run as it is, by an interpreter or by a wrapper."""
    if not words:
        return False
    program, rest = words[0], words[1:]
    if _BAKE.fullmatch(program):
        return True
    if _PYTHON.match(program) or program in _INTERPRETERS or program in _WRAPPERS:
        while rest and (rest[0].startswith("-") or _ASSIGNMENT.match(rest[0]) or rest[0].isdecimal()):
            rest = rest[1:]
        return _runs_bake([rest[0].rsplit("/", 1)[-1], *rest[1:]] if rest else [])
    return False
