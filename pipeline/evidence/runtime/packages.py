"""What the functions ship, as a software bill of materials, and how it differs from the last one that was released.

Read from the assets themselves: each package that is in a bundle or layer has its metadata beside it. What Lambda's
runtime brings is not in them. It must not know which vulnerabilities a package has.
Sources: CycloneDX 1.5; Python packaging user guide, "Core metadata specifications".
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot5
from packageurl import PackageURL

from pipeline.evidence.runtime.package_model import Package, Packages

_METADATA = ".dist-info/METADATA"


def shipped(assets: Iterable[Path]) -> tuple[Package, ...]:
    """The Python packages in the assets (folders and zip files), each once, by name."""
    found = {(package.name.lower(), package.version): package for asset in assets for package in _packages(asset)}
    return tuple(found[key] for key in sorted(found))


def _packages(asset: Path) -> Iterator[Package]:
    for text in _metadata(asset):
        headers = HeaderParser().parsestr(text)
        license_ = headers.get("License-Expression") or next(iter((headers.get("License") or "").splitlines()), None)
        yield Package(headers["Name"], headers["Version"], license_ or None)


def _metadata(asset: Path) -> Iterator[str]:
    if asset.is_dir():
        for path in sorted(asset.rglob(f"*{_METADATA}")):
            yield path.read_text()
    elif zipfile.is_zipfile(asset):
        with zipfile.ZipFile(asset) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(_METADATA):
                    yield archive.read(name).decode()


def bill_of_materials(packages: Iterable[Package], *, name: str, version: str) -> str:
    """CycloneDX 1.5 in JSON, which is what Amazon Inspector reads; `name` and `version` are of what ships them all."""
    bom = Bom()
    bom.metadata.component = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
    for package in packages:
        purl = PackageURL("pypi", None, package.name.lower().replace("_", "-"), package.version)
        component = Component(
            name=package.name,
            version=package.version,
            type=ComponentType.LIBRARY,
            purl=purl,
            bom_ref=str(purl),
        )
        bom.components.add(component)
        bom.register_dependency(bom.metadata.component, [component])
    return JsonV1Dot5(bom).output_as_string(indent=1)


def compare(now: tuple[Package, ...], bom_before: Mapping[str, Any] | None, reason: str) -> Packages:
    """`bom_before` is the document that bill_of_materials writes; None, with the reason, where there is none."""
    if bom_before is None:
        return Packages(now, reason, (), (), ())
    before = _versions(bom_before.get("components", []))
    after = {package.name: package.version for package in now}
    return Packages(
        shipped=now,
        reason=None,
        added=tuple(f"{name} {after[name]}" for name in sorted(set(after) - set(before))),
        removed=tuple(f"{name} {before[name]}" for name in sorted(set(before) - set(after))),
        changed=tuple(
            f"{name} {before[name]} -> {after[name]}"
            for name in sorted(set(before) & set(after))
            if before[name] != after[name]
        ),
    )


def _versions(components: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {component["name"]: component["version"] for component in components}
