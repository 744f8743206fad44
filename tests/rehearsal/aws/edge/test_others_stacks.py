"""What others have in an account, made in a real emulator: a stack reads it as it reads theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.run_events import EventLog, Notice
from rehearsal.source.placeholders import Placeholder, create_placeholders
from rehearsal.source.stand_ins import StandIn, create_stand_ins
from tests.rehearsal.aws.edge.bare_cloud import OTHER_ACCOUNT, REGION, BareCloud
from tests.rehearsal.aws.edge.test_cloudformation import deploy, wait_until_ended


@dataclass
class Heard:
    """What of a local cloud is asked for, and what it was told."""

    clients: AwsClients
    event_log: EventLog = field(default_factory=lambda: EventLog(clock_now=lambda: 0.0, wall_now=lambda: 0.0))

    def notices(self) -> list[str]:
        return [event.text for event in self.event_log.events if isinstance(event, Notice)]


def topic(name: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}


def test_stack_reads_what_the_settings_say_of_others(cloud: BareCloud) -> None:
    # given
    heard = Heard(cloud.clients)
    local = cast(LocalCloud, heard)
    create_placeholders(local, (Placeholder(OTHER_ACCOUNT, REGION, "ssm", "/others/name", value="of-the-settings"),))
    create_stand_ins(
        local,
        (
            StandIn(account=OTHER_ACCOUNT, region=REGION, stack_name="exporting", exports={"others:Name": "exported"}),
            StandIn(account=OTHER_ACCOUNT, region=REGION, stack_name="Network", outputs={"Name": "put-out"}),
        ),
    )
    reading = {
        "Resources": {
            "A": topic({"Fn::ImportValue": "others:Name"}),
            "B": topic({"Fn::GetStackOutput": {"StackName": "Network", "OutputName": "Name"}}),
            "C": topic("{{resolve:ssm:/others/name}}"),
        }
    }

    # when
    wait_until_ended(deploy(cloud, "reading", json.dumps(reading), OTHER_ACCOUNT), "reading")

    # then
    names = {arn["TopicArn"].rpartition(":")[2] for arn in cloud.client("sns", OTHER_ACCOUNT).list_topics()["Topics"]}
    assert {"exported", "put-out", "of-the-settings"} <= names
    assert heard.notices() == [
        f"ssm /others/name in {OTHER_ACCOUNT}/{REGION} has its value of rehearsal.toml.",
        f"others:Name in {OTHER_ACCOUNT}/{REGION}: of stack exporting, as rehearsal.toml says.",
        f"Name in {OTHER_ACCOUNT}/{REGION}: of stack Network, as rehearsal.toml says.",
    ]
