from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.tags import Tag

from rehearsal.aws.lambda_host.wheels import MachinePackages, pins_that_do_not_fit
from rehearsal.run_events import EventLog, Notice

MACHINE = frozenset({Tag("cp311", "cp311", "manylinux_2_28_x86_64"), Tag("py3", "none", "any")})


def distribution(folder: Path, name: str, version: str, *tags: str) -> None:
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if tags:
        lines = "".join(f"Tag: {tag}\n" for tag in tags)
        (metadata / "WHEEL").write_text(f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n{lines}")


def test_only_wheels_for_another_machine_do_not_fit(tmp_path: Path) -> None:
    distribution(tmp_path, "pure", "1.0", "py2-none-any", "py3-none-any")
    distribution(tmp_path, "native", "2.14", "cp313-cp313-manylinux_2_17_aarch64", "cp313-cp313-manylinux2014_aarch64")
    distribution(tmp_path, "ours", "3", "cp311-cp311-manylinux_2_28_x86_64")
    distribution(tmp_path, "unknown", "4")

    assert pins_that_do_not_fit([tmp_path], MACHINE) == ("native==2.14",)


def test_a_compressed_tag_set_fits_when_one_of_it_does(tmp_path: Path) -> None:
    distribution(tmp_path, "both", "1", "cp311.cp312-cp311.cp312-manylinux_2_17_x86_64.manylinux_2_28_x86_64")

    assert pins_that_do_not_fit([tmp_path], MACHINE) == ()


def test_the_same_pins_are_installed_once_and_told_once(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    distribution(layer, "native", "2.14", "cp27-cp27-win32")
    log = EventLog(time.time, time.time)
    installed: list[Sequence[str]] = []

    def install(pins: Sequence[str], target: Path) -> None:
        installed.append(pins)
        (target / "native.py").write_text("")

    packages = MachinePackages(tmp_path / "cache", log, install=install)
    first, second = packages.folder_for([layer]), packages.folder_for([layer])
    next_run = MachinePackages(tmp_path / "cache", log, install=install).folder_for([layer])

    assert first == second == next_run
    assert first is not None
    assert (first / "native.py").exists()
    assert installed == [("native==2.14",)]
    notices = [event for event in log.events if isinstance(event, Notice)]
    assert [notice.detail for notice in notices] == ["native==2.14"] * 2  # one for each run
    assert notices[0].text.startswith("1 package is built for Lambda's machine")


def test_nothing_is_installed_or_said_when_all_fits(tmp_path: Path) -> None:
    distribution(tmp_path / "layer", "pure", "1.0", "py3-none-any")
    log = EventLog(time.time, time.time)

    def install(pins: Sequence[str], target: Path) -> None:
        pytest.fail("nothing is to be installed")

    assert MachinePackages(tmp_path / "cache", log, install=install).folder_for([tmp_path / "layer"]) is None
    assert log.events == []


def test_a_failed_installation_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    distribution(tmp_path / "layer", "native", "2.14", "cp27-cp27-win32")
    log = EventLog(time.time, time.time)

    def fail(pins: Sequence[str], target: Path) -> None:
        (target / "half").mkdir()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        MachinePackages(tmp_path / "cache", log, install=fail).folder_for([tmp_path / "layer"])

    assert [path for path in (tmp_path / "cache").iterdir() if not path.name.startswith("unfinished-")] == []
