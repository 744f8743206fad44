"""Deferred imports: the same names and the same things behind them, and nothing imported before it is asked for."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import aws_lambda_powertools
import pytest

from service.packaging import deferring, trimming
from service.packaging.deferring import DeferringFailed, defer_imports

PUBLISHED = Path(aws_lambda_powertools.__file__).parent
NAMES_OF = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
loaded = [name for name in sys.modules if name.startswith(f"{package.__name__}.")]
star = {}
exec(f"from {package.__name__} import *", star)
things = {name: f"{star[name].__module__}.{star[name].__qualname__}" for name in package.__all__}
listed = set(things) <= set(dir(package))
print(json.dumps({"loaded": loaded, "things": things, "listed": listed}))
"""


@pytest.fixture(scope="module")
def deferred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Powertools as it is published, but for the deferred packages."""
    folder = tmp_path_factory.mktemp("deferred")
    shutil.copytree(PUBLISHED, folder / PUBLISHED.name, ignore=shutil.ignore_patterns("__pycache__", "swagger_ui"))
    for name in trimming.GATHERING:
        defer_imports(folder / name / "__init__.py", name.replace("/", "."))
    return folder


def run(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", trimming.GATHERING)
def test_package_offers_what_the_published_one_does(deferred: Path, name: str) -> None:
    published = importlib.import_module(name.replace("/", "."))

    found = json.loads(run(NAMES_OF, str(deferred), published.__name__))

    things = {each: getattr(published, each) for each in published.__all__}
    assert found["things"] == {each: f"{thing.__module__}.{thing.__qualname__}" for each, thing in things.items()}
    assert found["listed"]


@pytest.mark.parametrize("name", trimming.GATHERING)
def test_nothing_is_imported_before_it_is_asked_for(deferred: Path, name: str) -> None:
    found = json.loads(run(NAMES_OF, str(deferred), name.replace("/", ".")))

    assert [module.rpartition(".")[2] for module in found["loaded"]] in ([], ["event_source"])


def test_module_is_an_attribute_of_its_package_as_before(deferred: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import aws_lambda_powertools.event_handler as package\n"
        "print(package.api_gateway.__name__, package.Response is package.api_gateway.Response)"
    )

    assert run(code, str(deferred)).split() == ["aws_lambda_powertools.event_handler.api_gateway", "True"]


def written(folder: Path, init: str, **modules: str) -> Path:
    package = folder / "gathering"
    package.mkdir()
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    (package / "__init__.py").write_text(init)
    return package / "__init__.py"


def test_name_that_nobody_has_is_an_attribute_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defer_imports(written(tmp_path, 'from .a import A\n__all__ = ["A"]\n', a="A = 1"), "gathering")
    monkeypatch.syspath_prepend(tmp_path)
    gathering = importlib.import_module("gathering")

    assert (gathering.A, hasattr(gathering, "B")) == (1, False)
    with pytest.raises(AttributeError, match="module 'gathering' has no attribute 'B'"):
        _ = gathering.B


def test_name_of_a_module_too_is_imported_at_once(tmp_path: Path) -> None:
    init = written(tmp_path, 'from .a import a\n__all__ = ["a"]\n', a="a = 1")

    defer_imports(init, "gathering")

    code = "import sys; sys.path.insert(0, sys.argv[1]); import gathering.a; from gathering import a; print(a)"
    assert run(code, str(tmp_path)) == "1\n"


@pytest.mark.parametrize(
    "init",
    [
        "from .a import A\n",
        'from .a import A\n__all__ = ["A", "B"]\n',
        'from .a import A as B\n__all__ = ["B"]\n',
        'from .a import *\n__all__ = ["A"]\n',
        'import os\nfrom .a import A\n__all__ = ["A"]\n',
        'from .a import A\nA.register()\n__all__ = ["A"]\n',
        'from ..a import A\n__all__ = ["A"]\n',
    ],
)
def test_package_that_does_more_than_to_gather_is_refused_and_left(tmp_path: Path, init: str) -> None:
    file = written(tmp_path, init)

    with pytest.raises(DeferringFailed):
        defer_imports(file, "gathering")

    assert file.read_text() == init


def test_deferred_package_says_where_it_comes_from(deferred: Path) -> None:
    for name in trimming.GATHERING:
        assert Path(deferring.__file__).name in (deferred / name / "__init__.py").read_text()
