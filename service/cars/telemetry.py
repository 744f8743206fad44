"""Where the cars are, as they report it themselves: of all reports of a car, in whatever order, the newest one stays.

It must not know how a report travels, nor touch what others write of a car: only position, passengers and their time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

from service.cars.car import CarId, Latitude, Longitude, Passengers
from service.cars.errors import MalformedReport, findings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far a car's clock may be ahead of ours."""


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("has no UTC") from exc


class PositionReport(BaseModel):
    """{"car_id", "measured_at" (ISO 8601 with a zone), "latitude", "longitude", "nb_passengers" (in the car now)}.

    More fields are ignored: a fleet gets its new software car by car, and older readers must not go blind meanwhile.
    """

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    car_id: CarId
    measured_at: Annotated[AwareDatetime, AfterValidator(_to_utc)]
    latitude: Latitude
    longitude: Longitude
    nb_passengers: Passengers

    @property
    def position_at(self) -> str:
        """`measured_at` as it is stored: always as long, so that the order of texts is the order of times."""
        return self.measured_at.isoformat(timespec="microseconds")


class PositionOutcome(StrEnum):
    """What became of a report that was understood."""

    STORED = "Stored"
    STALE = "Stale"  # the car's position is as new, or newer
    UNKNOWN_CAR = "UnknownCar"


def parse_report(data: bytes, *, arrived_at: datetime) -> PositionReport:
    """The report in `data` (JSON). Raises MalformedReport.

    One measured after it arrived is refused: from then on it would hold for the newest, until that time has come.
    """
    try:
        report = PositionReport.model_validate_json(data)
    except ValidationError as exc:
        raise MalformedReport(findings(exc)) from None  # its own text would hold the values
    if report.measured_at > arrived_at + CLOCK_TOLERANCE:
        raise MalformedReport(
            f"measured_at: later than it arrived ({arrived_at.isoformat()}); is the car's clock right?"
        )
    return report


class PositionRepository:
    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def store(self, report: PositionReport) -> PositionOutcome:
        """Writes the position if it is newer than the one that the car has; the same report again changes nothing."""
        try:
            self._dynamodb.update_item(
                TableName=self._table_name,
                Key={"car_id": {"S": report.car_id}},
                UpdateExpression="SET latitude = :latitude, longitude = :longitude, "
                "nb_passengers = :nb_passengers, position_at = :position_at",
                ConditionExpression="attribute_exists(car_id) AND "
                "(attribute_not_exists(position_at) OR position_at < :position_at)",
                ExpressionAttributeValues={
                    ":latitude": {"N": repr(report.latitude)},
                    ":longitude": {"N": repr(report.longitude)},
                    ":nb_passengers": {"N": repr(report.nb_passengers)},
                    ":position_at": {"S": report.position_at},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            return PositionOutcome.STALE if exc.response.get("Item") else PositionOutcome.UNKNOWN_CAR
        return PositionOutcome.STORED
