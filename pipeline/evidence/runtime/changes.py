"""What a release changes in prod, by stack: deployed templates against those of the cloud assembly.

Whether a change replaces a resource is AWS's word (template_diff.mjs). How it goes out and whether it holds data is
judged here. It must not ask AWS. Sources: CloudFormation user guide, "UpdatePolicy attribute"
(CodeDeployLambdaAliasUpdate), "DeletionPolicy attribute"; cloudformation-coverage-roadmap#1220 (GetTemplate).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.evidence.runtime.access import accesses
from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.exposure import exposures
from pipeline.evidence.runtime.model import Baseline, Changes, Impact, PropertyChange, ResourceChange, Route

Template = Mapping[str, Any]

HOLDS_DATA = frozenset(
    {
        *("AWS::Cognito::UserPool", "AWS::DocDB::DBCluster", "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"),
        *("AWS::EC2::Volume", "AWS::EFS::FileSystem", "AWS::ElastiCache::ReplicationGroup", "AWS::Kinesis::Stream"),
        *("AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::OpenSearchService::Domain", "AWS::RDS::DBCluster"),
        *("AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret"),
        *("AWS::SSM::Parameter", "AWS::Timestream::Table"),
    }
)
"""Types whose replacement or deletion loses what people or programs have put there; keys, without which it is lost."""

_WATCHING = frozenset({"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard"})
_SHIFTED = frozenset(
    {
        *("AWS::Lambda::Alias", "AWS::Lambda::LayerVersion", "AWS::CodeDeploy::Application"),
        *("AWS::CodeDeploy::DeploymentConfig", "AWS::CodeDeploy::DeploymentGroup"),
    }
)
"""What does nothing to a caller but by a new version of a function."""

_IGNORED = frozenset({"AWS::CDK::Metadata"})
_IMPACTS = {
    "WILL_REPLACE": Impact.REPLACE,
    "MAY_REPLACE": Impact.MAY_REPLACE,
    "WILL_DESTROY": Impact.DELETE,
    "WILL_ORPHAN": Impact.ORPHAN,
    "WILL_CREATE": Impact.CREATE,
    "WILL_UPDATE": Impact.UPDATE,
}
_UNSEEN = frozenset({"NO_CHANGE"})
DIFF = Path(__file__).with_name("template_diff.mjs")
_SHORT = 160


def run_node(asked: str) -> str:
    """What template_diff.mjs answers to a line. Raises EvidenceError when it cannot."""
    try:
        done = subprocess.run(["node", str(DIFF)], input=asked, capture_output=True, text=True, check=False)
    except FileNotFoundError as exc:
        raise EvidenceError("There is no `node` on the PATH, and templates are compared with AWS's library.") from exc
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        said = [line for line in lines if "Error" in line][:1] or lines[-1:]
        raise EvidenceError(
            "The templates could not be compared: is @aws-cdk/cloudformation-diff installed (`npm ci`)? node said: "
            + "".join(said)
        )
    return done.stdout


def changes(
    deployed: Mapping[str, Template],
    wanted: Mapping[str, Template],
    *,
    last_stacks: Iterable[str],
    node: Callable[[str], str] = run_node,
) -> Changes:
    """Between what is deployed and what would be, by stack name. `last_stacks` were those of the last release.

    Raises EvidenceError when the templates cannot be compared.
    """
    pairs = [
        (name, before, _as_told(template, before))
        for name, template in wanted.items()
        for before in [deployed.get(name, {})]
    ]
    differences = diff([pair for pair in pairs if pair[1] != pair[2]], node)
    resources = [
        change
        for difference in differences
        for change in _changes_of(difference, wanted[difference["name"]], deployed.get(difference["name"], {}))
    ]
    touched = {difference["name"] for difference in differences}
    widens, narrows = accesses(differences)
    total = sum(len(template.get("Resources", {})) for template in wanted.values())
    present = [change for change in resources if change.impact not in (Impact.DELETE, Impact.ORPHAN)]
    return Changes(
        baseline=Baseline.DEPLOYED if deployed else Baseline.NOTHING,
        reason="",
        resources=tuple(sorted(resources, key=_weight)),
        unchanged_resources=total - len(present),
        new_stacks=tuple(sorted(set(wanted) - set(deployed))),
        unchanged_stacks=tuple(sorted(set(wanted) - touched)),
        gone_stacks=tuple(sorted(set(last_stacks) - set(wanted))),
        widens=(*exposures(differences), *widens),
        narrows=narrows,
    )


def _as_told(template: Template, before: Template) -> Template:
    """GetTemplate tells "?" for each letter that is not ASCII: else every release would seem to change it."""
    if not before or not _text(before).isascii():
        return template
    told: Template = json.loads(re.sub(r"[^\x00-\x7f]", "?", _text(template)))
    return told


def _text(template: Template) -> str:
    return json.dumps(template, ensure_ascii=False)


def diff(
    pairs: Sequence[tuple[str, Template, Template]], node: Callable[[str], str] = run_node
) -> list[dict[str, Any]]:
    """The output of template_diff.mjs for (stack name, template before, template after)."""
    if not pairs:
        return []
    asked = json.dumps([{"name": name, "before": before, "after": after} for name, before, after in pairs])
    found: list[dict[str, Any]] = json.loads(node(asked))
    return found


def _changes_of(difference: Mapping[str, Any], after: Template, before: Template) -> Iterable[ResourceChange]:
    canaried = canaried_functions(after)
    for change in difference["resources"]:
        kind = change["newType"] or change["oldType"]
        if kind in _IGNORED or change["impact"] in _UNSEEN:
            continue
        logical_id = change["logicalId"]
        resource = after.get("Resources", {}).get(logical_id) or before.get("Resources", {}).get(logical_id, {})
        yield ResourceChange(
            stack=difference["name"],
            logical_id=logical_id,
            path=_path(resource, logical_id),
            type=kind,
            # A type that changes is another resource; what the library does not name is the worst that it could be.
            impact=_IMPACTS.get(change["impact"], Impact.MAY_REPLACE),
            route=_route(kind, logical_id, resource, canaried),
            holds_data=bool({change["newType"], change["oldType"]} & HOLDS_DATA),
            properties=tuple(_property(each) for each in change["properties"]),
        )


def canaried_functions(template: Template) -> frozenset[str]:
    """Logical ids of the functions whose alias CodeDeploy shifts, and of their versions."""
    resources = template.get("Resources", {})
    found: set[str] = set()
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Alias" and "CodeDeployLambdaAliasUpdate" in resource.get(
            "UpdatePolicy", {}
        ):
            properties = resource["Properties"]
            found.update(_references(properties["FunctionName"]))
            found.update(_references(properties["FunctionVersion"]))
    return frozenset(found)


def _references(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        if "Ref" in value:
            return {value["Ref"]}
        if "Fn::GetAtt" in value:
            return {str(value["Fn::GetAtt"][0])}
    return set()


def _route(kind: str, logical_id: str, resource: Mapping[str, Any], canaried: frozenset[str]) -> Route:
    if kind in _WATCHING:
        return Route.WATCHES
    is_shifted = logical_id in canaried or kind in _SHIFTED
    # The version before the one that the template names: CloudFormation takes it out of the stack.
    is_old_version = kind == "AWS::Lambda::Version" and bool(
        _references(resource.get("Properties", {}).get("FunctionName")) & canaried
    )
    return Route.CANARY if is_shifted or is_old_version else Route.AT_ONCE


def _path(resource: Mapping[str, Any], logical_id: str) -> str:
    """The construct's path below its stack: "Function/Resource" -> "Function"."""
    path = str(resource.get("Metadata", {}).get("aws:cdk:path", ""))
    parts = [part for part in path.split("/")[3:] if part not in ("Resource", "Default")]
    return "/".join(parts) or logical_id


def _property(found: Mapping[str, Any]) -> PropertyChange:
    before, after = found["before"], found["after"]
    old, new = (None if value is None else json.dumps(value, sort_keys=True) for value in (before, after))
    start = _common(old or "", new or "")
    return PropertyChange(
        name=found["name"],
        before=_short(old, start),
        after=_short(new, start),
        replaces=found["impact"] in ("WILL_REPLACE", "MAY_REPLACE"),
    )


def _common(old: str, new: str) -> int:
    """Where long values begin to differ, less some letters to know the place by."""
    same = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return max(0, same - 40) if max(len(old), len(new)) > _SHORT else 0


def _short(value: str | None, start: int) -> str | None:
    if value is None:
        return None
    cut = value[start : start + _SHORT]
    return ("…" if start else "") + cut + ("…" if start + _SHORT < len(value) else "")


def _weight(change: ResourceChange) -> tuple[Any, ...]:
    impacts, routes = list(Impact), [Route.AT_ONCE, Route.CANARY, Route.WATCHES]
    return (
        not (change.holds_data and change.impact in LOSES),
        routes.index(change.route),
        impacts.index(change.impact),
        change.stack,
        change.path,
    )


LOSES = frozenset({Impact.REPLACE, Impact.MAY_REPLACE, Impact.DELETE, Impact.ORPHAN})
"""What may part prod from what a resource holds; an orphan keeps it, and the new resource begins empty."""
