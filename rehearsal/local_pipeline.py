"""A pipeline in a local AWS: what has to be there before it, its stack, and the engine that runs it.

Input: a plan, and a local AWS that runs. It must not choose what is released: rehearsal.py and up/ do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from rehearsal.aws.lambda_host.nodejs.sdk import node_sdk
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.aws.profiles import write_profiles
from rehearsal.bootstrap import bootstrap_environments, deploy_pipeline_stack
from rehearsal.codebuild.app_settings import SandboxesWith
from rehearsal.codebuild.build_action import CodeBuildAction
from rehearsal.codepipeline.actions.approval import ApprovalAction, Approvals
from rehearsal.codepipeline.actions.cloudformation import CloudFormationAction
from rehearsal.codepipeline.artifacts import S3Artifacts
from rehearsal.codepipeline.clearance import Clearance, needs_no_clearance
from rehearsal.codepipeline.codepipeline_api import CodePipelineApi
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.engine import Engine, NewestSource, last_released
from rehearsal.codepipeline.pipeline_provider import PipelineProvider
from rehearsal.codepipeline.roles import ProjectRoles
from rehearsal.codepipeline.rule import CloudWatchAlarmRule
from rehearsal.codepipeline.state_changes import StateChanges
from rehearsal.codepipeline.webhook_provider import WebhookProvider
from rehearsal.errors import EngineError, Unsupported
from rehearsal.plan.nodejs_functions import nodejs_runtimes
from rehearsal.plan.plan import Bootstrap, Plan
from rehearsal.run_events import Notice
from rehearsal.source.assembly import CloudAssembly
from rehearsal.source.placeholders import create_placeholders, find_placeholders
from rehearsal.source.project import Project
from rehearsal.source.stand_ins import StandIn, create_stand_ins, find_stand_ins


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a pipeline's executions need of whoever starts them.

    `newest_source` answers what an execution releases that is started by hand or by an update of the pipeline;
    `clearance` is asked before an execution deploys.
    """

    cache: Path
    approvals: Approvals
    newest_source: NewestSource = field(default=last_released)
    clearance: Clearance = field(default=needs_no_clearance)


class LocalPipeline:
    """`deploy` once; then `deployed` is the pipeline, and `engine` runs its executions."""

    def __init__(self, project: Project, plan: Plan, cloud: LocalCloud, surroundings: Surroundings) -> None:
        self.project = project
        self.plan = plan
        self.cloud = cloud
        self._with = surroundings
        self._store = PipelineStore()
        self._bootstrapped: set[Bootstrap] = set()
        self._stand_ins: tuple[StandIn, ...] | None = None
        self.engine = self._make_engine()
        cloud.event_log.subscribe(StateChanges(self._store, cloud.service_events.put))
        cloud.register(PipelineProvider(self._store))
        cloud.register(WebhookProvider())
        clock = cloud.clock
        # As CloudWatch's and CodeDeploy's: as many seconds ago for callers as it is in AWS.
        api = CodePipelineApi(
            self._store, self.engine, surroundings.approvals, as_told=lambda wall: clock.to_wall(clock.when(wall))
        )
        cloud.register_api(api)

    def deploy(self, assembly: Path, profiles: Path) -> None:
        """Bootstraps, makes what is in a real account before, and deploys the pipeline's stack from the assembly.

        `profiles` is the file that tells the user how to call the local AWS.
        """
        cloud, plan = self.cloud, self.plan
        places = ((bootstrap.account, bootstrap.region) for bootstrap in plan.bootstraps)
        write_profiles(profiles, cloud.clients, [(plan.account, plan.region), *places])
        cloud.event_log.emit(
            Notice(
                text=f"The local AWS answers at {cloud.endpoint_url}. To call it: AWS_CONFIG_FILE={profiles}",
                detail=f"with AWS_PROFILE={' or '.join(sorted({item.account for item in plan.bootstraps}))}",
            )
        )
        self.prepare(plan)
        deploy_pipeline_stack(cloud, self.project, plan, assembly)

    def prepare(self, plan: Plan) -> None:
        """Makes what is in a real account before the plan's stacks come, as far as an earlier plan has not."""
        cloud, default, settings = self.cloud, (plan.account, plan.region), self.project.settings
        bring_what_functions_need(self._with.cache, plan.assembly, lambda text: cloud.event_log.emit(Notice(text=text)))
        if new := tuple(item for item in plan.bootstraps if item not in self._bootstrapped):
            bootstrap_environments(cloud, self.project, replace(plan, bootstraps=new))
            self._bootstrapped |= set(new)
        create_placeholders(cloud, find_placeholders(plan.assembly, default=default, settings=settings))
        stand_ins = find_stand_ins(plan.assembly, settings, default=default)
        if stand_ins != self._stand_ins and self._stand_ins is not None:
            raise Unsupported(
                "The commit imports other values of the settings than those before it. Start again, so that they are "
                "there from the beginning."
            )
        if self._stand_ins is None:
            create_stand_ins(cloud, stand_ins)
            self._stand_ins = stand_ins

    def deployed(self) -> DeployedPipeline:
        """The planned pipeline as it is deployed now: the same resource, whatever name it has by now."""
        wanted = (self.plan.stack.name, self.plan.logical_id)
        for pipeline in self._store.in_account(self.plan.account, self.plan.region):
            if (pipeline.stack_name, pipeline.logical_id) == wanted:
                return pipeline
        raise EngineError(
            f"The stack {self.plan.stack.name} was deployed, and its pipeline {self.plan.logical_id} is not in "
            f"{self.plan.account}/{self.plan.region}."
        )

    def _make_engine(self) -> Engine:
        cloud = self.cloud
        alarm_rule = CloudWatchAlarmRule(cloud.clock)
        cloud.event_log.subscribe(alarm_rule)
        builds = self._with.cache / "codebuild"
        build = CodeBuildAction(
            builds,
            local_caches=builds / "local" / self.project.id,
            make_sandbox=SandboxesWith(self.project.settings),
            noticed=self.plan.notices,
        )
        return Engine(
            cloud,
            artifacts=S3Artifacts(),
            artifact_roles=ProjectRoles(cloud.clients),
            actions={
                ("Build", "CodeBuild"): build,
                ("Test", "CodeBuild"): build,
                ("Deploy", "CloudFormation"): CloudFormationAction(),
                ("Approval", "Manual"): ApprovalAction(self._with.approvals),
            },
            rules={"CloudWatchAlarm": alarm_rule},
            newest_source=self._with.newest_source,
            clearance=self._with.clearance,
        )


def bring_what_functions_need(cache: Path, assembly: CloudAssembly, tell: Callable[[str], None]) -> None:
    """Before anything starts: the first invocation has no time for it."""
    sdk = node_sdk(cache, tell)
    for runtime in sorted(nodejs_runtimes(assembly)):
        sdk.folder(runtime)
