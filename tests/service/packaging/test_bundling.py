"""Bundles: whole or not there, and made for Lambda's Python. That they are the same each time: test_rebuilding.py."""

from __future__ import annotations

import importlib.util
import marshal
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from service.packaging import bundling, trimming
from service.packaging.bundling import AWS_SERVICES, PROJECT, BundlingFailed, function_bundle, layer_bundle

API = ("service/api/runtime", "service/cars")
MAGIC_OF_PYTHON_3_13 = (3571).to_bytes(2, "little") + b"\r\n"
UNCHECKED_HASH = (1).to_bytes(4, "little")


@pytest.fixture(scope="module")
def layer() -> zipfile.ZipFile:
    return zipfile.ZipFile(layer_bundle("arm64").path)


def elf_machine(library: bytes) -> int:
    return int.from_bytes(library[18:20], "little")


def test_function_bundle_has_bytecode_beside_each_source_and_keeps_the_sources_readable() -> None:
    package = function_bundle(API).path
    sources = {file.relative_to(package) for file in package.rglob("*.py")}

    assert Path("service/api/runtime/handler.py") in sources
    for source in sources:
        assert (package / source).read_bytes() == (PROJECT / source).read_bytes()
        check_bytecode((package / bundling._bytecode_of(source)).read_bytes(), f"/var/task/{source.as_posix()}")
    others = {file.suffix for file in package.rglob("*") if file.is_file()} - {".py", ".pyc", ".json"}
    assert others == set()


def check_bytecode(bytecode: bytes, path_in_lambda: str) -> None:
    """That Lambda's Python takes it without looking at the source, and that tracebacks name Lambda's path."""
    assert bytecode[:4] == MAGIC_OF_PYTHON_3_13
    assert bytecode[4:8] == UNCHECKED_HASH
    assert path_in_lambda.encode() in bytecode
    if importlib.util.MAGIC_NUMBER == MAGIC_OF_PYTHON_3_13:
        assert isinstance(marshal.loads(bytecode[16:]), CodeType)


def test_layer_has_bytecode_for_each_source(layer: zipfile.ZipFile) -> None:
    names = set(layer.namelist())
    sources = [name for name in names if name.endswith(".py")]

    assert len(sources) > 300
    for source in sources:
        folder, _, name = source.rpartition("/")
        assert f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-313.pyc" in names
    check_bytecode(layer.read("python/botocore/__pycache__/session.cpython-313.pyc"), "/opt/python/botocore/session.py")


def test_bytecode_of_the_layer_has_no_docstrings_but_every_assert_and_line(tmp_path: Path) -> None:
    function = 'def divide(a, b):\n    """Of the function."""\n    assert b, "by zero"\n    return a / b\n'
    (tmp_path / "divide.py").write_text(f'"""Of the module."""\n\n{function}')
    (tmp_path / "double.py").write_text('def double(a):\n    """Of the function."""\n    return 2 * a\n')
    (tmp_path / "empty.py").write_text('class Empty:\n    """Of the class."""\n')
    (tmp_path / "checked.py").write_text('"""Of the module."""\nIS_CHECKED = __debug__\n')

    for options in ((), ("--without-docstrings",)):
        compiler = str(bundling.LAYER / "compile.py")
        subprocess.run([sys.executable, compiler, str(tmp_path), "/opt/python", *options], check=True)
        bytecode = {file.name.partition(".")[0]: file.read_bytes() for file in tmp_path.rglob("*.pyc")}
        module: dict[str, object] = {}
        for code in bytecode.values():
            exec(marshal.loads(code[16:]), module)

        divide, double = module["divide"], module["double"]
        assert isinstance(divide, FunctionType)
        assert isinstance(double, FunctionType)
        assert (b"Of the" in b"".join(bytecode.values())) == (not options)
        assert (divide.__doc__ is None) == (double.__doc__ is None) == bool(options)
        assert (divide.__code__.co_firstlineno, double.__code__.co_firstlineno) == (3, 1)
        assert (double(2), module["IS_CHECKED"]) == (4, True)
        with pytest.raises(AssertionError, match="by zero"):
            divide(1, 0)


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", 0xB7)])
def test_layer_has_binaries_for_lambdas_processor(architecture: str, machine: int) -> None:
    with zipfile.ZipFile(layer_bundle(architecture).path) as layer:
        libraries = [name for name in layer.namelist() if name.endswith(".so")]

        assert any("pydantic_core" in name for name in libraries)
        assert {elf_machine(layer.read(name)) for name in libraries} == {machine}


def test_layer_names_its_packages_as_they_are_pinned(layer: zipfile.ZipFile) -> None:
    pinned = set(re.findall(r"^([\w.-]+)==(\S+)", bundling.LAYER.joinpath("requirements.txt").read_text(), re.M))
    found = set()
    for name in layer.namelist():
        if name.endswith(".dist-info/METADATA"):
            metadata = layer.read(name).decode()
            found.add(tuple(re.search(rf"^{key}: (.+)$", metadata, re.M)[1] for key in ("Name", "Version")))  # type: ignore[index]

    assert {(name.lower().replace("_", "-"), version) for name, version in found} == pinned


def test_layer_has_botocores_data_of_the_services_in_use_only(layer: zipfile.ZipFile) -> None:
    folders = {name.split("/")[3] for name in layer.namelist() if name.startswith("python/botocore/data/")}

    assert {folder for folder in folders if "." not in folder} == set(AWS_SERVICES)
    assert {"endpoints.json", "partitions.json", "_retry.json"} <= folders


def test_every_client_of_the_functions_has_its_data_in_the_layer() -> None:
    used = {
        found
        for folder in bundling.CODE
        for source in PROJECT.glob(f"{folder}/*.py")
        for found in re.findall(r"""(?:\.|_)client\(\s*["']([\w-]+)""", source.read_text())
    }

    assert used <= set(AWS_SERVICES)
    assert {"dynamodb", "events", "lambda", "codedeploy", "cloudwatch", "codepipeline"} <= used


def test_layer_says_nothing_about_the_machine_that_made_it(layer: zipfile.ZipFile) -> None:
    assert {entry.date_time for entry in layer.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert layer.namelist() == sorted(layer.namelist())
    names = {Path(name).name for name in layer.namelist()}
    assert not names & set(trimming.UNREPRODUCIBLE)
    here = str(PROJECT).encode()
    assert [name for name in layer.namelist() if here in layer.read(name)] == []


def test_pins_of_the_layer_are_those_of_the_project() -> None:
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", bundling.LAYER.joinpath("requirements.txt").read_text(), re.M))
    project = dict(re.findall(r"^([\w.-]+)==(\S+)", PROJECT.joinpath("constraints.txt").read_text(), re.M))

    assert pinned == {name: project[name] for name in pinned}


def test_bytecode_caches_of_the_machine_stay_out_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = function_bundle(API)
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "service", project / "service")
    shutil.copy(PROJECT / "package-lock.json", project)
    (project / "service/cars/__pycache__").mkdir(exist_ok=True)
    (project / "service/cars/__pycache__/car.cpython-311.pyc").write_bytes(b"of this machine")
    (project / "service/cars/.DS_Store").write_bytes(b"of this machine")
    monkeypatch.setattr(bundling, "PROJECT", project)
    monkeypatch.setattr(bundling, "COMPILE", project / "service/packaging/layer/compile.mjs")

    assert function_bundle(API) == before


def test_changed_line_changes_the_bundles_of_those_who_have_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = [function_bundle(code).digest for code in (API, ("service/changes/runtime", "service/cars"))]
    sources = bundling._sources(PROJECT / folder for folder in API)
    changed = tmp_path / "service/api/runtime/handler.py"
    shutil.copytree(PROJECT / "service", tmp_path / "service")
    changed.write_text(changed.read_text() + "\n# changed\n")
    shutil.copy(PROJECT / "package-lock.json", tmp_path)
    monkeypatch.setattr(bundling, "PROJECT", tmp_path)
    monkeypatch.setattr(bundling, "COMPILE", tmp_path / "service/packaging/layer/compile.mjs")

    api, changes = (
        bundling._digest(bundling._sources(tmp_path / folder for folder in code), [])
        for code in (API, ("service/changes/runtime", "service/cars"))
    )

    assert len(sources) > 8
    assert api != digests[0]
    assert changes == digests[1]


def test_function_bundle_has_the_data_beside_the_code_and_changes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a function that reads a file beside its code, and one that has nothing to do with it
    for folder in ("service", "pipeline"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    shutil.copy(PROJECT / "package-lock.json", tmp_path)
    monkeypatch.setattr(bundling, "PROJECT", tmp_path)
    monkeypatch.setattr(bundling, "COMPILE", tmp_path / "service/packaging/layer/compile.mjs")
    others = ("service/changes/runtime", "service/cars")
    data = tmp_path / "service/api/runtime/fares/fares.json"
    without, of_others = function_bundle(API).digest, function_bundle(others).digest
    data.parent.mkdir()
    data.write_text('{"a": 1}\n')
    # when it is bundled, and bundled again after the file has changed
    first = function_bundle(API)
    data.write_text('{"a": 2}\n')
    second = function_bundle(API)
    # then each bundle has the file as it was, and nobody else's has changed
    assert (first.path / data.relative_to(tmp_path)).read_text() == '{"a": 1}\n'
    assert (second.path / data.relative_to(tmp_path)).read_text() == '{"a": 2}\n'
    assert len({without, first.digest, second.digest}) == 3
    assert function_bundle(others).digest == of_others


def test_build_killed_half_way_is_never_taken_for_a_bundle(tmp_path: Path) -> None:
    kill_in_build = f"""
import os, signal
from pathlib import Path
from service.packaging import bundling, trimming
bundling.BUNDLES = Path({str(tmp_path)!r})
def build(target):
    (target / "half").write_text("")
    os.kill(os.getpid(), signal.SIGKILL)
bundling.built("bundle-1", build)
"""
    killed = subprocess.run([sys.executable, "-c", kill_in_build], cwd=PROJECT, check=False)
    assert killed.returncode == -9
    assert not (tmp_path / "bundle-1").exists()


def test_second_build_of_the_same_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a build that has begun
    monkeypatch.setattr(bundling, "BUNDLES", tmp_path)
    has_begun, may_end = threading.Event(), threading.Event()

    def first(target: Path) -> None:
        (target / "by").write_text("first")
        has_begun.set()
        assert may_end.wait(10)

    def second(target: Path) -> None:
        (target / "by").write_text("second")

    # when another of the same begins
    with ThreadPoolExecutor() as threads:
        built = [threads.submit(bundling.built, "bundle-1", first)]
        assert has_begun.wait(10)
        built.append(threads.submit(bundling.built, "bundle-1", second))
        with pytest.raises(TimeoutError):
            built[1].result(timeout=0.2)
        may_end.set()

    # then there is one, and nothing else
    assert {build.result() for build in built} == {tmp_path / "bundle-1"}
    assert (tmp_path / "bundle-1" / "by").read_text() == "first"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bundle-1", "bundle-1.lock"]


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundling, "PYODIDE", tmp_path / "pyodide")

    with pytest.raises(BundlingFailed, match="make prepare"):
        bundling._compile(bundling.Compilation(tmp_path, "/var/task"))


def test_source_that_does_not_compile_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")

    with pytest.raises(BundlingFailed, match=r"/var/task/broken\.py"):
        bundling._compile(bundling.Compilation(tmp_path, "/var/task"))
