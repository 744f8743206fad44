"""`python -m pipeline.release`: where the pipeline is, an approval with its evidence, a way back, how releases went.

The same against AWS and a local run: --endpoint, or the profile that a run writes (AWS_CONFIG_FILE). What changes
something shows it first and asks; --yes answers for you, a question that you name. Exit codes: 0 done, 1 refused or
declined: nothing was changed, 2 wrong input, or AWS could not be asked.
It must not import CDK or the configuration.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pipeline.executions.failed_shifts import FailedShifts
from pipeline.executions.figures import LONGEST_EXECUTION
from pipeline.executions.record import Record, UnknownExecution
from pipeline.executions.release_text import printable
from pipeline.names import PIPELINE_NAME, PROD
from pipeline.release.approving import Question, answer, find_question, open_question
from pipeline.release.asking import Clients, connect, told
from pipeline.release.errors import CannotAsk, Declined, NoEvidence, ReleaseError
from pipeline.release.evidence import asked_by, fetch, keep, verdict_text
from pipeline.release.going_back import find_way_back, roll_back, shown
from pipeline.release.history import Past, history_document, history_text
from pipeline.release.picture import picture
from pipeline.release.state import pipeline_state

Command = Callable[[Clients, argparse.Namespace], str]
Connect = Callable[..., Clients]

_LISTED = 100
_LONGEST_HISTORY_DAYS = 365


def main(arguments: Sequence[str] | None = None, *, connect: Connect = connect) -> int:
    """`connect` makes the clients: tests bring another CodePipeline and S3."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        clients = connect(profile=options.profile, region=options.region, endpoint=options.endpoint)
        with told(options.pipeline):
            text = command(clients, options)
    except UnknownExecution as error:
        return _ends(f"{error} `history` shows those that there are.", CannotAsk.exit_code)
    except ReleaseError as error:
        return _ends(str(error), error.exit_code)
    _say(text)
    return 0


def status(clients: Clients, options: argparse.Namespace) -> str:
    state = pipeline_state(clients.codepipeline.get_pipeline_state(name=options.pipeline))
    known = {execution.id: execution for execution in Record(clients.codepipeline, options.pipeline).latest(_LISTED)}
    return picture(state, known, now=datetime.now(UTC))


def evidence(clients: Clients, options: argparse.Namespace) -> str:
    if options.execution is not None:
        asked = asked_by(clients.codepipeline, options.pipeline, options.execution)
    else:
        state = pipeline_state(clients.codepipeline.get_pipeline_state(name=options.pipeline))
        asked = open_question(clients.codepipeline, state, None).asked
    fetched = fetch(clients.s3, asked)
    page = keep(fetched, options.to)
    return f"{verdict_text(fetched.evidence)}\n  The page:    {page.as_uri()}"


def approve(clients: Clients, options: argparse.Namespace) -> str:
    return _answer(clients, options, is_approved=True)


def reject(clients: Clients, options: argparse.Namespace) -> str:
    return _answer(clients, options, is_approved=False)


def rollback(clients: Clients, options: argparse.Namespace) -> str:
    way = find_way_back(clients.codepipeline, options.pipeline, options.stage, target_id=options.to)
    _say(shown(way))
    if not _confirm(options)(f"Roll {way.stage} back?"):
        raise Declined("Nothing was rolled back.")
    execution_id = roll_back(clients.codepipeline, options.pipeline, way)
    return f"{way.stage} is being rolled back, by execution {execution_id}. `status` shows how far it is."


def history(clients: Clients, options: argparse.Namespace) -> str:
    now = datetime.now(UTC)
    since = now - timedelta(days=options.days) - LONGEST_EXECUTION
    past = Past(
        executions=Record(clients.codepipeline, options.pipeline).since(since),
        stage=options.stage,
        days=options.days,
        now=now,
    )
    if options.stage_profile is not None:
        failed = FailedShifts(partial(clients.stage, options.stage_profile), options.stage)
        past = replace(past, shifts=failed.of(past.executions, now=now), unseen=failed.problem)
    return json.dumps(history_document(past), indent=2) if options.json else history_text(past)


def _answer(clients: Clients, options: argparse.Namespace, *, is_approved: bool) -> str:
    if options.yes and options.execution is None:
        raise CannotAsk("--yes asks nobody, so say what you have looked at: --execution ID. `status` shows what waits.")
    question, text = find_question(
        clients.codepipeline, options.pipeline, execution_id=options.execution, prod_stage=PROD
    )
    _say(text)
    reason = _reason_with_evidence(clients, options, question) if is_approved else options.reason
    answer(
        clients.codepipeline,
        options.pipeline,
        question,
        is_approved=is_approved,
        reason=reason,
        confirm=_confirm(options),
    )
    return f"{'Approved' if is_approved else 'Rejected'}: execution {question.execution.id}."


def _reason_with_evidence(clients: Clients, options: argparse.Namespace, question: Question) -> str:
    """What is kept with an approval. The evidence's verdict is shown, or, where it may be done without, why not."""
    try:
        _say(f"\n{verdict_text(fetch(clients.s3, question.asked).evidence)}")
    except NoEvidence as error:
        if not options.without_evidence:
            raise NoEvidence(
                f"{error} Nothing was answered; --without-evidence REASON approves all the same."
            ) from error
        _say(f"\n  Evidence:    none. {error}")
        return f"{options.reason}. Without evidence: {options.without_evidence}"
    return str(options.reason)


def _confirm(options: argparse.Namespace) -> Callable[[str], bool]:
    def ask(question: str) -> bool:
        if options.yes:
            return True
        if not sys.stdin.isatty():
            raise CannotAsk(
                "There is nobody at a terminal to ask. Look at what is shown above, then give --yes; "
                "an answer also names its execution, by --execution."
            )
        sys.stdout.write(f"\n{_plain(question)} [y/N] ")
        sys.stdout.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    return ask


def _say(text: str) -> None:
    sys.stdout.write(f"{_plain(text)}\n")
    sys.stdout.flush()


def _ends(message: str, exit_code: int) -> int:
    sys.stderr.write(f"release: {_plain(message)}\n")
    return exit_code


def _plain(text: str) -> str:
    return printable(text, keeps="\n")


def _days(text: str) -> int:
    days = int(text) if text.isdecimal() else 0
    if not 1 <= days <= _LONGEST_HISTORY_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r}: from 1 to {_LONGEST_HISTORY_DAYS}, for as long CodePipeline knows")
    return days


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--pipeline", default=PIPELINE_NAME, metavar="NAME", help=f"else {PIPELINE_NAME}")
    everywhere.add_argument("--profile", metavar="NAME", help="of the AWS configuration, as for the AWS CLI")
    everywhere.add_argument("--region", metavar="REGION", help="else the profile's")
    everywhere.add_argument("--endpoint", metavar="URL", help="of a local AWS")
    changing = argparse.ArgumentParser(add_help=False)
    changing.add_argument("--yes", action="store_true", help="do it without asking")
    answering = argparse.ArgumentParser(add_help=False)
    answering.add_argument("--execution", metavar="ID", help="answer this one, and refuse if another one asks")

    parser = argparse.ArgumentParser(
        prog="python -m pipeline.release", description="Where the pipeline is, and a release manager's part in it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(command: Command, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = commands.add_parser(command.__name__, help=about, description=about, parents=[everywhere, *parents])
        added.set_defaults(command=command)
        return added

    add(status, "where the pipeline is, and what it waits for")
    looking = add(evidence, "fetch the evidence of the open approval, and show its verdict")
    looking.add_argument("--execution", metavar="ID", help="of this execution, whatever became of its approval")
    looking.add_argument("--to", type=Path, metavar="DIR", help="a folder for it, new or empty; else a temporary one")
    approving = add(approve, "approve what waits", changing, answering)
    approving.add_argument("--reason", default="Approved with pipeline.release", help="kept with the approval")
    approving.add_argument(
        "--without-evidence", metavar="REASON", help="approve although there is none, or it cannot be read: kept, too"
    )
    rejecting = add(reject, "reject what waits", changing, answering)
    rejecting.add_argument("--reason", required=True, help="kept with the rejection, and told")
    going_back = add(rollback, "roll a stage back to the release before", changing)
    going_back.add_argument("--stage", default=PROD, help=f"else {PROD}")
    going_back.add_argument("--to", metavar="ID", help="an execution that succeeded in the stage; else the one before")
    looking_back = add(history, "what became of the last releases, and DORA's four figures")
    looking_back.add_argument("--stage", default=PROD, help=f"else {PROD}")
    looking_back.add_argument("--days", type=_days, default=30, help="else 30")
    looking_back.add_argument(
        "--stage-profile", metavar="NAME", help="of the stage's account: what CodeDeploy has put back counts, too"
    )
    looking_back.add_argument("--json", action="store_true", help="for programs")
    return parser
