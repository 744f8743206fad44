from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rehearsal.aws.lambda_host.nodejs.sdk import LOCK, PINS, NodeSdk
from rehearsal.errors import EngineError
from rehearsal.machine import npm as npm_packages
from rehearsal.machine.guardian import MARK
from tests.rehearsal.aws.lambda_host import fake_sdk


class CountingInstall:
    def __init__(self) -> None:
        self.folders: list[Path] = []

    def __call__(self, folder: Path) -> None:
        assert (folder / "package-lock.json").read_bytes() == LOCK.read_bytes()
        self.folders.append(folder)
        fake_sdk.install(folder)


def test_sdk_is_fetched_once_and_kept_for_later_runs(tmp_path: Path) -> None:
    install, told = CountingInstall(), list[str]()

    folders = {NodeSdk(tmp_path, told.append, install=install).folder() for _ in range(2)}

    (folder,) = folders
    assert (folder / "@aws-sdk" / "client-s3" / "index.js").is_file()
    assert len(install.folders) == 1
    assert told == ["Fetching the AWS SDK for Node.js functions, as Lambda brings it (once, 300 MB)."]
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.parent.name]


@pytest.mark.parametrize(
    ("runtime", "package"),
    [
        ("nodejs12.x", "aws-sdk"),
        ("nodejs16.x", "aws-sdk"),
        ("nodejs18.x", "@aws-sdk/client-s3"),
        ("<Map>", "@aws-sdk/client-s3"),
    ],
)
def test_sdk_is_of_the_version_that_the_runtime_brings(tmp_path: Path, runtime: str, package: str) -> None:
    wanted: list[str] = []

    def install(folder: Path) -> None:
        wanted.extend(json.loads((folder / "package.json").read_text())["dependencies"])

    NodeSdk(tmp_path, lambda _: None, install=install).folder(runtime)

    assert package in wanted
    assert ("aws-sdk" in wanted) is (package == "aws-sdk")


def test_sdk_is_fetched_once_when_two_functions_start_at_the_same_time(tmp_path: Path) -> None:
    install = CountingInstall()
    brought = NodeSdk(tmp_path, lambda _: None, install=install)
    threads = [threading.Thread(target=brought.folder) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(install.folders) == 1


def test_nothing_is_kept_of_an_sdk_that_could_not_be_fetched_and_the_next_try_may_succeed(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "node_modules").mkdir()
        raise EngineError("no registry")

    with pytest.raises(EngineError, match="no registry"):
        NodeSdk(tmp_path, lambda _: None, install=fail).folder()

    assert list(tmp_path.iterdir()) == []
    assert NodeSdk(tmp_path, lambda _: None, install=fake_sdk.install).folder().is_dir()


def test_npm_that_cannot_reach_its_registry_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ECONNREFUSED' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(npm_packages, "beside_node", lambda name: npm)

    with pytest.raises(EngineError, match=r"(?s)needs npm's registry.*npm says:.*ECONNREFUSED"):
        NodeSdk(tmp_path / "cache", lambda _: None).folder()


def test_npm_is_kept_by_a_guardian_so_that_a_killed_run_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\ntest -n "${MARK}" && mkdir node_modules\n')
    npm.chmod(0o755)
    monkeypatch.setattr(npm_packages, "beside_node", lambda name: npm)
    monkeypatch.delenv(MARK, raising=False)

    assert NodeSdk(tmp_path / "cache", lambda _: None).folder().is_dir()


# The script tells that version 2 has ended; nobody here runs it.
@pytest.mark.parametrize(
    ("folder", "scripts"),
    [(LOCK.parent, []), (LOCK.parent / "version_2", ["node_modules/aws-sdk"])],
    ids=["version 3", "version 2"],
)
def test_lock_pins_every_package_with_its_hash(folder: Path, scripts: list[str]) -> None:
    locked = json.loads((folder / LOCK.name).read_text())["packages"]
    wanted = json.loads((folder / PINS.name).read_text())["dependencies"]

    assert locked[""]["dependencies"] == wanted
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []
    assert [name for name, package in locked.items() if package.get("hasInstallScript")] == scripts


@pytest.mark.parametrize("lock", [LOCK, LOCK.parent / "version_2" / LOCK.name], ids=["version 3", "version 2"])
def test_lock_names_no_registry(lock: Path) -> None:
    assert "resolved" not in lock.read_text()
