"""Asks a person on the terminal for approvals, one at a time, as long as nobody else has answered them.

An answer through the API, a time-out, the end of the execution and the end of the run all end the question at once. It
must not decide anything without an answer, nor write by itself: the printer keeps the question below all else.
"""

from __future__ import annotations

import os
import selectors
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from rehearsal.codepipeline.actions.approval import (
    ApprovalAlreadyCompleted,
    ApprovalAnswer,
    ApprovalRequest,
    Approvals,
    InvalidApprovalToken,
)
from rehearsal.console.printer import Printer

_PERSON = "a person on the terminal"
_LONGEST_ANSWER = 20
_END_OF_INPUT, _ERASE_LINE = "\x04", "\x15"
_ERASE = ("\x7f", "\b")
_ANSWERS = {"y": True, "yes": True, "n": False, "no": False}


class TerminalPrompt:
    """Use it as a context manager, and `ask` as the answerer of a release; leaving it ends an open question.

    `keyboard` is the file descriptor of a terminal.
    """

    def __init__(self, printer: Printer, approvals: Approvals, keyboard: int) -> None:
        self._printer = printer
        self._approvals = approvals
        self._keyboard = keyboard
        self._open: list[ApprovalRequest] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._thread = threading.Thread(target=self._serve, name="prompt", daemon=True)
        approvals.when_closed(self._forget)

    def __enter__(self) -> TerminalPrompt:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._wake_up()
            self._is_closed = True
        self._thread.join()
        os.close(self._woken)
        os.close(self._wake)

    def ask(self, request: ApprovalRequest) -> None:
        """Leaves the question open, and asks it as soon as no other waits."""
        with self._lock:
            self._open.append(request)
            self._wake_up()

    def _forget(self, request: ApprovalRequest) -> None:
        with self._lock:
            if request in self._open:
                self._open.remove(request)
                self._wake_up()

    def _wake_up(self) -> None:
        """To be called with the lock, so that nobody writes into a pipe that is closed. A full pipe wakes as well."""
        if not self._is_closed:
            with suppress(BlockingIOError):
                os.write(self._wake, b"!")

    def _is_over(self) -> bool:
        """Asked with the lock: who was woken by the end sees that it is the end."""
        with self._lock:
            return self._is_closed

    def _first(self) -> ApprovalRequest | None:
        with self._lock:
            return self._open[0] if self._open and not self._is_closed else None

    def _serve(self) -> None:
        while not self._is_over():
            request = self._first()
            if request is None:
                self._wait(is_asking=False)
            else:
                self._ask(request)

    def _wait(self, *, is_asking: bool) -> bool:
        """Waits until something happens; whether it is the keyboard's turn."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if is_asking:
                selector.register(self._keyboard, selectors.EVENT_READ)
            ready = {key.fd for key, _ in selector.select()}
        if self._woken in ready:
            os.read(self._woken, 4096)
        return self._keyboard in ready

    def _ask(self, request: ApprovalRequest) -> None:
        question = f"Approve {request.stage}/{request.action}? [y/n] "
        typed = _Typed()
        with self._keys():
            while self._first() is request:
                self._printer.ask(question, typed.text)
                if not self._wait(is_asking=True):
                    continue
                answer = typed.take(self._read())
                if answer is not None:
                    self._answer(request, answer)
            self._printer.ask(None)

    def _read(self) -> bytes:
        try:
            return os.read(self._keyboard, 1024)
        except OSError:  # the terminal is gone
            return b""

    def _answer(self, request: ApprovalRequest, answer: ApprovalAnswer) -> None:
        with suppress(ApprovalAlreadyCompleted, InvalidApprovalToken):  # somebody else was faster
            self._approvals.answer(request.token, answer)
        self._forget(request)

    @contextmanager
    def _keys(self) -> Iterator[None]:
        """Hands over every key as it is typed where the printer shows what is typed. Ctrl-C stays a signal.

        What was typed before the question came is no answer to it.
        """
        if not self._printer.is_live:
            termios.tcflush(self._keyboard, termios.TCIFLUSH)
            yield
            return
        before = termios.tcgetattr(self._keyboard)
        try:
            tty.setcbreak(self._keyboard, termios.TCSAFLUSH)
            yield
        finally:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._keyboard, termios.TCSAFLUSH, before)


class _Typed:
    """The line that is being typed."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, keys: bytes) -> ApprovalAnswer | None:
        """The answer, as soon as Enter follows `y` or `n`; the end of the input counts as no."""
        if not keys:
            return _NO_ANSWER
        for key in "" if keys.startswith(b"\x1b") else keys.decode("utf-8", "ignore"):  # an arrow is no answer
            if key in "\r\n":
                is_approved = _ANSWERS.get(self.text.strip().lower())
                self.text = ""
                if is_approved is not None:
                    return ApprovalAnswer(is_approved, by=_PERSON)
            elif key == _END_OF_INPUT and not self.text:
                return _NO_ANSWER
            elif key in _ERASE:
                self.text = self.text[:-1]
            elif key == _ERASE_LINE:
                self.text = ""
            elif key.isprintable():
                self.text = (self.text + key)[:_LONGEST_ANSWER]
        return None


_NO_ANSWER = ApprovalAnswer(False, "The terminal was closed without an answer.", _PERSON)
