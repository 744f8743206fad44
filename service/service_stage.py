"""One deployable copy of the car service: its stacks, and what the pipeline needs to know of them.

It must not import `config` or `pipeline`: what differs between copies comes in as `settings`.
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from service.api.infrastructure import ApiStack
from service.changes.infrastructure import ChangesStack
from service.cursors.infrastructure import CursorsStack
from service.database import DatabaseStack
from service.failures.failure_paths import require_failure_paths
from service.maintenance.infrastructure import MaintenanceStack
from service.notifications.infrastructure import NotificationsStack
from service.observability import monitoring
from service.observability.dashboard import DashboardStack, Unit
from service.observability.operators import OperatorsStack
from service.prober.infrastructure import ProberStack
from service.release.way_back import canaried_stack_ids
from service.service_settings import ServiceSettings
from service.telemetry.infrastructure import TelemetryStack


class ServiceStage(cdk.Stage):
    """`api_url` and `e2e_role_arn` are for the e2e tests, `bake_alarm_names` for the bake.

    `canaried_stack_ids` are the stacks that want to know whether the stage is on its way back.
    """

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment, settings: ServiceSettings) -> None:
        super().__init__(scope, construct_id, env=env)
        operators_topic = OperatorsStack(self, "Operators", settings=settings).topic
        database = DatabaseStack(self, "Database")
        cursors = CursorsStack(self, "Cursors", operators_topic=operators_topic, settings=settings)
        api = ApiStack(
            self,
            "Api",
            cars_table=database.cars_table,
            notifications_table=database.notifications_table,
            cursor_keys=cursors.keys,
            operators_topic=operators_topic,
            settings=settings,
        )
        changes = ChangesStack(
            self, "Changes", cars_table=database.cars_table, operators_topic=operators_topic, settings=settings
        )
        notifications = NotificationsStack(
            self,
            "Notifications",
            event_bus=changes.event_bus,
            notifications_table=database.notifications_table,
            operators_topic=operators_topic,
            settings=settings,
        )
        telemetry = TelemetryStack(
            self, "Telemetry", cars_table=database.cars_table, operators_topic=operators_topic, settings=settings
        )
        maintenance = MaintenanceStack(
            self,
            "Maintenance",
            cars_table=database.cars_table,
            orders_table=database.orders_table,
            operators_topic=operators_topic,
            settings=settings,
        )
        units = (
            Unit(name="api", function=api.api_function.function),
            Unit(
                name="changes",
                function=changes.changes_function.function,
                delay=monitoring.lambda_metric("IteratorAge", changes.changes_function.function, statistic="Maximum"),
                failure_queues=(changes.undelivered_queue, changes.set_aside_queue),
            ),
            Unit(
                name="notifications",
                function=notifications.notifications_function.function,
                delay=monitoring.event_age(notifications.notifications_function.function),
                failure_queues=(
                    *(notifications.unpublished_queue, notifications.undelivered_queue, notifications.failed_queue),
                ),
            ),
            Unit(
                name="telemetry",
                function=telemetry.telemetry_function.function,
                delay=monitoring.lambda_metric(
                    "IteratorAge", telemetry.telemetry_function.function, statistic="Maximum"
                ),
                failure_queues=(telemetry.undelivered_queue, telemetry.set_aside_queue),
            ),
            Unit(
                name="maintenance",
                function=maintenance.maintenance_function.function,
                delay=maintenance.queue.metric_approximate_age_of_oldest_message(
                    statistic="Maximum", period=monitoring.PERIOD
                ),
                failure_queues=(maintenance.dead_letter_queue,),
            ),
        )
        ProberStack(
            self,
            "Prober",
            api=api.api,
            api_id=api.api_id,
            api_function=api.api_function.function,
            event_functions=[unit.function for unit in units if unit.delay is not None],
            telemetry_stream=telemetry.stream,
            maintenance_queue=maintenance.queue,
            operators_topic=operators_topic,
            settings=settings,
        )
        DashboardStack(
            self,
            "Dashboard",
            units=units,
            tables=(database.cars_table, database.notifications_table, database.orders_table),
            telemetry_stream=telemetry.stream,
            alarms=monitoring.names_of_alarms(self),
            settings=settings,
        )
        self.canaried_stack_ids = canaried_stack_ids(self)
        self.api_url = api.api_url
        self.e2e_role_arn = api.e2e_role_arn
        self.bake_alarm_names = monitoring.bake_alarm_names(settings)
        require_failure_paths(self)
