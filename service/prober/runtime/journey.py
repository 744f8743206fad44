"""A journey through the service: create a car, get, list, replace or change, get, delete it, see it gone.

Meanwhile the car reports its position, and planners order maintenance for it.

The car is the journey's own, told by the prefix of its id, and deleted whatever happens. A step that fails is counted
and the journey goes on. It must not know how the API is reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ValidationError

from service.cars.car import PROBE_PREFIX, is_synthetic
from service.prober.runtime.signed_api import Answer

Action = Literal["start", "finish"]

REQUESTS_PER_JOURNEY = 7
EVENTS_PER_JOURNEY = 2
"""Of each kind: position reports, and messages to maintenance."""

LEFTOVER_AGE = timedelta(minutes=10)
"""A synthetic car this old was left by something that died before it could delete it."""


class Api(Protocol):
    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer: ...


class Senders(Protocol):
    """Each method returns None when what was sent was accepted, else why not."""

    def report(self, car_id: str) -> str | None: ...

    def order(self, order_id: str, car_id: str, action: Action) -> str | None: ...


@dataclass
class Tally:
    """`failures` says what failed how often: {"GET /cars/{car_id} answered 502, not 200": 3}."""

    requests: int = 0
    failed_requests: int = 0
    events: int = 0
    failed_events: int = 0
    journeys: int = 0
    succeeded_journeys: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        whole = cls()
        for tally in tallies:
            for name, value in vars(tally).items():
                setattr(whole, name, getattr(whole, name) + value)
        return whole


class Traveller:
    """Makes journeys and counts. Its list steps walk on from page to page, and tidy up what others left behind."""

    def __init__(self, api: Api, senders: Senders) -> None:
        self._api = api
        self._senders = senders
        self._next_token: str | None = None

    def travel(self, number: int, tally: Tally, *, sends_events: bool) -> None:
        """One journey; odd ones replace the car (PUT), even ones change it (PATCH).

        Where the car reports and is ordered to maintenance meanwhile it is always changed: an order is a change, too,
        and would be a conflict with the tag that PUT names.
        """
        failed_before = tally.failed_requests + tally.failed_events
        car_id = f"{PROBE_PREFIX}{uuid4()}"
        path = f"/cars/{car_id}"
        details = {"model": "Probe", "year": 2024, "status": "Available", "nb_passengers": 4}
        self._step(tally, 201, "POST", "/cars", body={"car_id": car_id, **details})
        if sends_events:
            self._send(tally, car_id, "start")
        read = self._step(tally, 200, "GET", path)
        self._list(tally)
        if number % 2 and not sends_events:
            self._step(tally, 200, "PUT", path, body={**details, "status": "InCourse"}, if_match=read.etag)
        else:
            self._step(tally, 200, "PATCH", path, body={"status": "InCourse"})
        self._step(tally, 200, "GET", path)
        if sends_events:
            self._send(tally, car_id, "finish")
        self._step(tally, 204, "DELETE", path)
        gone = self._step(tally, 404, "GET", path)
        if gone.status != 404:
            self._api.call("DELETE", path)  # not counted: it is no step, but the last chance to leave nothing behind
        tally.journeys += 1
        tally.succeeded_journeys += tally.failed_requests + tally.failed_events == failed_before

    def _send(self, tally: Tally, car_id: str, action: Action) -> None:
        refusals = (self._senders.report(car_id), self._senders.order(f"{car_id}-order", car_id, action))
        tally.events += len(refusals)
        for refusal in refusals:
            if refusal is not None:
                tally.failed_events += 1
                tally.failures[refusal] += 1

    def _list(self, tally: Tally) -> None:
        query = {"limit": "25"}
        if self._next_token is not None:
            query["next_token"] = self._next_token
        answer = self._step(tally, 200, "GET", "/cars", query=query)
        page = _Page.parse(answer.body)
        self._next_token = page.next_token
        for car in page.cars:
            if car.is_leftover:
                self._api.call("DELETE", f"/cars/{car.car_id}")

    def _step(
        self,
        tally: Tally,
        expected: int,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer:
        answer = self._api.call(method, path, body=body, query=query, if_match=if_match)
        tally.requests += 1
        if answer.status != expected:
            resource = "/cars" if path == "/cars" else "/cars/{car_id}"
            tally.failed_requests += 1
            tally.failures[f"{method} {resource} answered {answer.status or 'nothing'}, not {expected}"] += 1
        return answer


class _ListedCar(BaseModel):
    car_id: str
    created_at: AwareDatetime

    @property
    def is_leftover(self) -> bool:
        return is_synthetic(self.car_id) and datetime.now(UTC) - self.created_at > LEFTOVER_AGE


class _Page(BaseModel):
    """What of a page of cars the prober needs; empty when the API answers something else."""

    cars: list[_ListedCar] = []
    next_token: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> _Page:
        try:
            return cls.model_validate(body)
        except ValidationError:
            return cls()
