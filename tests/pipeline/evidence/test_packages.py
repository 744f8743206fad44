"""The bill of materials: what is in the assets, as CycloneDX, and its difference."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from pipeline.evidence.runtime.assembly import read_stage
from pipeline.evidence.runtime.package_model import Package
from pipeline.evidence.runtime.packages import bill_of_materials, compare, shipped
from tests.assembly import Assembly

METADATA = "Metadata-Version: 2.4\nName: {}\nVersion: {}\nLicense-Expression: MIT\n\nA long description.\n"


def test_packages_of_folders_and_zip_files_are_found_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "asset.1" / "python" / "six-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(METADATA.format("six", "1.0"))
    with zipfile.ZipFile(tmp_path / "asset.2.zip", "w") as archive:
        archive.writestr("python/six-1.0.dist-info/METADATA", METADATA.format("six", "1.0"))
        archive.writestr("python/boto3-2.0.dist-info/METADATA", METADATA.format("boto3", "2.0"))
    (tmp_path / "template.json").write_text("{}")
    assert shipped(tmp_path.iterdir()) == (Package("boto3", "2.0", "MIT"), Package("six", "1.0", "MIT"))


def test_what_the_service_ships_is_what_its_layer_pins(assembly: Assembly) -> None:
    names = {package.name.lower() for package in shipped(read_stage(assembly.folder, "Prod").assets.values())}
    assert {"boto3", "botocore", "aws-lambda-powertools", "pydantic"} <= {name.replace("_", "-") for name in names}


def test_bill_is_cyclonedx_and_names_every_package() -> None:
    bill = bill_of_materials([Package("pydantic_core", "2.0", "MIT")], name="Release", version="c1")
    document = json.loads(bill)
    (component,) = document["components"]
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert (component["purl"], component["version"]) == ("pkg:pypi/pydantic-core@2.0", "2.0")


def test_difference_to_the_last_bill_is_told() -> None:
    before = bill_of_materials(
        [Package("a", "1", None), Package("b", "1", None), Package("c", "1", None)], name="Release", version="c1"
    )
    now = (Package("b", "2", None), Package("c", "1", None), Package("d", "1", None))
    found = compare(now, json.loads(before), "")
    assert (found.added, found.removed, found.changed) == (("d 1",), ("a 1",), ("b 1 -> 2",))


def test_without_a_bill_before_the_difference_is_not_known() -> None:
    found = compare((Package("b", "2", None),), None, "There is none.")
    assert (found.reason, found.added) == ("There is none.", ())
