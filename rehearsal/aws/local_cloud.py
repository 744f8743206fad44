"""The local AWS: MiniStack and all that it lacks, composed. Start here to see what there is.

    Guardian      every process ends with the run
    Clock         AWS time; fast while somebody only waits
    MiniStack     the emulator
    Edge          the port where AWS answers; everything goes through it
    CloudWatch    metrics and alarms
    MetricFilters metrics of what is logged
    LambdaHost    runs the functions
    CodeDeploy    shifts an alias from version to version
    Schedules     invokes functions on the run's clock, as rules say
    Scheduler     calls targets on the run's clock, as EventBridge Scheduler's schedules say
    EventSources  polls streams and queues for functions
    QueueMetrics  tells CloudWatch what lies in queues
    EventDelivery delivers what EventBridge rules match
    ServiceEvents tells EventBridge what the parts that stand for AWS's services do

It must not know pipelines: the engine registers CodePipeline's resource types and operations.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import boto3

from rehearsal.aws.apigateway.request_validator_provider import RequestValidatorProvider
from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.cloudformation.stored_resources import StoredResources
from rehearsal.aws.cloudwatch.alarm_actions import AlarmActions
from rehearsal.aws.cloudwatch.alarm_provider import AlarmProvider
from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.aws.cloudwatch.cloudwatch_api import CloudWatchApi
from rehearsal.aws.cloudwatch_logs.metric_filters import MetricFilters
from rehearsal.aws.codedeploy.alias_provider import AliasProvider
from rehearsal.aws.codedeploy.aws_aliases import AwsAliases
from rehearsal.aws.codedeploy.aws_stacks import AwsStacks
from rehearsal.aws.codedeploy.canary_samples import CanarySamples
from rehearsal.aws.codedeploy.codedeploy import CodeDeploy
from rehearsal.aws.codedeploy.codedeploy_api import CodeDeployApi
from rehearsal.aws.codedeploy.ports import Services
from rehearsal.aws.codedeploy.provider import CodeDeployProvider
from rehearsal.aws.codedeploy.state_changes import tell_state_to
from rehearsal.aws.denials import Denials
from rehearsal.aws.direct_calls import DirectCalls
from rehearsal.aws.edge.edge import Edge
from rehearsal.aws.event_sources.event_sources import EventSources
from rehearsal.aws.event_sources.queue_metrics import QueueMetrics, read_queues
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.aws.eventbridge.event_bus_policies import EventBusPolicies
from rehearsal.aws.eventbridge.event_buses import EventBuses
from rehearsal.aws.eventbridge.event_delivery import EventDelivery
from rehearsal.aws.eventbridge.schedule import Schedules
from rehearsal.aws.eventbridge.service_events import ServiceEvents
from rehearsal.aws.iam.service_principal import ServicePrincipal
from rehearsal.aws.lambda_host.destination import send
from rehearsal.aws.lambda_host.host import LambdaHost
from rehearsal.aws.lambda_host.nodejs.sdk import node_sdk
from rehearsal.aws.ministack import LOOPBACK, MiniStack, listen
from rehearsal.aws.resource import ResourceProvider
from rehearsal.aws.s3.bucket_emptier import BucketEmptier
from rehearsal.aws.scheduler.scheduler import Scheduler
from rehearsal.aws.secretsmanager.rotation_provider import RotationProvider
from rehearsal.aws.secretsmanager.secret_provider import SecretProvider
from rehearsal.aws.service_api import ServiceApi
from rehearsal.aws.stack_changes import StackChanges
from rehearsal.aws.wafv2.web_acl_association import WebAclAssociationProvider
from rehearsal.machine.child_environment import NO_AWS, child_environment, program_environment
from rehearsal.machine.clock import Clock
from rehearsal.machine.failure import Failure
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.loop_thread import LoopThread
from rehearsal.run_events import EventLog, Notice


class LocalCloud:
    """Use it as a context manager: entering starts everything, leaving stops everything.

    `home` holds this run's files, `cache` what later runs use again. `egress` are the variables of the run's way out,
    for all that runs in here. `speed` is how many AWS seconds pass in a second
    of mere waiting. `port` is the edge's (0 takes a free one). `BadInput` where the port is in use, `EngineError` where
    the emulator does not start. Where it ends before it is stopped, all that runs is ended, and `failure` says so.
    """

    def __init__(
        self, home: Path, *, cache: Path, egress: Mapping[str, str], speed: float = 60.0, port: int = 0
    ) -> None:
        listener = listen(port)
        self.egress = egress
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)  # the sockets in it are open to whoever may enter
        self.clock = Clock(speed)
        self.event_log = EventLog(clock_now=self.clock.now, wall_now=time.time)
        self.guardian = Guardian()
        self._loop = LoopThread()
        root_secret = secrets.token_hex(20)
        port = listener.getsockname()[1]
        variables = {**NO_AWS, **egress, "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}"}
        self._ministack = MiniStack(
            self.guardian,
            self.home / "ministack",
            root_secret=root_secret,
            edge_port=port,
            variables=variables,
            log_file=self.home / "logs" / "ministack.log",
        )
        self.denials = Denials()
        self.stack_changes = StackChanges()
        self._edge = Edge(listener, self._ministack.socket, root_secret, self.denials)
        self.failure = Failure(self._fail, self._ministack.is_answering)
        self.endpoint_url = self._edge.url
        self.localize = self._edge.localize
        self._direct_calls = DirectCalls(self._ministack.socket, self._edge.answered)
        self.clients = AwsClients(self.endpoint_url, root_secret, self._direct_calls.send)
        alarm_actions = AlarmActions(self.clock, ServicePrincipal(self.clients, "cloudwatch.amazonaws.com"))
        self.cloudwatch = CloudWatch(self.clock, self.event_log, alarm_actions.begin)
        self._metric_filters = MetricFilters(self.clock, self.cloudwatch, self.clients)
        self.lambda_host = LambdaHost(
            clients=self.clients,
            guardian=self.guardian,
            metrics=self.cloudwatch,
            clock=self.clock,
            event_log=self.event_log,
            loop=self._loop.loop,
            home=self.home / "lambda",
            cache=cache / "lambda",
            child_environment=self.child_environment,
            download=self._ministack.get,
            localize=self.localize,
            node_sdk=node_sdk(cache, lambda text: self.event_log.emit(Notice(text=text))),
            on_log_line=self._metric_filters.printed,
        )
        self.service_events = ServiceEvents(self.clients)
        self.codedeploy = CodeDeploy(
            Services(
                clock=self.clock,
                functions=self.lambda_host,
                aliases=AwsAliases(self.clients),
                stacks=AwsStacks(self.clients),
                alarms=self.cloudwatch,
                event_log=self.event_log,
                stack_changes=self.stack_changes,
                tell_state=tell_state_to(self.service_events.put),
            )
        )
        self.cloudwatch.tell_evaluations_of(self.codedeploy.watched_alarms)
        CanarySamples(
            self.clock,
            self.cloudwatch.metrics,
            self.event_log,
            deployments=self.codedeploy.all_deployments,
            traffic=self.lambda_host.traffic,
        )
        self.event_sources = EventSources(
            self.clients,
            Surroundings(
                clock=self.clock, functions=self.lambda_host, metrics=self.cloudwatch, send=send, wall=time.time
            ),
        )
        self._edge.tell_calls_to(self._heard)
        self._base = program_environment(self.home / "home", egress)
        self._running = ExitStack()
        self.register(BucketEmptier(self.clients))
        self.register(AlarmProvider(self.cloudwatch))
        self.register(CodeDeployProvider(self.codedeploy))
        self.register(AliasProvider(self.codedeploy))
        events = ServicePrincipal(self.clients, "events.amazonaws.com")
        policies = EventBusPolicies()
        self.register(policies)
        delivery = EventDelivery(self.clock, events, self.cloudwatch, EventBuses(self.clients, policies))
        self.register(Schedules(self.clock, self.lambda_host, delivery.begin))
        self.register(self.event_sources)
        self._edge.deliver_events(delivery.begin)
        self.register(SecretProvider(self.clients))
        self.register(RotationProvider(self.clock, self.lambda_host))
        self.register(WebAclAssociationProvider(self.clients))
        self.register(RequestValidatorProvider(self.clients))
        self.register(StoredResources())
        self.register(self._metric_filters)
        self.register(Scheduler(self.clock, self.clients, self.cloudwatch))
        self.register_api(CloudWatchApi(self.cloudwatch))
        self.register_api(CodeDeployApi(self.codedeploy))

    @property
    def emulator_socket(self) -> Path:
        """MiniStack's own, behind the edge."""
        return self._ministack.socket

    def child_environment(self, session: boto3.Session, region: str) -> dict[str, str]:
        """The whole environment of a child process that works in the local AWS with the session's credentials."""
        return child_environment(session, region, self.endpoint_url, base=self._base)

    def register(self, provider: ResourceProvider) -> None:
        """Stacks that are deployed from now on get the provider's resource types from it."""
        self._edge.register(provider)

    def register_api(self, api: ServiceApi) -> None:
        """The API's operations are answered by it from now on, for callers whose IAM policies allow them."""
        self._edge.register_api(api)

    def __enter__(self) -> LocalCloud:
        with ExitStack() as starting:
            starting.enter_context(self.guardian)
            starting.enter_context(self._loop)
            starting.callback(self._ministack.stop)
            starting.callback(self._direct_calls.close)
            self._ministack.start()
            self.failure.watch(self._ministack.wait)
            self.failure.watch(self._wait_for_watcher)
            starting.callback(lambda: self._loop.run(self._edge.stop()))
            self._loop.run(self._edge.start())
            starting.callback(self.event_sources.join)
            starting.callback(self.lambda_host.close)
            self._edge.run_functions_at(self.lambda_host.start(), self.lambda_host)
            starting.callback(self.event_sources.stop)
            starting.callback(self.clock.close)
            starting.callback(self.service_events.stop)
            self.service_events.start()
            QueueMetrics(self.clock, self.cloudwatch, lambda: read_queues(self._ministack.get))
            starting.callback(self.failure.end_watch)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running.close()

    def _heard(self, service: str, operation: str, account: str, region: str, body: bytes | None) -> None:
        self.event_sources.heard(service, operation, account, region, body)
        self._metric_filters.heard(service, operation, account, region, body)

    def _fail(self, reason: str) -> None:
        """Nothing is worth waiting for any more: what runs is ended, and calls raise at once."""
        self.clients.refuse()
        self.guardian.refuse(reason)

    def _wait_for_watcher(self) -> str:
        code = self.guardian.wait_for_watcher()
        return f"The process that guards this run's processes has ended in the middle of the run (exit code {code})."
