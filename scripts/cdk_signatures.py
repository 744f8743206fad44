"""Writes the signatures of aws-cdk-lib for mypy, which otherwise reads all of its 180 MB: minutes, and gigabytes.

A stub package (PEP 561, "partial") beside the library: of the modules that this project imports every class, method,
parameter and type as the library has it, with no bodies and no texts, and so the classes of other modules that those
lead to. Any other module mypy reads in the library itself. It must not change the library, nor say less of a name than
the library does.

usage: cdk_signatures.py    (with the Python that has aws-cdk-lib; quick when there is nothing new)
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("app.py", "service/**/*.py", "pipeline/**/*.py", "tests/**/*.py")
APPS_OF_OTHERS = "tests/rehearsal/apps"  # mypy does not read them: their modules are large, and nothing builds on them

_IMPORTED = re.compile(r"^\s*from aws_cdk import (?:\((.*?)\)|([^\n(]*))", re.MULTILINE | re.DOTALL)
_SUBMODULE = re.compile(r"^\s*(?:from|import) aws_cdk\.([\w.]+)", re.MULTILINE)
_TEXTS = re.compile(r"^ *r?'''.*?'''$\n|  # pyright: .*?$", re.MULTILINE | re.DOTALL)
_ALIASED = re.compile(r"\b(_\w+_[0-9a-f]{8})\.(\w+)")
_NAME = re.compile(r"\b[A-Z]\w*")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_HEAD = ("abc", "builtins", "datetime", "enum", "typing", "typing_extensions", "jsii")


@dataclass(frozen=True)
class Signatures:
    """Of one module: its classes by name, and the modules that it imports, by the aliases that jsii gives them."""

    classes: dict[str, str]
    imports: dict[str, str]

    def named_by(self, name: str) -> Iterator[tuple[str, str]]:
        """The classes that the signatures of a class name, as (module, class); "" for a module is this one."""
        text = self.classes[name]
        yield from ((self.imports[alias], other) for alias, other in _ALIASED.findall(text))
        yield from (("", other) for other in _NAME.findall(text) if other in self.classes)

    def stub(self, names: Collection[str]) -> str:
        """The text of a .pyi file with these classes."""
        classes = "\n".join(text for name, text in self.classes.items() if name in names)
        used = {alias for alias, _ in _ALIASED.findall(classes)}
        imports = [f"import {module} as {alias}" for alias, module in self.imports.items() if alias in used]
        return "\n".join([*(f"import {module}" for module in _HEAD), *imports, classes, ""])


def main() -> None:
    library = Path(str(importlib.metadata.distribution("aws-cdk-lib").locate_file("aws_cdk")))
    stubs = library.with_name("aws_cdk-stubs")
    modules = imported_modules(library)
    wanted = _digest(modules)
    stamp = stubs / ".made-of"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(stubs, ignore_errors=True)
    write_stubs(library, stubs, modules)
    stamp.write_text(wanted)


def imported_modules(library: Path) -> list[str]:
    """The modules of aws-cdk-lib that this project's sources import, as "aws_cdk.aws_lambda", and the library's own."""
    files = [file for pattern in SOURCES for file in ROOT.glob(pattern)]
    texts = [file.read_text() for file in files if not file.is_relative_to(ROOT / APPS_OF_OTHERS)]
    names = {name for text in texts for name in _SUBMODULE.findall(text)}
    for text in texts:
        for several, one in _IMPORTED.findall(text):
            names.update(word.split()[0] for word in (several or one).split(",") if word.strip())
    modules = {f"aws_cdk.{name}" for name in names}
    return ["aws_cdk", *sorted(module for module in modules if source_of(library, module).exists())]


def write_stubs(library: Path, stubs: Path, modules: list[str]) -> None:
    """Whole ones of these modules; of others, the classes that theirs lead to."""
    read: dict[str, Signatures] = {}
    kept: dict[str, set[str]] = {}
    to_keep = [(module, "") for module in modules]
    while to_keep:
        module, name = to_keep.pop()
        if not (module + ".").startswith("aws_cdk.") or name in kept.setdefault(module, set()):
            continue
        if module not in read:
            read[module] = signatures_of(source_of(library, module).read_text())
        signatures = read[module]
        kept[module].add(name)
        if not name:
            to_keep += [(module, every) for every in signatures.classes]
        elif name in signatures.classes:
            to_keep += [(other or module, named) for other, named in signatures.named_by(name)]
    for module, names in kept.items():
        file = stubs.joinpath(*module.split(".")[1:], "__init__.pyi")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(read[module].stub(names))
    (stubs / "py.typed").write_text("partial\n")


def signatures_of(source: str) -> Signatures:
    """Of a module as jsii generates it: one statement a line, or one that is closed at its own indent."""
    imports: dict[str, str] = {}
    kept: list[str] = []
    body_of: int | None = None  # the indent of what has a body that is left out
    lines = iter(_TEXTS.sub("", source).splitlines())
    for line in lines:
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if not text or (body_of is not None and indent > body_of):
            continue
        body_of = None
        statement = [line, *_rest_of(line, indent, lines)]
        if text.startswith("import "):
            module, _, alias = text.removeprefix("import ").partition(" as ")
            imports[alias] = module
        elif text.startswith(("class _", "else:", "for ")) or (text.startswith("def ") and not indent):
            body_of = indent
        elif text.startswith("class "):
            kept += [*statement, f"{' ' * indent}    ..."]
        elif text.startswith("def "):
            kept += [*statement[:-1], f"{statement[-1]} ..."]
            body_of = indent
        elif _is_kept(text, indent):
            kept += statement
    classes = re.split(r"^class (\w+)", "\n".join(kept), flags=re.MULTILINE)[1:]
    named = zip(classes[::2], classes[1::2], strict=True)
    return Signatures({name: f"class {name}{rest.rstrip()}" for name, rest in named}, imports)


def _rest_of(line: str, indent: int, lines: Iterator[str]) -> Iterator[str]:
    """The lines up to the one that closes what this one opens."""
    closing = _CLOSING.get(line[-1])
    if closing is None:
        return
    for following in lines:
        yield following
        if following.startswith(" " * indent + closing):
            return


def _is_kept(text: str, indent: int) -> bool:
    """Whether it is a member of a class, or says what kind of one the next is (not its name in jsii)."""
    if text.startswith("@jsii."):
        return text.startswith("@jsii.python.")
    return indent > 0 and text != "pass" and not text.startswith("from ")


def _digest(modules: list[str]) -> str:
    parts = (Path(__file__).read_text(), importlib.metadata.version("aws-cdk-lib"), *modules)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def source_of(library: Path, module: str) -> Path:
    return library.joinpath(*module.split(".")[1:], "__init__.py")


if __name__ == "__main__":
    main()
