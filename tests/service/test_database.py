from __future__ import annotations

import json

import pytest

from tests.assembly import Assembly


@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_table_cannot_be_lost(stage: str, assembly: Assembly) -> None:
    template = assembly.stage_template(stage, "Database")
    (declared,) = template.of_type("AWS::DynamoDB::GlobalTable").values()

    assert (declared["DeletionPolicy"], declared["UpdateReplacePolicy"]) == ("Retain", "Retain")
    (replica,) = declared["Properties"]["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert declared["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert declared["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_logical_ids_of_what_holds_data_never_change(assembly: Assembly) -> None:
    assert set(assembly.stage_template("Prod", "Database").resources) == {"CarsTableA3676011"}


def test_stack_of_the_table_is_protected_from_deletion(assembly: Assembly) -> None:
    for manifest in assembly.folder.glob("assembly-*/manifest.json"):
        artifacts = json.loads(manifest.read_text())["artifacts"]
        protected = [
            artifact["displayName"].rsplit("/", 1)[-1]
            for artifact in artifacts.values()
            if artifact.get("properties", {}).get("terminationProtection")
        ]
        assert protected == ["Database"]
