"""One deployable copy of the car service: its stacks, and what the pipeline needs to know of them.

It must not import `config` or `pipeline`: what differs between copies comes in as `settings`.
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from service import monitoring
from service.api.infrastructure import ApiStack
from service.changes.infrastructure import ChangesStack
from service.cursors.infrastructure import CursorsStack
from service.database import DatabaseStack
from service.failure_paths import require_failure_paths
from service.notifications.infrastructure import NotificationsStack
from service.operators import OperatorsStack
from service.prober.infrastructure import ProberStack
from service.service_settings import ServiceSettings


class ServiceStage(cdk.Stage):
    """`api_url` and `e2e_role_arn` are for the e2e tests, `bake_alarm_names` for the pipeline's conditions."""

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
        NotificationsStack(
            self,
            "Notifications",
            event_bus=changes.event_bus,
            notifications_table=database.notifications_table,
            operators_topic=operators_topic,
            settings=settings,
        )
        ProberStack(
            self,
            "Prober",
            api=api.api,
            api_function=api.api_function.function,
            operators_topic=operators_topic,
            settings=settings,
        )
        self.api_url = api.api_url
        self.e2e_role_arn = api.e2e_role_arn
        self.bake_alarm_names = monitoring.bake_alarm_names(settings)
        require_failure_paths(self)
