"""Evaluates the condition of a stage: its rules at the same time, failed when one of them fails.

It must not act on the result. Source: "How do stage conditions work?", CodePipeline user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from rehearsal.codepipeline.definition import Condition, ConditionKind, Rule
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Execution, StoppedBy
from rehearsal.codepipeline.gate import gate_of_rule
from rehearsal.codepipeline.roles import RoleChain
from rehearsal.codepipeline.rule import RuleContext, RuleFailed, RuleProvider
from rehearsal.codepipeline.surroundings import Surroundings
from rehearsal.codepipeline.variables import resolve_configuration
from rehearsal.errors import ActionFailed, Unsupported
from rehearsal.machine.threads import run_together
from rehearsal.run_events import RuleEvaluated, Status


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Evaluates conditions of one execution. Rules of a provider that is missing here never get this far: the planner
    refuses them."""

    cloud: Surroundings
    rules: Mapping[str, RuleProvider]
    pipeline: DeployedPipeline
    execution: Execution
    is_stopped: Callable[[], bool]

    def evaluate(self, stage: str, kind: ConditionKind, condition: Condition) -> StoppedBy | None:
        """What made the condition fail: the first rule, in the order of the definition, that failed; else None."""
        reasons: dict[str, str] = {}

        def evaluate_rule(rule: Rule) -> None:
            reason = self._reason_to_fail(kind, rule)
            if reason is not None:
                reasons[rule.name] = reason
            self._emit(stage, kind, rule, reason)

        run_together(
            evaluate_rule, condition.rules, name=f"{stage}-{kind}", is_lost=lambda: self.cloud.failure.has_happened
        )
        for rule in condition.rules:
            if rule.name in reasons:
                gate = gate_of_rule(kind, rule)
                return StoppedBy(stage=stage, action=rule.name, gate=gate, reason=reasons[rule.name])
        return None

    def _reason_to_fail(self, kind: ConditionKind, rule: Rule) -> str | None:
        try:
            context = RuleContext(
                kind=kind,
                configuration=resolve_configuration(rule.configuration, self.execution.variables),
                session=RoleChain(self.cloud.clients, self.pipeline).session(rule),
                is_stopped=self.is_stopped,
            )
            self.rules[rule.provider].evaluate(rule, context)
        except (RuleFailed, ActionFailed, ClientError) as exc:
            self.cloud.failure.require_none()
            if denial := self.cloud.denials.found_in([str(exc)]):
                raise Unsupported(f"Rule {rule.name} needs what this machine cannot do:\n{denial}") from exc
            return str(exc)
        return None

    def _emit(self, stage: str, kind: ConditionKind, rule: Rule, reason: str | None) -> None:
        self.cloud.event_log.emit(
            RuleEvaluated(
                stage=stage,
                condition=kind,
                rule=rule.name,
                provider=rule.provider,
                status=Status.SUCCEEDED if reason is None else Status.FAILED,
                reason=reason or "",
                execution_id=self.execution.id,
            )
        )
