from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compatibility.renew import NothingToKeep, main, renew
from tests.compatibility.version import RELEASED

FILES = {
    "service/__init__.py": "",
    "service/cars/__init__.py": "",
    "service/cars/car.py": "WHEELS = 4\n",
    "service/cars/ruff.toml": "",
    "service/api/routes.py": "",
    "docs/events/car-event-1.0.json": "{}\n",
    "tests/compatibility/driver.py": "import service.cars.car\n",
}


def commit(repository: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], cwd=repository, check=True)
    subprocess.run([*git, "add", "."], cwd=repository, check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "A"], cwd=repository, check=True)
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    return asked.stdout.strip()


def test_domain_code_schemas_and_driver_of_the_commit_replace_what_was_kept(tmp_path: Path) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "released"
    repository.mkdir()
    released = commit(repository, FILES)
    commit(repository, {"service/cars/car.py": "WHEELS = 3\n"})
    folder.mkdir()
    (folder / "old.py").touch()

    renew(released[:10], repository=repository, folder=folder)

    kept = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert kept == {
        "service/__init__.py": "",
        "service/cars/__init__.py": "",
        "service/cars/car.py": "WHEELS = 4\n",
        "events/car-event-1.0.json": "{}\n",
        "driver.py": "import service.cars.car\n",
        "COMMIT": f"{released}\n",
    }


def test_commit_that_cannot_be_kept_leaves_what_was_kept(tmp_path: Path) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "released"
    repository.mkdir()
    folder.mkdir()
    (folder / "old.py").touch()
    without_driver = commit(repository, {"service/cars/car.py": ""})

    with pytest.raises(NothingToKeep, match="it is older than these tests"):
        renew(without_driver, repository=repository, folder=folder)
    with pytest.raises(NothingToKeep, match="rev-parse"):
        renew("no-such-commit", repository=repository, folder=folder)

    assert [file.name for file in folder.iterdir()] == ["old.py"]


def test_commit_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([""]) == 2
    assert "make released COMMIT=" in capsys.readouterr().err


def test_copy_in_the_repository_is_complete() -> None:
    kept = {str(path.relative_to(RELEASED)) for path in RELEASED.rglob("*") if path.suffix in (".py", ".json")}

    assert {"driver.py", "service/__init__.py", "service/cars/repository.py", "events/car-event-1.0.json"} <= kept
    assert len((RELEASED / "COMMIT").read_text().strip()) == 40
