"""Stacks in the place of those that others deploy: they export, and put out, what the app's settings say.

In a real account the others' stacks are there. It must not make what a stack of the run makes itself.
Source: "Fn::ImportValue", "Fn::GetStackOutput", CloudFormation user guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.run_events import Notice
from rehearsal.source.assembly import CloudAssembly
from rehearsal.source.references import Place, missing_imports, missing_outputs, place_of
from rehearsal.source.settings import SETTINGS_FILE, Settings

_EXPORTING_STACK = "exports-of-the-settings"


@dataclass(kw_only=True)
class StandIn:
    """`exports` and `outputs` are values by name; exports' names are not those of outputs, which allow less."""

    account: str
    region: str
    stack_name: str
    exports: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def template(self) -> dict[str, Any]:
        """With a resource that does nothing: CloudFormation wants one."""
        exporting = {
            f"Export{number}": {"Value": value, "Export": {"Name": name}}
            for number, (name, value) in enumerate(sorted(self.exports.items()))
        }
        reading = {name: {"Value": value} for name, value in self.outputs.items()}
        return {
            "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
            "Outputs": {**exporting, **reading},
        }


def find_stand_ins(assembly: CloudAssembly, settings: Settings, *, default: Place) -> tuple[StandIn, ...]:
    """What is read of the settings, stack by stack; `default` is the place of agnostic stacks."""
    found: dict[tuple[str, str, str], StandIn] = {}

    def of(place: Place, stack_name: str) -> StandIn:
        key = (*place, stack_name)
        return found.setdefault(key, StandIn(account=place[0], region=place[1], stack_name=stack_name))

    for stack, name in missing_imports(assembly, default):
        if name in settings.exports:
            of(place_of(stack, default), _EXPORTING_STACK).exports[name] = settings.exports[name]
    for stack, output in missing_outputs(assembly, default):
        values = settings.stack_outputs.get(output.stack_name, {})
        if output.output_name in values:
            account, region = place_of(stack, default)
            stand_in = of((account, output.region or region), output.stack_name)
            stand_in.outputs[output.output_name] = values[output.output_name]
    return tuple(found.values())


def create_stand_ins(cloud: LocalCloud, stand_ins: tuple[StandIn, ...]) -> None:
    """Deploys each, and says so."""
    for item in stand_ins:
        cloudformation = cloud.clients.root(item.account, item.region).client("cloudformation")
        cloudformation.create_stack(StackName=item.stack_name, TemplateBody=json.dumps(item.template()))
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=item.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        names = ", ".join(sorted({*item.exports, *item.outputs}))
        place = f"{item.account}/{item.region}"
        cloud.event_log.emit(Notice(text=f"{names} in {place}: of stack {item.stack_name}, as {SETTINGS_FILE} says."))
