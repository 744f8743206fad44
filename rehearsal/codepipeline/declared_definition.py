"""A pipeline's definition as the rules on it see it: parsed, with what the engine does not read, and what is hidden.

It must not hold rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.resource import IsHidden
from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import PipelineDefinition, StageDeclaration


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A definition as the rules see it; `properties` hold what the engine does not read. `region` is the pipeline's."""

    parsed: PipelineDefinition
    properties: Mapping[str, Any]
    region: str
    is_hidden: IsHidden

    def actions(self) -> Iterator[tuple[StageDeclaration, ActionDeclaration]]:
        """In the order in which they run."""
        for stage in self.parsed.stages:
            for group in stage.by_run_order():
                for action in group:
                    yield stage, action

    def shown(self, texts: Iterable[str]) -> list[str]:
        return [text for text in texts if not self.is_hidden(text)]


def twice(names: Iterable[str]) -> list[str]:
    """Those that come more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
