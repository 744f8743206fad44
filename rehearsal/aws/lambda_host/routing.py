"""Which version an invocation through an alias runs: the alias's weights.

It must not know where weights come from. Source: "Lambda alias routing configuration": each request is drawn on its
own, with no stickiness; the alias's own version gets what the additional versions leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Routing:
    """`weights` maps an additional version to its share, 0 to 1."""

    version: str
    weights: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_alias(cls, alias: Mapping[str, Any]) -> Routing:
        """From an answer of GetAlias."""
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return cls(alias["FunctionVersion"], {version: float(weight) for version, weight in weights.items()})

    def choose(self, drawn: float) -> str:
        """The version for a number drawn evenly from 0 (included) to 1 (not included)."""
        threshold = 0.0
        for version, weight in sorted(self.weights.items()):
            threshold += weight
            if drawn < threshold:
                return version
        return self.version
