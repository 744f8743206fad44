from __future__ import annotations

import json

import pytest

from tests.assembly import Assembly

TABLES = ("CarsTableA3676011", "NotificationsTable76DCFC6C", "OrdersTable315BB997")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_table_cannot_be_lost(stage: str, table: str, assembly: Assembly) -> None:
    declared = assembly.stage_template(stage, "Database").of_type("AWS::DynamoDB::GlobalTable")[table]

    assert (declared["DeletionPolicy"], declared["UpdateReplacePolicy"]) == ("Retain", "Retain")
    (replica,) = declared["Properties"]["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert declared["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_every_change_of_a_car_is_in_the_stream_and_cars_are_found_by_status(assembly: Assembly) -> None:
    cars = assembly.stage_template("Prod", "Database").of_type("AWS::DynamoDB::GlobalTable")[TABLES[0]]["Properties"]

    assert cars["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    (index,) = cars["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "ByStatus"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["status", "car_id"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


@pytest.mark.parametrize("table", TABLES[1:])
def test_what_is_only_a_record_of_the_past_expires(table: str, assembly: Assembly) -> None:
    declared = assembly.stage_template("Prod", "Database").of_type("AWS::DynamoDB::GlobalTable")[table]

    assert declared["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_logical_ids_of_what_holds_data_never_change(assembly: Assembly) -> None:
    assert set(assembly.stage_template("Prod", "Database").resources) == set(TABLES)


def test_stack_of_the_table_is_protected_from_deletion(assembly: Assembly) -> None:
    for manifest in assembly.folder.glob("assembly-*/manifest.json"):
        artifacts = json.loads(manifest.read_text())["artifacts"]
        protected = [
            artifact["displayName"].rsplit("/", 1)[-1]
            for artifact in artifacts.values()
            if artifact.get("properties", {}).get("terminationProtection")
        ]
        assert protected == ["Database"]
