"""The prompt on a real terminal: what a person types, what others answer meanwhile, and how it ends."""

from __future__ import annotations

from pathlib import Path

from tests.rehearsal.console.pseudo_terminal import PseudoTerminal

SCRIPT = """
import pathlib, sys, threading, time
from rehearsal.codepipeline.actions.approval import ApprovalAnswer, ApprovalRequest, Approvals
from rehearsal.console.printer import Printer
from rehearsal.console.prompt import TerminalPrompt
from rehearsal.errors import ActionFailed
from rehearsal.run_events import AlarmChanged

folder = pathlib.Path({folder!r})

def when(name, work):
    def wait():
        while not (folder / name).exists():
            time.sleep(0.01)
        work()
    threading.Thread(target=wait, daemon=True).start()

with Printer() as printer:
    approvals = Approvals(lambda _: None)
    alarm = AlarmChanged(account="1", alarm="errors", old_state="OK", new_state="ALARM")
    by_api = ApprovalAnswer(True, by="the API")
    when("alarm", lambda: printer(alarm))
    when("api", lambda: approvals.answer(approvals.find("release", "Approve", "Prod").token, by_api))

    def ask(action):
        request = ApprovalRequest(pipeline="release", execution_id="e", stage="Approve", action=action)
        try:
            answer = approvals.ask(request, seconds=60, is_stopped=(folder / "stop").exists)
        except ActionFailed as exc:
            printer.say(f"failed: {{exc.reason}}")
        else:
            printer.say(f"{{action}} {{'approved' if answer.is_approved else 'rejected'}} by {{answer.by}}")

    printer.say("ready")
    when_typed = pathlib.Path({typed_first!r})
    while {typed_first!r} and not when_typed.exists():
        time.sleep(0.01)
    try:
        with TerminalPrompt(printer, approvals, sys.stdin.fileno()) as prompt:
            approvals.answerer = prompt.ask
            asking = [threading.Thread(target=ask, args=(action,), daemon=True) for action in {actions!r}]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            while (folder / "goes-on").exists():
                time.sleep(0.01)
    except KeyboardInterrupt:
        printer.say("interrupted")
"""
QUESTION = "Approve Approve/Prod? [y/n]"


def asking(folder: Path, *actions: str, typed_first: str = "") -> PseudoTerminal:
    return PseudoTerminal(SCRIPT.format(folder=str(folder), actions=actions or ("Prod",), typed_first=typed_first))


def is_asked(screen: list[str]) -> bool:
    return screen[-1:] == [QUESTION]


def test_answer_is_what_is_typed_before_enter(tmp_path: Path) -> None:
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)
        terminal.type("maybe\n")  # no answer
        terminal.type("ny\x7f")  # the "y" is taken back
        terminal.until(lambda screen: screen[-1] == f"{QUESTION} n")

        terminal.type("\n")

        assert terminal.exit_code() == 0
        assert terminal.screen == ["ready", "Prod rejected by a person on the terminal"]
        assert terminal.echoes()


def test_answer_through_the_api_ends_the_prompt_and_the_run_goes_on(tmp_path: Path) -> None:
    goes_on = tmp_path / "goes-on"
    goes_on.touch()
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)
        terminal.type("n")  # and no Enter
        terminal.until(lambda screen: screen[-1] == f"{QUESTION} n")

        (tmp_path / "api").touch()

        terminal.until(lambda screen: screen == ["ready", "Prod approved by the API"] and terminal.echoes())
        goes_on.unlink()
        assert terminal.exit_code() == 0
        assert terminal.screen == ["ready", "Prod approved by the API"]
        assert terminal.echoes()


def test_other_output_stands_above_the_question_and_what_is_typed(tmp_path: Path) -> None:
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)
        terminal.type("ye")
        terminal.until(lambda screen: screen[-1] == f"{QUESTION} ye")

        (tmp_path / "alarm").touch()

        screen = terminal.until(lambda screen: len(screen) > 2)
        assert screen[0] == "ready"
        assert screen[1].endswith("alarm errors: OK → ALARM")
        assert screen[2] == f"{QUESTION} ye"
        terminal.type("s\r")
        assert terminal.exit_code() == 0
        assert terminal.screen[-1] == "Prod approved by a person on the terminal"


def test_stop_of_the_execution_ends_the_prompt(tmp_path: Path) -> None:
    goes_on = tmp_path / "goes-on"
    goes_on.touch()
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)

        (tmp_path / "stop").touch()

        terminal.until(lambda screen: QUESTION not in screen and terminal.echoes())
        goes_on.unlink()
        assert terminal.exit_code() == 0
        assert terminal.screen == ["ready", "failed: The run was stopped before the approval was answered."]


def test_ctrl_c_ends_the_prompt_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)
        assert not terminal.echoes()

        terminal.type("\x03")

        assert terminal.exit_code() == 0
        assert terminal.screen[-1] == "interrupted"
        assert QUESTION not in "".join(terminal.screen)
        assert terminal.echoes()
        assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l"), "the cursor is seen again"


def test_what_was_typed_before_the_question_came_is_no_answer(tmp_path: Path) -> None:
    with asking(tmp_path, typed_first=str(tmp_path / "typed")) as terminal:
        terminal.until(lambda screen: "ready" in screen)
        terminal.type("y\n")
        (tmp_path / "typed").touch()

        terminal.until(is_asked)
        terminal.type("n\n")

        assert terminal.exit_code() == 0
        assert terminal.screen[-1] == "Prod rejected by a person on the terminal"


def test_end_of_the_input_is_a_no(tmp_path: Path) -> None:
    with asking(tmp_path) as terminal:
        terminal.until(is_asked)

        terminal.type("\x04")

        assert terminal.exit_code() == 0
        assert terminal.screen[-1] == "Prod rejected by a person on the terminal"


def test_questions_are_asked_one_after_the_other(tmp_path: Path) -> None:
    with asking(tmp_path, "Prod", "Other") as terminal:
        asked = terminal.until(lambda screen: len(screen) == 2)[-1]
        first, second = ("Prod", "Other") if asked == QUESTION else ("Other", "Prod")
        terminal.type("y\n")
        terminal.until(lambda screen: screen[-1:] == [f"Approve Approve/{second}? [y/n]"] and len(screen) == 3)
        terminal.type("n\n")

        assert terminal.exit_code() == 0
        assert terminal.screen[1:] == [
            f"{first} approved by a person on the terminal",
            f"{second} rejected by a person on the terminal",
        ]
