"""Cloud assemblies as `cdk synth` wrote them: one folder a case."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def case(name: str) -> Path:
    return FOLDER / name
