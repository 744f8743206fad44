"""Prints what the stages cost a month while nobody uses them, and what a release costs: `make cost`.

In: the cloud assembly (`cdk.out`) and list prices with their date and page (`scripts/prices.json`). Out: what is paid
used or not, counted from the templates; what the prober causes, from its settings and estimates; a release, from the
pipeline's actions; and by name what is not priced. A resource type that nobody has judged yet is refused. It must not
ask AWS, nor know this application's stacks.

Sources: each price's page. An alarm on an expression is billed by each metric that the expression reads, a custom
metric by each combination of its dimensions ("Amazon CloudWatch pricing").
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.traffic_shift import shares_of

PRICES = Path(__file__).with_name("prices.json")
HIGH_RESOLUTION_SECONDS = 60
AT_REST = "REQUESTS_PER_MINUTE_AT_REST"
"""The variable by which the function that probes a stage is known."""

ROUTES = "ROUTES"
"""That by which a hook is known that reads metrics of routes."""

TOOLCHAIN = "Toolchain"
_FREE = "less what AWS gives each account free"
_STAGE = re.compile(r"assembly-(?:.*-)?(\w+)")

Resource = Mapping[str, Any]
Quantities = Counter[str]


class UnknownType(Exception):
    """A template has a resource of a type that prices.json neither prices nor names as free or paid by use."""


@dataclass(frozen=True)
class Place:
    """A stage, or the pipeline's own stack: what its templates hold, by file name and logical id."""

    name: str
    templates: Mapping[str, Mapping[str, Resource]]

    def resources(self, kind: str = "") -> Iterator[Resource]:
        for resources in self.templates.values():
            yield from (resource for resource in resources.values() if kind in ("", resource["Type"]))


def read_places(assembly: Path) -> list[Place]:
    """The pipeline's stack first, then each stage."""
    folders = sorted(path for path in assembly.glob("assembly-*") if path.is_dir())
    return [Place(TOOLCHAIN, _templates(assembly)), *(Place(_stage_name(path), _templates(path)) for path in folders)]


def _stage_name(folder: Path) -> str:
    found = _STAGE.fullmatch(folder.name)
    return found[1] if found else folder.name


def _templates(folder: Path) -> dict[str, dict[str, Resource]]:
    files = sorted(folder.glob("*.template.json"))
    return {file.name: json.loads(file.read_text()).get("Resources", {}) for file in files}


def require_known_types(places: list[Place], prices: Mapping[str, Any]) -> None:
    known = {*prices["resource_types"]["free"], *prices["resource_types"]["by_use"], *METERS}
    unknown = sorted({resource["Type"] for place in places for resource in place.resources()} - known)
    if unknown:
        raise UnknownType(
            f"No price is known for {', '.join(unknown)}. Give it a meter in scripts/cost.py and a price in "
            "scripts/prices.json, or name it there, under `resource_types`, as free or as paid by use."
        )


def used_or_not(place: Place, estimates: Mapping[str, Any]) -> Quantities:
    """How many of what is paid by the month. A stage's functions send also metrics that nothing shows."""
    found: Quantities = Counter()
    for resource in place.resources():
        meter = METERS.get(resource["Type"])
        if meter is not None:
            found.update(meter(resource.get("Properties") or {}))
    if metrics := custom_metrics(place):
        unseen = () if place.name == TOOLCHAIN else estimates["metrics_on_which_nothing_looks"]
        found["custom_metric"] = len(metrics) + len(unseen)
    if of_routes := _metrics_of_routes(place):
        found["custom_metric"] += of_routes
    return found


def _metrics_of_routes(place: Place) -> int:
    """Of each route that a canary's last hook judges one of the version, and one of all: while it is called at all."""
    return sum(
        2 * len(json.loads(variables[ROUTES]))
        for function in place.resources("AWS::Lambda::Function")
        if ROUTES in (variables := function["Properties"].get("Environment", {}).get("Variables", {}))
    )


def _alarm(properties: Resource) -> Mapping[str, int]:
    queries = properties.get("Metrics") or [{"MetricStat": properties}]
    periods = [query["MetricStat"].get("Period", HIGH_RESOLUTION_SECONDS) for query in queries if "MetricStat" in query]
    is_high = any(period < HIGH_RESOLUTION_SECONDS for period in periods)
    return {"high_resolution_alarm_metric" if is_high else "alarm_metric": len(periods)}


def _stream(properties: Resource) -> Mapping[str, int]:
    return {"shard": int(properties["ShardCount"])}


def _web_acl(properties: Resource) -> Mapping[str, int]:
    return {"web_acl": 1, "web_acl_rule": len(properties.get("Rules", []))}


METERS = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": lambda _: {"composite_alarm": 1},
    "AWS::CloudWatch::Dashboard": lambda _: {"dashboard": 1},
    "AWS::CodeBuild::Project": lambda _: {},  # by release
    "AWS::CodePipeline::Pipeline": lambda _: {},
    "AWS::KMS::Key": lambda _: {"key": 1},
    "AWS::Kinesis::Stream": _stream,
    "AWS::SecretsManager::Secret": lambda _: {"secret": 1},
    "AWS::WAFv2::WebACL": _web_acl,
}
"""What a resource of a type adds to a month's bill, by the ids of prices."""


def custom_metrics(place: Place) -> set[str]:
    """Each metric of a namespace that is not AWS's, with its dimensions, on which an alarm or a dashboard looks.

    Functions send them in what they log, so that no template declares them (tests/test_cost.py).
    """
    found: set[str] = set()
    for alarm in place.resources("AWS::CloudWatch::Alarm"):
        properties = alarm["Properties"]
        metrics = [query["MetricStat"]["Metric"] for query in properties.get("Metrics", ()) if "MetricStat" in query]
        for metric in metrics or [properties]:
            pairs = [(dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", ())]
            found.add(_metric(metric["Namespace"], metric["MetricName"], pairs))
    for dashboard in place.resources("AWS::CloudWatch::Dashboard"):
        for widget in json.loads(_text(dashboard["Properties"]["DashboardBody"]))["widgets"]:
            for row in widget["properties"].get("metrics", ()):
                words = [word for word in row if isinstance(word, str)]
                if words:
                    found.add(_metric(words[0], words[1], list(zip(words[2::2], words[3::2], strict=True))))
    return {metric for metric in found if not metric.startswith('["AWS/')}


def _metric(namespace: str, name: str, dimensions: list[tuple[str, Any]]) -> str:
    return json.dumps([namespace, name, sorted((key, _text(value)) for key, value in dimensions)])


def _text(value: Any) -> str:
    """A string of a template; what is not known before deployment has its own declaration in its place."""
    if isinstance(value, Mapping) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_text(part) for part in parts)
    return value if isinstance(value, str) else re.sub(r'["\\]', "", json.dumps(value))


def by_prober(place: Place, estimates: Mapping[str, Any]) -> Quantities:
    """What a month of the prober's traffic at rest is estimated to cause; nothing where there is no prober."""
    found: Quantities = Counter()
    for function in place.resources("AWS::Lambda::Function"):
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        if AT_REST in variables:
            requests = int(variables[AT_REST])
            for name, count in estimates["of_a_probed_request"].items():
                found[name] += count * requests * estimates["minutes_a_month"]
            for name, count in estimates["of_a_minute"].items():
                found[name] += count * estimates["minutes_a_month"]
    if not any(place.resources("AWS::WAFv2::WebACL")):
        del found["web_acl_request"]
    return found


def by_release(places: list[Place], estimates: Mapping[str, Any]) -> Quantities:
    """A release that changes every unit: each action with the minutes that are estimated for it, and its build."""
    minutes = estimates["action_minutes"]
    canaries = {file: _canary_minutes(resources) for place in places for file, resources in place.templates.items()}
    found: Quantities = Counter()
    for place in places:
        for pipeline in place.resources("AWS::CodePipeline::Pipeline"):
            for action in (action for stage in pipeline["Properties"]["Stages"] for action in stage["Actions"]):
                category = action["ActionTypeId"]["Category"]
                if category == "Approval":
                    continue
                template = str(action["Configuration"].get("TemplatePath", "")).rpartition("/")[2]
                shift = canaries.get(template, 0)
                taken = minutes.get(action["Name"], minutes[category])
                if shift:
                    taken = shift + minutes["canary_beside_its_shift"]
                found["action_minute"] += taken
                if action["ActionTypeId"]["Provider"] == "CodeBuild":
                    found[_compute_type(place, action["Configuration"]["ProjectName"]["Ref"])] += taken
    return found


def _canary_minutes(resources: Mapping[str, Resource]) -> int:
    configs = [found for found in resources.values() if found["Type"] == "AWS::CodeDeploy::DeploymentConfig"]
    routings = [config["Properties"]["TrafficRoutingConfig"] for config in configs]
    return max((len(shares_of(routing)) for routing in routings), default=0)


def _compute_type(place: Place, project: str) -> str:
    (found,) = (resources[project] for resources in place.templates.values() if project in resources)
    return str(found["Properties"]["Environment"]["ComputeType"])


def table(title: str, columns: Mapping[str, Quantities], prices: Mapping[str, Any], *, is_monthly: bool) -> list[str]:
    """A line for each price, with how many there are in each column, and the sums.

    What AWS gives each account free is a month's: a release's share of it is not known.
    """
    names = [name for name in prices["prices"] if any(quantities[name] for quantities in columns.values())]
    words = {name: prices["prices"][name]["per"] for name in names}
    width = max(map(len, [*words.values(), _FREE])) + 2
    lines = ["", title, "", f"  {'price':>11}  {'for a':{width}}" + "".join(f"{column:>20}" for column in columns)]
    for name in names:
        price = prices["prices"][name]
        mark = "*" if price["from"] == "memory" else " "
        cells = "".join(f"{_cell(quantities[name], price['usd']):>20}" for quantities in columns.values())
        lines.append(f"  {price['usd']:>10.7g}{mark}  {words[name]:{width}}{cells}")
    for label, is_free in (("at list prices", False), (_FREE, True))[: 2 if is_monthly else 1]:
        sums = [sum(_usd(quantities, name, prices, is_free) for name in names) for quantities in columns.values()]
        lines.append(f"  {'':>11}  {label:{width}}" + "".join(f"{f'${total:.2f}':>20}" for total in sums))
    return lines


def _cell(quantity: float, usd: float) -> str:
    return f"{quantity:,.6g}: ${quantity * usd:.2f}" if quantity else "-"


def _usd(quantities: Quantities, name: str, prices: Mapping[str, Any], is_free: bool) -> float:
    price = prices["prices"][name]
    counted = max(0.0, quantities[name] - price["free"]) if is_free else float(quantities[name])
    return counted * float(price["usd"])


def monthly_usd(place: Place) -> float:
    """What the place costs a month at list prices, used or not. Raises UnknownType."""
    prices = json.loads(PRICES.read_text())
    require_known_types([place], prices)
    quantities = used_or_not(place, prices["estimates"])
    return round(sum(_usd(quantities, name, prices, is_free=False) for name in quantities), 2)


def report(assembly: Path) -> str:
    """Raises UnknownType."""
    prices = json.loads(PRICES.read_text())
    places = read_places(assembly)
    require_known_types(places, prices)
    estimates = prices["estimates"]
    at_rest = {place.name: used_or_not(place, estimates) for place in places}
    traffic = {place.name: quantities for place in places if (quantities := by_prober(place, estimates))}
    release = {"a release": by_release(places, estimates)}
    types = {resource["Type"] for place in places for resource in place.resources()}
    not_priced = {kind: why for kind, why in prices["resource_types"]["by_use"].items() if kind in types}
    return "\n".join(
        [
            f"List prices in US dollars of {prices['region']}, looked up {prices['looked_up']}; the page of each is in "
            "scripts/prices.json.",
            "* from general knowledge: nobody has looked it up.",
            *table("By the month, used or not", at_rest, prices, is_monthly=True),
            *table("By the month, what the prober causes at rest: estimated", traffic, prices, is_monthly=True),
            *table("By the release, when every unit has a new version: estimated", release, prices, is_monthly=False),
            *("", "Not priced", ""),
            *(f"  {kind}: {why}" for kind, why in not_priced.items()),
            "  Requests to keys and secrets, transfer of data, and the bootstrap stacks: cents.",
            "",
        ]
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(report(Path(sys.argv[1] if len(sys.argv) > 1 else "cdk.out")))
    except UnknownType as error:
        sys.exit(f"cost: {error}")
