"""Ways for what happens behind the API to break a promise: events, what people are told, reports and orders.

Each is a function of a MonkeyPatch and the service, as those of mutations.py. It must not touch the API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from service.cars.events import CarEvent
from service.cars.notification import NotificationPage, NotificationRepository
from service.cars.orders import OrderOutcome, OrderRepository, OrderStatus
from service.changes.runtime import handler as changes
from service.changes.runtime import stream_record
from service.maintenance.runtime import handler as maintenance
from service.telemetry.runtime import handler as telemetry
from tests.integ.mutations import NOTIFICATION, Answer, Patch, answers, without_conditions
from tests.integ.service_in_process import Service


def tells_each_change_twice(patch: Patch, service: Service) -> None:
    healthy = NotificationRepository.add
    patch.setattr(
        NotificationRepository,
        "add",
        lambda self, told: healthy(self, told) and healthy(self, replace(told, event_id=f"{told.event_id}-again")),
    )


def tells_people_nothing(patch: Patch, service: Service) -> None:
    patch.setattr(NotificationRepository, "add", lambda self, told: True)


def _told(patch: Patch, change: Callable[[NotificationPage, dict[str, Any]], NotificationPage]) -> None:
    healthy = NotificationRepository.list
    patch.setattr(
        NotificationRepository, "list", lambda self, car_id, **asked: change(healthy(self, car_id, **asked), asked)
    )


def pages_of_notifications_leave_some_out(patch: Patch, service: Service) -> None:
    _told(patch, lambda page, _: replace(page, notifications=page.notifications[1:]) if _goes_on(page) else page)


def _goes_on(page: NotificationPage) -> bool:
    return page.last_notification_id is not None


def pages_of_notifications_repeat_themselves(patch: Patch, service: Service) -> None:
    """The second page is the first again."""
    healthy = NotificationRepository.list
    asked_before: set[str] = set()

    def repeat(self: NotificationRepository, car_id: str, *, limit: int, after_notification_id: str | None) -> Any:
        if after_notification_id is not None and after_notification_id not in asked_before:
            asked_before.add(after_notification_id)
            return healthy(self, car_id, limit=limit, after_notification_id=None)
        return healthy(self, car_id, limit=limit, after_notification_id=after_notification_id)

    patch.setattr(NotificationRepository, "list", repeat)


def tells_of_other_cars(patch: Patch, service: Service) -> None:
    def change(event: dict[str, Any], answer: Answer) -> Answer:
        if event["resource"].endswith("/notifications"):
            answer["body"] = json.dumps({"notifications": [NOTIFICATION], "next_token": None})
        return answer

    answers(patch, change)


def _events(patch: Patch, change: Callable[[dict[str, Any]], None]) -> None:
    """`change` alters the entry of PutEvents, whose detail is a dictionary then."""
    healthy = changes._entry

    def entry(event: CarEvent) -> dict[str, Any]:
        sent: dict[str, Any] = {**healthy(event), "Detail": json.loads(healthy(event)["Detail"])}
        change(sent)
        return {**sent, "Detail": json.dumps(sent["Detail"])}

    patch.setattr(changes, "_entry", entry)


def calls_its_events_otherwise(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent.update(DetailType=sent["DetailType"].replace("Updated", "Changed")))


def calls_the_source_of_its_events_otherwise(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent.update(Source="acs.cars"))


def sends_events_of_another_version(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent["Detail"].update(version="2.0"))


def events_lose_a_field(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent["Detail"].pop("correlation_id"))


def cars_of_events_lose_a_field(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent["Detail"]["car"].pop("bike_rack"))


def events_do_not_say_what_was_before(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent["Detail"].update(previous=None))


def holds_tests_for_customers(patch: Patch, service: Service) -> None:
    _events(patch, lambda sent: sent["Detail"].update(synthetic=False))


def sends_no_event_of_deletions(patch: Patch, service: Service) -> None:
    healthy = stream_record.is_position_report
    patch.setattr(changes, "is_position_report", lambda record: record["eventName"] == "REMOVE" or healthy(record))


def sends_events_of_positions(patch: Patch, service: Service) -> None:
    patch.setattr(changes, "is_position_report", lambda record: False)


def takes_older_positions(patch: Patch, service: Service) -> None:
    """The store, that is: of one batch the newest is still picked."""
    without_conditions(patch, lambda condition: "position_at <" in condition)


def picks_the_last_report_of_a_batch(patch: Patch, service: Service) -> None:
    patch.setattr(
        telemetry, "_newest", lambda reports: list({report.car_id: at for at, report in reports.items()}.values())
    )


def takes_in_no_report(patch: Patch, service: Service) -> None:
    patch.setattr(telemetry, "_newest", lambda reports: [])


def carries_out_orders_twice(patch: Patch, service: Service) -> None:
    """What is finished is forgotten, and begins anew when it is heard of again."""
    healthy = OrderRepository._item

    def item(self: OrderRepository, table_name: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        found = healthy(self, table_name, key)
        return None if found is not None and found["status"] == {"S": OrderStatus.FINISHED.value} else found

    patch.setattr(OrderRepository, "_item", item)
    without_conditions(patch, lambda condition: "attribute_not_exists(order_id)" in condition)


def finishes_no_order(patch: Patch, service: Service) -> None:
    patch.setattr(OrderRepository, "_finish", lambda self, order, correlation_id, now: self._reject(order, "", now))
    patch.setattr(OrderRepository, "_release", OrderRepository._take_out)
    without_conditions(patch, lambda condition: "order" in condition)


def stops_for_an_order_of_an_unknown_car(patch: Patch, service: Service) -> None:
    """The others of its batch are not carried out either."""
    healthy = maintenance.processor.process

    def process() -> Any:
        done = healthy()
        assert OrderOutcome.REJECTED not in [outcome for _, outcome, *_ in done]
        return done

    patch.setattr(maintenance.processor, "process", process)
