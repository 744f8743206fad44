"""The command line of `rehearse up` and of the commands that talk to it.

It must not know how they work: up.py and commands.py do.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.console.line import Style
from rehearsal.console.log_lines import logged
from rehearsal.console.printer import Printer
from rehearsal.errors import BadInput
from rehearsal.page.controls import Refused
from rehearsal.up import commands
from rehearsal.up.commands import Reached, reach
from rehearsal.up.up import Up, UpOptions

Command = Callable[[argparse.Namespace, Printer], int]
_LONGEST_SUMMARY = 512


def run_up(options: argparse.Namespace, printer: Printer) -> int:
    """Until a signal or an error ends it. What ends an idle `up` by Ctrl-C has not been interrupted: it answers 0."""
    printer.progress.approval_hint = "Answer it on the page, or: rehearse approve | reject"
    up = Up(
        UpOptions(
            project=options.project,
            pipeline=options.pipeline,
            account=options.account,
            region=options.region,
            speed=options.speed,
            port=options.port,
            page_port=options.page_port,
            branch=options.branch,
        ),
        listeners=[printer],
    )
    with up, logged(printer, up.logs):
        printer.say(f"The page: {up.page_url}\n", Style.TITLE)
        try:
            up.run()
        except BaseException as exc:
            options.is_idle = up.is_idle
            if not isinstance(exc, Exception):
                printer.hear_no_more()
                printer.say("\nEverything that was started is being stopped.", Style.WARNING)
            printer.say(f"Logs: {up.logs}", Style.FAINT)
            raise
    return 0


def add_up(parser: Any, add_options: Callable[[argparse.ArgumentParser], None]) -> None:
    """`add_options` adds those that `run` has as well."""
    up = parser.add_parser("up", help="release every new commit of a branch into a local AWS that stays, with a page")
    up.set_defaults(command=run_up, is_idle=False)
    add_options(up)
    up.add_argument("--branch", metavar="NAME", help="which branch (default: the one that is checked out)")


def add_commands(parser: Any) -> None:
    """Those that talk to the `up` of a project."""
    _add(parser, "status", "show what the pipeline of the running `up` does, and what waits for you", _status)
    for name, is_approved in (("approve", True), ("reject", False)):
        answer = _add(parser, name, f"{name} what waits in the running `up`", _answer)
        answer.set_defaults(is_approved=is_approved)
        answer.add_argument("--summary", type=_summary, default="", metavar="TEXT", help="why")
        _add_execution(answer)
    stop = _add(parser, "stop", "stop the execution that runs in the running `up`", _stop)
    stop.add_argument("--reason", default="", metavar="TEXT", help="why")
    _add_execution(stop)
    logs = _add(parser, "logs", "show what actions say", _logs)
    logs.add_argument("action", nargs="?", metavar="ACTION", help="its name, or STAGE/ACTION (default: what runs)")
    logs.add_argument("--follow", action="store_true", help="go on until it has ended")


def _add(parser: Any, name: str, text: str, work: Callable[[argparse.Namespace, Printer, Reached], None]) -> Any:
    def command(options: argparse.Namespace, printer: Printer) -> int:
        try:
            work(options, printer, reach(options.project))
        except Refused as exc:
            raise BadInput(str(exc)) from exc
        return 0

    added = parser.add_parser(name, help=text)
    added.set_defaults(command=command, verbose=False)
    added.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="folder of the CDK app (default: this one)"
    )
    return added


def _add_execution(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--execution", metavar="ID", help="of this execution; the first letters of its id are enough")


def _status(_: argparse.Namespace, printer: Printer, reached: Reached) -> None:
    commands.status(reached, printer.say, width=printer.width)


def _answer(options: argparse.Namespace, printer: Printer, reached: Reached) -> None:
    commands.answer(
        reached,
        printer.say,
        is_approved=options.is_approved,
        summary=options.summary,
        execution=options.execution,
    )


def _stop(options: argparse.Namespace, printer: Printer, reached: Reached) -> None:
    commands.stop(reached, printer.say, execution=options.execution, reason=options.reason)


def _logs(options: argparse.Namespace, printer: Printer, reached: Reached) -> None:
    commands.logs(reached, printer.say, action=options.action, is_followed=options.follow)


def _summary(text: str) -> str:
    if len(text) > _LONGEST_SUMMARY:
        raise argparse.ArgumentTypeError(f"it has {len(text)} characters; {_LONGEST_SUMMARY} are allowed")
    return text
