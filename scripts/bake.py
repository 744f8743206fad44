"""Watches a stage's alarms after a release: fails as soon as one is in ALARM, and says which, and why.

usage: for look in $(seq 40); do sleep 15 && echo || break; done |
       bake.py --looks 40 [--way-back yes|no] --role-arn ARN --region REGION ALARM...

It looks at once and then at every line of its standard input, and passes when all of them came and every alarm is OK:
one that has no data has proven nothing. On the way back, which an alarm may have caused, alarms have until the end to
become OK. It must not know what the alarms are of. Source: DescribeAlarms, CloudWatch API reference.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import boto3

DescribeAlarms = Callable[..., Mapping[str, Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    describe_alarms = _client(options.role_arn, options.region).describe_alarms
    is_way_back = options.way_back == "yes"
    failure = bake(options.alarms, describe_alarms, sys.stdin, looks=options.looks, is_way_back=is_way_back)
    print(f"bake: {failure}" if failure else "bake: every alarm is OK.", flush=True)  # noqa: T201
    return 1 if failure else 0


def bake(
    alarms: Sequence[str], describe_alarms: DescribeAlarms, moments: Iterable[str], *, looks: int, is_way_back: bool
) -> str | None:
    """Why the release is not good; None when it is. `moments` yields `looks` times, whenever it is time to look."""
    print(f"bake: watching {', '.join(alarms)}", flush=True)  # noqa: T201
    troubles = _troubles(alarms, describe_alarms)
    looked = 0
    for _ in moments:
        if not is_way_back and any("ALARM" in trouble for trouble in troubles):
            break
        troubles = _troubles(alarms, describe_alarms)
        looked += 1
    if not troubles and looked < looks:
        return f"it was to look {looks} times, and was told to {looked} times: what is to call it has ended"
    return "; ".join(troubles) or None


def _troubles(alarms: Sequence[str], describe_alarms: DescribeAlarms) -> list[str]:
    """What is wrong with each alarm that is not OK."""
    found = describe_alarms(AlarmNames=list(alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    states = {
        alarm["AlarmName"]: (alarm["StateValue"], alarm.get("StateReason", "no reason"))
        for alarm in (*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ()))
    }
    missing = ("missing", "there is no such alarm")
    return [
        f"{name} is {state}: {reason}"
        for name in alarms
        for state, reason in [states.get(name, missing)]
        if state != "OK"
    ]


def _client(role_arn: str, region: str) -> Any:
    """CloudWatch as the role sees it, which may read the alarms, from another account."""
    credentials = boto3.client("sts", region_name=region).assume_role(RoleArn=role_arn, RoleSessionName="bake")
    given = credentials["Credentials"]
    return boto3.client(
        "cloudwatch",
        region_name=region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bake.py")
    parser.add_argument("--looks", type=int, required=True)
    parser.add_argument("--role-arn", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--way-back", choices=("yes", "no"), default="no")
    parser.add_argument("alarms", nargs="+", metavar="ALARM")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
