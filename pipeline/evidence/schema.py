"""Writes the JSON Schema of the release evidence: `make schema`.

It must not decide what the evidence holds: pipeline/evidence/runtime/model.py does. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.evidence.runtime.model import ReleaseEvidence

PATH = Path(__file__).resolve().parent.parent.parent / "docs" / "evidence" / "release-evidence.schema.json"


def schema() -> str:
    found = TypeAdapter(ReleaseEvidence).json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **found}, indent=2) + "\n"


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(schema())
    sys.stdout.write(f"{PATH.name} is written.\n")
