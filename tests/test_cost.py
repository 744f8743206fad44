"""`make cost`: everything that the templates have is priced or named, and counted as AWS bills it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.monitor.runtime.settings import Metric
from scripts import cost
from tests.assembly import Assembly
from tests.synthesis import ROOT

PRICES = json.loads(cost.PRICES.read_text())


def place(**resources: Mapping[str, Any]) -> cost.Place:
    return cost.Place("Prod", {"Api.template.json": resources})


def counted_of(found: cost.Place) -> cost.Quantities:
    return cost.used_or_not(found, PRICES["estimates"])


@pytest.fixture
def prod(assembly: Assembly) -> cost.Place:
    (found,) = [found for found in cost.read_places(assembly.folder) if found.name == "Prod"]
    return found


def test_every_resource_type_of_the_templates_is_priced_or_named(assembly: Assembly) -> None:
    cost.require_known_types(cost.read_places(assembly.folder), PRICES)


def test_type_that_nobody_has_judged_is_refused_by_name() -> None:
    with pytest.raises(cost.UnknownType, match=r"AWS::RDS::DBInstance.*scripts/prices\.json"):
        cost.require_known_types([place(Database={"Type": "AWS::RDS::DBInstance"})], PRICES)


def test_each_price_has_a_page_and_says_who_told_it() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", PRICES["looked_up"])
    for name, price in PRICES["prices"].items():
        assert price["usd"] > 0, name
        assert price["page"].startswith("https://aws.amazon.com/"), name
        assert price["from"] in ("page", "other", "memory"), name
        assert ("seen" in price) == (price["from"] == "other"), name


def test_every_quantity_has_a_price(assembly: Assembly) -> None:
    places, estimates = cost.read_places(assembly.folder), PRICES["estimates"]
    by_month = [count(found, estimates) for found in places for count in (cost.used_or_not, cost.by_prober)]
    names = {name for quantities in [*by_month, cost.by_release(places, estimates)] for name in quantities}
    assert names <= set(PRICES["prices"])


def test_alarm_is_billed_by_each_metric_that_it_reads() -> None:
    metric = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    expression = [
        {"Id": "rate", "Expression": "a / b"},
        {"Id": "a", "MetricStat": metric},
        {"Id": "b", "MetricStat": metric},
    ]

    counted = counted_of(
        place(
            Plain={
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"Namespace": "AWS/SQS", "MetricName": "Age", "Period": 60},
            },
            Math={"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": expression}},
            Quick={
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"Namespace": "AWS/SQS", "MetricName": "Age", "Period": 10},
            },
        )
    )

    assert counted == {"alarm_metric": 3, "high_resolution_alarm_metric": 1}


def test_custom_metric_is_billed_by_each_combination_of_dimensions() -> None:
    def alarm(namespace: str, *cars: str) -> Mapping[str, Any]:
        dimensions = [{"Name": "Car", "Value": car} for car in cars]
        properties = {"Namespace": namespace, "MetricName": "Speed", "Dimensions": dimensions}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    counted = counted_of(place(A=alarm("Cars", "a"), B=alarm("Cars", "b"), Again=alarm("Cars", "a"), C=alarm("AWS/X")))

    assert counted["custom_metric"] == 2 + len(PRICES["estimates"]["metrics_on_which_nothing_looks"])


def test_metrics_of_routes_are_billed_of_the_version_and_of_all() -> None:
    def hook(**variables: str) -> Mapping[str, Any]:
        return {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": variables}}}

    counted = counted_of(place(Evidence=hook(ROUTES='["GET /cars","POST /cars"]'), Other=hook(CHANCE="{}")))

    assert counted == {"custom_metric": 4}


def test_firewall_is_billed_with_its_rules() -> None:
    acl = {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{}, {}]}}

    assert counted_of(place(Firewall=acl)) == {"web_acl": 1, "web_acl_rule": 2}


def test_stage_at_rest_has_its_stream_secret_dashboard_and_all_its_alarms(prod: cost.Place) -> None:
    counted = counted_of(prod)
    alarms = [alarm["Properties"] for alarm in prod.resources("AWS::CloudWatch::Alarm")]

    assert (counted["shard"], counted["secret"], counted["dashboard"]) == (1, 1, 1)
    assert counted["alarm_metric"] > len(alarms) > 0


def test_every_metric_that_the_functions_send_is_counted(prod: cost.Place) -> None:
    """No template declares them: those on which nothing looks would be paid for and not counted."""
    sources = [path.read_text() for path in ROOT.glob("service/**/*.py")]
    sent = {name for text in sources for name in re.findall(r'add_metric\(\s*name="(\w+)"', text)}
    counted = {json.loads(metric)[1] for metric in cost.custom_metrics(prod)}

    assert {"CarsEntered", "WrittenNotifications", "Requests", "Journeys"} <= sent
    unseen = {name.split(": ")[1] for name in PRICES["estimates"]["metrics_on_which_nothing_looks"]}
    assert sent - counted == unseen


def test_every_metric_of_the_pipelines_monitor_is_on_its_dashboard_and_so_counted(assembly: Assembly) -> None:
    toolchain, *_ = cost.read_places(assembly.folder)
    counted = {json.loads(metric)[1] for metric in cost.custom_metrics(toolchain)}

    assert counted == {metric.value for metric in Metric}
    assert counted_of(toolchain)["custom_metric"] == len(counted)


def test_prober_is_found_by_what_it_promises_at_rest(prod: cost.Place) -> None:
    counted = cost.by_prober(prod, PRICES["estimates"])

    assert counted["api_request"] == 14 * PRICES["estimates"]["minutes_a_month"]
    assert "web_acl_request" not in counted


def test_release_is_billed_by_its_actions_without_the_approval(assembly: Assembly) -> None:
    # given
    minutes = PRICES["estimates"]["action_minutes"]
    stages = assembly.pipeline_template.only("AWS::CodePipeline::Pipeline")["Stages"]
    actions = [action for stage in stages for action in stage["Actions"]]
    builds = [action for action in actions if action["ActionTypeId"]["Provider"] == "CodeBuild"]
    units = 5

    # when
    counted = cost.by_release(cost.read_places(assembly.folder), PRICES["estimates"])

    # then
    shifts = (18 + 27) + (units - 1) * (12 + 15)  # the API's and the event units', in staging and prod
    canaries = shifts + 2 * units * minutes["canary_beside_its_shift"]
    others = len(actions) - 2 * units - len(builds) - len(["ApproveProd"])
    bakes = [action for action in builds if action["Name"] == "Bake"]
    baking, building = len(bakes) * minutes["Bake"], (len(builds) - len(bakes)) * minutes["Build"]
    assert len(bakes) == 2
    assert counted["action_minute"] == canaries + others + baking + building
    assert counted["BUILD_GENERAL1_MEDIUM"] == minutes["Build"]
    assert counted["BUILD_GENERAL1_SMALL"] == baking + building - minutes["Build"]


def test_report_has_each_stage_its_sums_and_what_is_not_priced(assembly: Assembly) -> None:
    report = cost.report(assembly.folder)

    header = next(line for line in report.splitlines() if "Toolchain" in line)
    assert header.split()[-3:] == ["Toolchain", "Prod", "Staging"]
    assert "* from general knowledge" in report
    assert "AWS::DynamoDB::GlobalTable: " in report.split("Not priced")[1]


def test_figures_of_the_readme_are_about_those_of_the_report(assembly: Assembly) -> None:
    report = cost.report(assembly.folder)
    at_rest, by_prober, release = (part.split("at list prices")[1].split() for part in report.split("By the ")[1:])
    readme = (ROOT / "README.md").read_text()
    said = re.search(
        r"a stage about ([\d.]+) dollars.*?the prober about ([\d.]+); a release about ([\d.]+)\.", readme, re.S
    )

    assert said
    figures = [float(figure.lstrip("$")) for figure in (at_rest[2], by_prober[0], release[0])]
    assert [float(figure) for figure in said.groups()] == pytest.approx(figures, rel=0.15)
