"""Two versions of the domain code, each in a process of its own that does what a test asks (driver.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RELEASED = HERE / "released"
"""The domain code of the version that prod runs, its driver and the schemas of its events (`make released`)."""

Tables = dict[str, list[dict[str, Any]]]


class Version:
    """The domain code of one version; its tables are the caller's."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process
        self.operations: frozenset[str] = frozenset(self._ask({"do": "operations"})["answer"])

    def read(self, operation: str, tables: Tables, **arguments: Any) -> Any:
        """What the operation answers; the tables stay as they are."""
        return self._ask({"do": operation, "arguments": arguments, "tables": tables})["answer"]

    def write(self, operation: str, tables: Tables, **arguments: Any) -> Tables:
        """The tables after the operation; those that this version does not know stay as they are."""
        return {**tables, **self._ask({"do": operation, "arguments": arguments, "tables": tables})["tables"]}

    def _ask(self, request: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            raise AssertionError(f"{self.name}, at {request['do']}: {self._process.stderr.read()}")
        answer = json.loads(line)
        assert "error" not in answer, f"{self.name} cannot {request['do']}: {answer['error']}"
        return answer


@contextmanager
def running(name: str, *, code: Path, driver: Path) -> Iterator[Version]:
    """The version whose `service` package is in the folder `code`, for as long as the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(driver)],
        env={"PYTHONPATH": str(code), "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Version(name, process)
        finally:
            process.kill()


def edge_values(schema: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values at the limits of each property of a JSON Schema: {"year": [1886, 2100], …}."""
    return {name: _edges(declared, schema) for name, declared in schema["properties"].items()}


def _edges(declared: Mapping[str, Any], document: Mapping[str, Any]) -> list[Any]:
    if "$ref" in declared:
        return _edges(document["$defs"][declared["$ref"].removeprefix("#/$defs/")], document)
    if "anyOf" in declared:
        return [value for branch in declared["anyOf"] for value in _edges(branch, document)]
    if "enum" in declared:
        return list(declared["enum"])
    match declared["type"]:
        case "null":
            return [None]
        case "boolean":
            return [True, False]
        case "integer" | "number":
            return [declared["minimum"], declared["maximum"]]
        case "string" if "maxLength" in declared:
            return ["m" * declared["minLength"], "m" * declared["maxLength"], "Ünï ☃"]
        case "string":
            return ["car-1"]
    raise AssertionError(f"which values are at the limits of {declared}?")
