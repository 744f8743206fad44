"""How `up` begins and ends, before there is a local AWS: apps/up.py has the rest, for real."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal import cli
from rehearsal.errors import BadInput
from rehearsal.run_events import CommitRefused, RunEvent, UpEnded, UpStarted
from rehearsal.source.project import open_project
from rehearsal.up import cli as up_cli
from rehearsal.up.record import UpFolder
from rehearsal.up.up import Up, UpOptions
from tests.rehearsal.apps import FOLDER, make_repository


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(FOLDER / "approved", tmp_path_factory.mktemp("up") / "shop")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Heard:
    """Makes `up`s and keeps what they tell."""

    def __init__(self, app: Path, cache: Path) -> None:
        self._app, self._cache = app, cache
        self.events: list[RunEvent] = []
        self.when: Callable[[RunEvent], None] = lambda _: None
        self.folder = UpFolder(cache, open_project(app).id)

    def up(self, **options: Any) -> Up:
        return Up(
            UpOptions(project=self._app, **options),
            listeners=[self._hear],
            cache=self._cache,
            find_chart=lambda cache: cache,
        )

    def _hear(self, event: RunEvent) -> None:
        self.events.append(event)
        self.when(event)

    def kept(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.folder.events.read_text().splitlines()]


@pytest.fixture
def heard(app: Path, cache: Path) -> Heard:
    return Heard(app, cache)


def test_page_and_record_are_there_as_long_as_it_runs(heard: Heard) -> None:
    with heard.up() as up:
        running = heard.folder.running()
        with urllib.request.urlopen(f"{up.page_url}state") as answer:
            state = json.load(answer)

    assert running is not None
    assert (running.page_url, running.branch, running.pipeline) == (up.page_url, "master", "")
    assert state["endpoint_url"] == ""
    assert heard.folder.running() is None
    assert [type(event) for event in heard.events] == [UpStarted, UpEnded]
    assert [event["type"] for event in heard.kept()] == ["UpStarted", "UpEnded"]


def test_second_one_of_the_same_project_is_refused_with_the_address_of_the_first(heard: Heard) -> None:
    with heard.up() as up, pytest.raises(BadInput, match="already runs") as refused, heard.up():
        pass

    assert up.page_url in str(refused.value)
    assert [type(event) for event in heard.events] == [UpStarted, UpEnded], "the second has told nothing"


def test_history_goes_on_and_a_damaged_one_is_told(heard: Heard) -> None:
    with heard.up():
        pass
    with heard.folder.events.open("a") as opened:
        opened.write("no event\n")
    heard.events.clear()

    with heard.up():
        pass

    assert [event["type"] for event in heard.kept()] == ["UpStarted", "UpEnded", "UpStarted", "Notice", "UpEnded"]
    assert "1 events are left out" in heard.kept()[3]["text"]


def test_port_in_use_is_refused_and_nothing_is_left(heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"Port {port} for the page.*--page-port"), heard.up(page_port=port):
            pass

    assert heard.folder.running() is None
    with heard.up():
        pass


def test_port_of_the_local_aws_in_use_is_refused_before_any_commit(heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"Port {port} of 127.0.0.1 cannot be used"), heard.up(port=port):
            pass

    assert heard.events == []


def test_commit_that_git_cannot_pack_is_refused_and_ends_nothing(tmp_path: Path, cache: Path) -> None:
    app = make_repository(FOLDER / "approved", tmp_path / "shop")
    blob = subprocess.check_output(["git", "rev-parse", "HEAD:word.txt"], cwd=app, text=True).strip()
    (app / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    heard = Heard(app, cache)
    has_refused = threading.Event()
    heard.when = lambda event: has_refused.set() if isinstance(event, CommitRefused) else None

    with heard.up() as up:
        running = threading.Thread(target=up.run, daemon=True)
        running.start()
        is_waiting = has_refused.wait(30) and running.is_alive()
        up.end()
        running.join(5)

    assert is_waiting
    (refused,) = (event for event in heard.events if isinstance(event, CommitRefused))
    assert "`git archive` failed" in refused.reason


def test_branch_that_is_not_there_is_refused(heard: Heard) -> None:
    with pytest.raises(BadInput, match="no branch 'none'"), heard.up(branch="none"):
        pass


def test_first_commit_that_does_not_synthesize_is_refused_and_the_next_is_waited_for(
    tmp_path: Path, cache: Path
) -> None:
    app = make_repository(FOLDER / "approved", tmp_path / "shop")
    (app / "shop.py").write_text("raise SystemExit('no synthesis today')\n")
    identity = ("-c", "user.name=n", "-c", "user.email=e@e")
    subprocess.run(["git", *identity, "commit", "-qam", "Broken"], cwd=app, check=True)
    heard = Heard(app, cache)
    has_refused = threading.Event()

    heard.when = lambda event: has_refused.set() if isinstance(event, CommitRefused) else None

    with heard.up() as up:
        running = threading.Thread(target=up.run, daemon=True)
        running.start()
        is_waiting = has_refused.wait(60) and up.is_idle and running.is_alive()
        up.end()
        running.join(5)

    assert is_waiting
    (refused,) = (event for event in heard.events if isinstance(event, CommitRefused))
    assert refused.title == "Broken"
    assert "no synthesis today" in refused.reason


class EndedUp:
    """An `up` that a signal ends."""

    page_url = "http://127.0.0.1:1/secret/"

    def __init__(self, logs: Path, *, is_idle: bool) -> None:
        self.logs, self.is_idle = logs, is_idle

    def run(self) -> None:
        signal.raise_signal(signal.SIGINT)

    def __enter__(self) -> EndedUp:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(("is_idle", "expected"), [(True, 0), (False, 130)])
def test_ctrl_c_is_how_an_idle_one_ends(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_idle: bool,
    expected: int,
) -> None:
    monkeypatch.setattr(up_cli, "Up", lambda *_, **__: EndedUp(tmp_path, is_idle=is_idle))

    code = cli.main(["up"])

    assert code == expected
    said = capsys.readouterr().out
    assert "The page: http://127.0.0.1:1/secret/" in said
    assert "Everything that was started has been stopped." in said


@pytest.mark.parametrize("command", ["status", "approve", "reject", "stop", "logs"])
def test_commands_say_that_nothing_runs(
    app: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    code = cli.main([command, "--project", str(app)])

    assert code == 2
    assert f"No `rehearse up` runs for {app}. Start one: rehearse up." in capsys.readouterr().out
