"""What stacks take from each other: `Fn::GetStackOutput` gets its value, and an export in use stays as it is.

The emulator reads outputs in the reader's own region alone, and lets every export go. Where AWS accepts such an update
and rolls it back, it is refused here at once, with the reason that AWS gives. It must not change a template in any
other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from rehearsal.aws.cloudformation.stack_outputs import Export, StackOutput, lost_exports, stack_outputs_in
from rehearsal.aws.cloudformation.template import parse_template
from rehearsal.aws.edge.credentials import Principal
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.service_api import ApiError

_FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
_VERSION = "2010-05-15"
_UPDATES = frozenset({"UpdateStack", "CreateChangeSet"})


@dataclass(frozen=True)
class _Output:
    value: str
    export_name: str | None


class StackReferences:
    """See the module. `as_written` gives a template of the emulator's as its author wrote it."""

    def __init__(self, upstream: Upstream, as_written: Callable[[str], str]) -> None:
        self._upstream = upstream
        self._as_written = as_written

    async def values(self, template: Mapping[str, Any], principal: Principal, region: str) -> Mapping[StackOutput, str]:
        """Of all outputs that the template reads, as the caller may see them. `ApiError` where there is none."""
        wanted = stack_outputs_in(template)
        places = {(output.stack_name, output.region or region) for output in wanted}
        stacks = {place: await self._outputs(place[0], principal, place[1]) for place in sorted(places)}
        values: dict[StackOutput, str] = {}
        for output in wanted:
            known = stacks[output.stack_name, output.region or region]
            if output.output_name not in known:
                raise ApiError(
                    "ValidationError",
                    f"Fn::GetStackOutput: stack {output.stack_name} has no output {output.output_name}.",
                )
            values[output] = known[output.output_name].value
        return values

    async def require_exports_kept(
        self, template: Mapping[str, Any], form: Mapping[str, str], principal: Principal, region: str
    ) -> None:
        """`ApiError`, with AWS's words, where the update takes away or changes what another stack imports."""
        if form.get("Action") not in _UPDATES or form.get("ChangeSetType") in ("CREATE", "IMPORT"):
            return
        stack_name = form.get("StackName", "")
        described = await self._ask("DescribeStacks", principal, region, StackName=stack_name)
        if described is None:
            return
        outputs = _outputs_of(described)
        exports = [Export(name, found.export_name) for name, found in outputs.items() if found.export_name]
        if not exports:
            return
        answer = await self._ask("GetTemplate", principal, region, StackName=stack_name)
        old = parse_template(self._as_written(_text(answer, "TemplateBody"))) if answer is not None else {}
        for export, how in lost_exports(exports, old, template):
            imports = await self._ask("ListImports", principal, region, ExportName=export.name)
            importers = [str(found.text) for found in imports.iterfind(".//{*}Imports/{*}member")] if imports else []
            if importers:
                raise ApiError(
                    "ValidationError", f"Export {export.name} cannot be {how} as it is in use by {', '.join(importers)}"
                )

    async def _outputs(self, stack_name: str, principal: Principal, region: str) -> Mapping[str, _Output]:
        described = await self._ask("DescribeStacks", principal, region, StackName=stack_name)
        if described is None:
            raise ApiError("ValidationError", f"Fn::GetStackOutput: stack {stack_name} cannot be read in {region}.")
        return _outputs_of(described)

    async def _ask(
        self, operation: str, principal: Principal, region: str, **parameters: str
    ) -> ElementTree.Element | None:
        """None where it is refused: there is no such stack, nothing imports it, or the caller may not look."""
        body = urlencode({"Action": operation, "Version": _VERSION, **parameters}).encode()
        request = SignedRequest("POST", "/", _FORM, body)
        answer = await self._upstream.send_as(principal, request, region=region, service="cloudformation")
        return ElementTree.fromstring(answer.body) if answer.status == 200 else None  # noqa: S314  (the emulator's)


def _outputs_of(described: ElementTree.Element) -> Mapping[str, _Output]:
    return {
        _text(member, "OutputKey"): _Output(_text(member, "OutputValue"), _text(member, "ExportName") or None)
        for member in described.iterfind(".//{*}Outputs/{*}member")
    }


def _text(element: ElementTree.Element, name: str) -> str:
    return str(element.findtext(f".//{{*}}{name}", default=""))
