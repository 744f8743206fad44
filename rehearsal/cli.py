"""The command line: `rehearse run|plan|up`, and the commands that talk to `up` (up/cli.py).

Exit codes: 0 released (or planned), 1 stopped by a gate, 2 an error of the run itself or of what it was given, 3
released, and the check after it failed; 130 after SIGINT (Ctrl-C) and 143 after SIGTERM: then everything that was
started is gone. An `up` in which nothing ran is ended by Ctrl-C with 0: that is how it ends.
It must not know how a release is done: rehearsal.py does.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rehearsal.console.line import Style
from rehearsal.console.log_lines import logged
from rehearsal.console.printer import Printer
from rehearsal.console.prompt import TerminalPrompt
from rehearsal.console.summary import summarize
from rehearsal.errors import BadInput, EngineError, RehearsalError
from rehearsal.machine.run_folder import temporary_folder
from rehearsal.machine.user_cache import require_cache, user_cache
from rehearsal.plan.drawing import draw_plan, list_plan
from rehearsal.planning import read_plan
from rehearsal.rehearsal import DEFAULT_SPEED, Answerer, Rehearsal, approve, reject
from rehearsal.report import Report, Result, errored_report
from rehearsal.source.settings import parse_account, parse_region
from rehearsal.up.cli import add_commands, add_up

EXIT_CODES = {Result.RELEASED: 0, Result.STOPPED: 1, Result.ERRORED: 2}
_ERROR = 2
_CHECK_FAILED = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asks the run to end. Not an Exception, so that nothing on the way takes it for an error of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and answers its exit code."""
    options = _parser().parse_args(arguments)
    with Printer(is_verbose=options.verbose) as printer:
        return _command(options, printer)


def _command(options: argparse.Namespace, printer: Printer) -> int:
    command: Callable[[argparse.Namespace, Printer], int] = options.command
    try:
        with _ended_by_signals():
            return command(options, printer)
    except Interrupted as exc:
        printer.say(f"\nEnded by {exc}. Everything that was started has been stopped.", Style.WARNING)
        is_as_meant = exc.number == signal.SIGINT and getattr(options, "is_idle", False)
        return 0 if is_as_meant else exc.exit_code
    except RehearsalError as exc:
        printer.say(f"\n{exc}", Style.BAD)
        if isinstance(exc, EngineError):
            printer.say("This is an error of the local run, not of the commit.", Style.FAINT)
        return _ERROR
    except Exception as exc:  # noqa: BLE001  (exit code 1 says that a gate stopped the commit, and none did)
        printer.say(f"\n{traceback.format_exc()}", Style.FAINT)
        printer.say(f"{exc!r}\nThis is an error of the local run, not of the commit.", Style.BAD)
        return _ERROR


def _run(options: argparse.Namespace, printer: Printer) -> int:
    _require_answers(options, printer)
    if options.report is not None:
        _require_writable(options.report)
    # Until there is another: whoever reads it after the run was killed must not find the one of an earlier run.
    _write_report(options.report, errored_report())
    rehearsal = Rehearsal(
        options.project,
        speed=options.speed,
        account=options.account,
        region=options.region,
        pipeline=options.pipeline,
        port=options.port,
        listeners=[printer],
    )
    checked, is_told = 0, False
    try:
        with logged(printer, rehearsal.logs), rehearsal:
            if options.from_ is not None or options.patch is not None:
                _release_world_before(options, rehearsal, printer)
            with _told_how_far(rehearsal, printer, options.report), _answerer(options, rehearsal, printer) as approval:
                report = rehearsal.release(rev="HEAD", patch=options.patch, approval=approval)
            if options.check is not None and report.result is Result.RELEASED:
                _tell(report, rehearsal, options, printer)  # first: the check may be ended, and what it is of is known
                printer.say(f"\nThe check: {options.check}", Style.FAINT)
                checked = rehearsal.check(options.check, printer.say)
                is_told = True
    except BaseException:
        if rehearsal.logs.is_dir():
            printer.say(f"\nLogs: {rehearsal.logs}", Style.FAINT)
        raise
    if not is_told:
        _tell(report, rehearsal, options, printer)
    if checked != 0:
        printer.say(f"It was released, and the check failed with exit code {checked}: {options.check}", Style.BAD)
        return _CHECK_FAILED
    return EXIT_CODES[report.result]


def _tell(report: Report, rehearsal: Rehearsal, options: argparse.Namespace, printer: Printer) -> None:
    _write_report(options.report, report)
    printer.say(summarize(report, rehearsal.logs, width=printer.width))


def _release_world_before(options: argparse.Namespace, rehearsal: Rehearsal, printer: Printer) -> None:
    before = options.from_ or "HEAD"
    rehearsal.require_commit(patch=options.patch)
    rehearsal.require_commit(rev=before)
    rehearsal.require_plan(patch=options.patch)
    printer.say(f"First the world before: {before} is released, with every approval given.", Style.FAINT)
    printer.progress.is_quiet = True
    with _told_how_far(rehearsal, printer):
        baseline = rehearsal.release(rev=before, approval=approve)
    printer.progress.is_quiet = False
    if baseline.result is not Result.RELEASED:
        printer.say(summarize(baseline, None, width=printer.width))
        raise BadInput(
            f"{before} cannot be the world before: it was itself not released. Release it alone first, and mend it."
        )
    printer.say(f"{before} is released. Now what you want to release.", Style.FAINT)


@contextmanager
def _told_how_far(rehearsal: Rehearsal, printer: Printer, file: Path | None = None) -> Iterator[None]:
    """Where an error or a signal ends a release, its stages are said, and written to `file`, before all is stopped."""
    try:
        yield
    except BaseException as exc:
        if isinstance(exc, Interrupted):
            printer.hear_no_more()
            printer.say(f"\nEnded by {exc}: everything that was started is being stopped.", Style.WARNING)
        report = rehearsal.report_so_far()
        if report is not None:
            _write_report(file, report)
            printer.say(summarize(report, None, width=printer.width))
        raise


def _plan(options: argparse.Namespace, printer: Printer) -> int:
    with temporary_folder("rehearsal-plan-") as folder:
        plan = read_plan(
            options.project,
            folder,
            cache=_writable_cache(),
            account=options.account,
            region=options.region,
            pipeline=options.pipeline,
            on_notice=printer.say,
        )
    printer.say(f"{list_plan(plan)}\n\n{draw_plan(plan)}", Style.DRAWING)
    printer.say("\nThis is the plan of the files as they are; a run releases what is committed.", Style.FAINT)
    if plan.unsupported:
        printer.say(f"\nThis machine cannot run {plan.name}, for the reasons above.", Style.BAD)
        return _ERROR
    return 0


def _writable_cache() -> Path | None:
    """None where there is none: a plan is made without it, only later."""
    with suppress(BadInput):
        return require_cache(user_cache())
    return None


def _require_answers(options: argparse.Namespace, printer: Printer) -> None:
    if options.ask and not sys.stdin.isatty():
        raise BadInput("--ask needs a terminal to ask on. Give --approve or --reject instead.")
    if not (options.approve or options.reject or _is_asked(options)):
        printer.say("Approvals will be given: this is no terminal, and none of --approve, --reject, --ask was given.")


def _is_asked(options: argparse.Namespace) -> bool:
    is_decided = options.approve or options.reject
    return bool(options.ask or (not is_decided and sys.stdin.isatty() and sys.stdout.isatty()))


@contextmanager
def _answerer(options: argparse.Namespace, rehearsal: Rehearsal, printer: Printer) -> Iterator[Answerer]:
    """Leaving it ends an open question, before anything else is said or stopped."""
    if not _is_asked(options):
        yield reject if options.reject else approve
        return
    with TerminalPrompt(printer, rehearsal.approvals, sys.stdin.fileno()) as prompt:
        yield prompt.ask


def _require_writable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            pass
    except OSError as exc:
        raise BadInput(f"The report cannot be written to {path}: {exc.strerror}. Give another file.") from exc


def _write_report(path: Path | None, report: Report) -> None:
    if path is not None:
        path.write_text(json.dumps(report.to_json(), indent=2) + "\n")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """The first signal ends the run in order; later ones are not heard, so that nothing is left half stopped."""

    def end(number: int, _: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_detached = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
    heard = [number for number in _SIGNALS if not (is_detached and number is signal.SIGHUP)]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rehearse",
        description="Runs a CDK Pipelines app's own pipeline on this machine, in a local AWS.",
        epilog="exit codes: 0 released, 1 stopped by a gate, 2 error, 3 --check failed, 130 and 143 ended by a signal",
    )
    commands = parser.add_subparsers(required=True, metavar="run|plan|up|status|approve|reject|stop|logs")
    run = commands.add_parser("run", help="release one commit, from source to the last stage")
    run.set_defaults(command=_run)
    _add_project(run)
    run.add_argument("--patch", type=Path, metavar="FILE", help="release HEAD first, then this patch on top of it")
    run.add_argument("--from", dest="from_", metavar="REV", help="release this revision first: the world before")
    answers = run.add_mutually_exclusive_group()
    answers.add_argument("--approve", action="store_true", help="answer every approval with yes")
    answers.add_argument("--reject", action="store_true", help="answer every approval with no")
    answers.add_argument("--ask", action="store_true", help="ask on the terminal (the default on one)")
    _add_local_aws(run)
    run.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")
    run.add_argument(
        "--check", metavar="COMMAND", help="run this on what a good release has left, in the folder of the app"
    )
    plan = commands.add_parser("plan", help="show what would run, as a list and as a drawing; runs nothing")
    plan.set_defaults(command=_plan, verbose=False)
    _add_project(plan)
    add_up(commands, _add_up_options)
    add_commands(commands)
    return parser


def _add_local_aws(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--speed", type=_speed, default=DEFAULT_SPEED, metavar="N",
        help="AWS seconds in a second of mere waiting (default: 120, an AWS minute is half a second)",
    )  # fmt: skip
    command.add_argument(
        "--port", type=_port, default=0, metavar="PORT", help="port of the local AWS (default: a free one)"
    )
    command.add_argument("--verbose", action="store_true", help="print every line that the actions say")


def _add_up_options(up: argparse.ArgumentParser) -> None:
    _add_project(up)
    _add_local_aws(up)
    up.add_argument("--page-port", type=_port, default=0, metavar="PORT", help="port of the page (default: a free one)")


def _add_project(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="folder of the CDK app (default: this one)"
    )
    command.add_argument("--pipeline", metavar="NAME", help="which pipeline, when the app has several")
    command.add_argument(
        "--account", type=_parsed(parse_account), metavar="ID", help="account of stacks that name none (111111111111)"
    )
    command.add_argument(
        "--region", type=_parsed(parse_region), metavar="NAME", help="region of stacks that name none (us-east-1)"
    )


def _parsed(parse: Callable[[str, object], str]) -> Callable[[str], str]:
    """With the words of the settings' own parser; the parser of options says which option it is."""

    def parsed(text: str) -> str:
        try:
            return parse("it", text)
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc

    return parsed


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: a number from 1 to 65535, or 0 for a free one")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100000")
    return speed
