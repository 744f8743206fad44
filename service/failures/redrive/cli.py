"""The command line: `python -m service.failures.redrive list|redrive --stage STAGE`.

Exit codes: 0 everything was looked at, or handled; 1 something stays that cannot be handled yet; 2 nothing more could
be done, and the message says why; 130 after Ctrl-C. It must not know how a message is handled: run.py does.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.failures.redrive.errors import NotConnected, RedriveError
from service.failures.redrive.failure_queue import find_queues
from service.failures.redrive.functions import LONGEST_CALL_SECONDS, LambdaFunctions
from service.failures.redrive.page import Page
from service.failures.redrive.progress import SILENT_SECONDS, Progress
from service.failures.redrive.remedy import Aws
from service.failures.redrive.run import Ending, Mode, Pace, QueueResult, Run

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

LISTED = 100
PER_SECOND = 5.0
SLOWEST_PER_SECOND = 0.01

_STAYS, _ERROR, _INTERRUPTED = 1, 2, 130


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The AWS account and region that a command looks at."""

    cloudformation: CloudFormationClient
    aws: Aws


def connect(region: str | None) -> Connection:
    """The caller's own credentials and, unless `region` says another, region; AWS_ENDPOINT_URL too is boto3's to read.

    A call of a function is waited for as long as it may take, and is never made twice by botocore. Raises NotConnected
    for an endpoint or a region that is none.
    """
    try:
        return _connection(boto3.Session(region_name=region))
    except ValueError as exc:  # botocore has no error of its own for them
        raise NotConnected(
            f"{exc}. Look at AWS_ENDPOINT_URL, AWS_REGION and your profile: `aws configure list`."
        ) from exc


def _connection(session: boto3.Session) -> Connection:
    patient = Config(read_timeout=LONGEST_CALL_SECONDS, retries={"total_max_attempts": 1})
    return Connection(
        cloudformation=session.client("cloudformation"),
        aws=Aws(
            functions=LambdaFunctions(session.client("lambda", config=patient)),
            sqs=session.client("sqs"),
            sns=session.client("sns"),
            kinesis=session.client("kinesis"),
            dynamodb_streams=session.client("dynamodbstreams"),
            sts=session.client("sts"),
        ),
    )


def main(
    arguments: Sequence[str] | None = None,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
    connect: Callable[[str | None], Connection] = connect,
    silent_seconds: float = SILENT_SECONDS,
) -> int:
    """Runs the command, and answers its exit code. `err` hears of progress, `out` of results."""
    options = _parser().parse_args(arguments)
    page = Page(out or sys.stdout, shows_payload=options.show_payload)
    try:
        with Progress(err or sys.stderr, silent_seconds=silent_seconds) as progress:
            results, mode = _run(connect(options.region), options, page, progress)
    except KeyboardInterrupt:
        page.say("\nEnded by Ctrl-C. What was not handled is in its queue: run again to go on.")
        return _INTERRUPTED
    except (RedriveError, ClientError, BotoCoreError) as exc:
        page.say(f"\n{exc}")
        return _ERROR
    page.table(results, mode=mode)
    stays = any(_is_unfinished(result) for result in results)
    return _STAYS if stays and mode is not Mode.LIST else 0


def _is_unfinished(result: QueueResult) -> bool:
    return result.queue.kind is None or result.is_cut_short or result.count(Ending.STAYS) > 0


def _run(
    connection: Connection, options: argparse.Namespace, page: Page, progress: Progress
) -> tuple[list[QueueResult], Mode]:
    mode: Mode = Mode.DRY_RUN if options.mode is Mode.REDRIVE and options.dry_run else options.mode
    progress.at("looking for failure queues in the stacks' outputs")
    queues = find_queues(connection.cloudformation, stage=options.stage, unit=options.unit, name=options.queue)
    run = Run(
        aws=connection.aws,
        mode=mode,
        maximum=options.maximum,
        pace=Pace(options.rate),
        on_message=page.show,
        on_step=progress.at,
    )
    return list(run.go_through(queues)), mode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service.failures.redrive",
        description="Looks at what has failed for good, and has it handled again after a fix. "
        "It acts with your own AWS credentials: docs/runbook/redrive.md says which permissions it needs.",
    )
    commands = parser.add_subparsers(required=True, metavar="list|redrive")
    shows = commands.add_parser("list", help="show what is in each queue, and why")
    shows.set_defaults(mode=Mode.LIST, dry_run=False, rate=PER_SECOND)
    redrives = commands.add_parser(
        "redrive", help="have it handled again; a message is deleted after that, never before"
    )
    redrives.set_defaults(mode=Mode.REDRIVE)
    redrives.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    redrives.add_argument(
        "--rate", type=_rate, default=PER_SECOND, metavar="N", help=f"messages a second at most ({PER_SECOND:.0f})"
    )
    for command, maximum in ((shows, LISTED), (redrives, None)):
        command.add_argument("--stage", required=True, choices=("staging", "prod", "sandbox"))
        command.add_argument("--unit", help="only this unit's queues, as 'changes'")
        command.add_argument("--queue", help="only the queues of this name, as 'Undelivered'")
        command.add_argument(
            "--maximum", type=_count, default=maximum, metavar="N", help=f"messages in all at most ({maximum or 'all'})"
        )
        command.add_argument("--region", help="instead of your AWS configuration's own")
        command.add_argument(
            "--show-payload", action="store_true", help="print the messages too; they may hold positions of cars"
        )
    return parser


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not SLOWEST_PER_SECOND <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of {SLOWEST_PER_SECOND} or more")
    return value


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no whole number of 1 or more")
    return int(text)
