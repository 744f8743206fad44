"""Runs one action of a stage: its variables, its roles, its artifacts, the action itself, and the events around it.

It must not know stages' conditions, run orders or what comes next.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from rehearsal.codepipeline.actions.action import (
    Action,
    ActionContext,
    ActionDeclaration,
    ActionResult,
    ArtifactLocation,
    ReadsNamedFiles,
)
from rehearsal.codepipeline.artifacts import Artifacts, StoredArtifact
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import ActionExecution, Execution
from rehearsal.codepipeline.roles import ArtifactRoles, RoleChain
from rehearsal.codepipeline.surroundings import Surroundings
from rehearsal.codepipeline.variables import resolve_configuration
from rehearsal.errors import ActionFailed, EngineError, RehearsalError, Unsupported
from rehearsal.run_events import ActionEnded, ActionOutput, ActionStarted, Status

if TYPE_CHECKING:
    import boto3

    from rehearsal.aws.local_cloud import LocalCloud

FindAction = Callable[[ActionDeclaration, Execution], Action]
# What a program prints as it fails. A denial that was caught long before, and minded by nobody, is not its cause.
_REMEMBERED_LINES = 200
_CUSTOM_RESOURCE = "from custom resource"  # CloudFormation: "Received response status [FAILED] from custom resource."
GateOf = Callable[[ActionDeclaration, str, str | None], str]


@dataclass(frozen=True, kw_only=True)
class ActionRun:
    """One run of an action; `run` leaves what happened in `record`.

    `find_gate` is given the action, its account and the gate that the failure names, and answers the report's gate.
    """

    cloud: Surroundings
    artifacts: Artifacts
    artifact_roles: ArtifactRoles
    find_action: FindAction
    find_gate: GateOf
    pipeline: DeployedPipeline
    execution: Execution
    stage: str
    record: ActionExecution
    is_stopped: Callable[[], bool]
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_LINES), init=False)

    def run(self) -> None:
        """Ends with the action Succeeded or Failed. A RehearsalError ends it Errored, and is raised on.

        What fails because the run itself is broken is no fault of the commit: it is Errored, too.
        """
        self._emit_started()
        try:
            result = self._perform_unless_denied()
        except ActionFailed as exc:
            self._end(Status.FAILED, exc.reason, self._gate(exc.gate))
        except ClientError as exc:
            self._end(Status.FAILED, _words_of_aws(exc), self._gate(None))
        except RehearsalError as exc:
            self._end(Status.ERRORED, str(exc), None)
            raise
        except Exception as exc:
            self._end(Status.ERRORED, str(exc), None)
            raise EngineError(f"The local run broke in {self.stage}/{self._name}: {exc!r}") from exc
        else:
            self._keep_variables(result)
            self._end(Status.SUCCEEDED, "", None)

    @property
    def _declaration(self) -> ActionDeclaration:
        return self.record.declaration

    @property
    def _name(self) -> str:
        return self._declaration.name

    @property
    def _region(self) -> str:
        return self._declaration.region or self.pipeline.region

    def _perform_unless_denied(self) -> ActionResult:
        """What fails with the words of a denial of the local AWS is Unsupported, wherever the words were said.

        So is a custom resource that failed while its account was denied something: its function may say no more than
        where its log is. Of anything else that failed meanwhile, the denial is told beside the failure.
        """
        try:
            return self._perform_unless_broken()
        except (ActionFailed, ClientError) as exc:
            denials = self.cloud.denials
            account = RoleChain(self.cloud.clients, self.pipeline).account(self._declaration)
            meanwhile = denials.since(self.record.started_at, account)
            denial = denials.found_in([str(exc), *self._said])
            if denial is None and _CUSTOM_RESOURCE in str(exc):
                denial = meanwhile
            if denial is None:
                if meanwhile is not None:
                    self._output(f"Meanwhile somebody in account {account} asked for what is not here: {meanwhile}")
                raise
            raise Unsupported(
                f"Action {self._name} of stage {self.stage} failed, and was refused what this machine cannot do; "
                f"so nothing is said about the commit:\n{denial}"
            ) from exc

    def _perform_unless_broken(self) -> ActionResult:
        try:
            return self._perform()
        except Exception:
            self.cloud.failure.require_none()
            raise

    def _perform(self) -> ActionResult:
        action = self.find_action(self._declaration, self.execution)
        roles = RoleChain(self.cloud.clients, self.pipeline)
        configuration = resolve_configuration(self._declaration.configuration, self.execution.variables)
        session = roles.session(self._declaration)
        artifact_session = self._artifact_session(roles, session)
        folder = Path(tempfile.mkdtemp(prefix="action-", dir=self.cloud.home))
        try:
            context = self._context(folder, configuration, session, roles.account(self._declaration))
            read = action.files_read(configuration) if isinstance(action, ReadsNamedFiles) else None
            for name, input_folder in context.inputs.items():
                only = None if read is None else read.get(name, frozenset())
                self.artifacts.download(self._in_region(name, roles), input_folder, session=artifact_session, only=only)
            result = action.run(context)
            for name, output_folder in context.outputs.items():
                self._upload(name, output_folder, artifact_session, result.revision)
            return result
        finally:
            # Beside the next action: what a build installed takes a second to delete. The run itself waits for it.
            try:
                threading.Thread(target=shutil.rmtree, args=(folder, True), name=f"delete-{folder.name}").start()
            except RuntimeError:  # the run ends, and with it the interpreter
                shutil.rmtree(folder, ignore_errors=True)

    def _artifact_session(self, roles: RoleChain, session: boto3.Session) -> boto3.Session:
        if not (self._declaration.input_artifacts or self._declaration.output_artifacts):
            return session
        role_arn = self.artifact_roles.find(
            self._declaration, account=roles.account(self._declaration), region=self._region
        )
        if role_arn is None:
            return session
        return self.cloud.clients.assume(role_arn, session_name="artifacts", region=self._region)

    def _context(
        self, folder: Path, configuration: dict[str, str], session: boto3.Session, account: str
    ) -> ActionContext:
        def subfolders(kind: str, names: tuple[str, ...]) -> dict[str, Path]:
            folders = {name: folder / kind / name for name in names}
            for path in folders.values():
                path.mkdir(parents=True)
            return folders

        work = folder / "work"
        work.mkdir()
        return ActionContext(
            cloud=cast("LocalCloud", self.cloud),
            pipeline=self.pipeline.name,
            execution_id=self.execution.id,
            stage=self.stage,
            declaration=self._declaration,
            configuration=configuration,
            account=account,
            region=self._region,
            session=session,
            inputs=subfolders("inputs", self._declaration.input_artifacts),
            outputs=subfolders("outputs", self._declaration.output_artifacts),
            work=work,
            output=self._output,
            is_stopped=self.is_stopped,
            locations=self._locations(),
        )

    def _locations(self) -> dict[str, ArtifactLocation]:
        known = self.execution.artifacts
        return {
            name: ArtifactLocation(known[name].bucket, known[name].key, known[name].revision)
            for name in self._declaration.input_artifacts
            if name in known
        }

    def _in_region(self, name: str, roles: RoleChain) -> StoredArtifact:
        """The artifact in the store of the action's region; CodePipeline itself copies it there, with its own role.

        Source: "Add a cross-Region action in CodePipeline".
        """
        stored = self.execution.artifacts.get(name)
        if stored is None:
            raise ActionFailed(f"Input artifact {name} does not exist: no earlier action of this execution made it.")
        store = self.pipeline.definition.artifact_store(self._region)
        if store is None or store.bucket == stored.bucket:
            return stored
        with tempfile.TemporaryDirectory(prefix="artifact-", dir=self.cloud.home) as folder:
            self.artifacts.download(stored, Path(folder), session=roles.pipeline_session(stored.region))
            return self.artifacts.upload(
                Path(folder),
                name=name,
                pipeline=self.pipeline.name,
                store=store,
                session=roles.pipeline_session(self._region),
            )

    def _upload(self, name: str, folder: Path, session: boto3.Session, revision: str | None) -> None:
        store = self.pipeline.definition.artifact_store(self._region)
        if store is None:
            raise ActionFailed(f"The pipeline has no artifact store in {self._region}.")
        stored = self.artifacts.upload(folder, name=name, pipeline=self.pipeline.name, store=store, session=session)
        self.execution.artifacts[name] = replace(stored, revision=revision, region=self._region)

    def _keep_variables(self, result: ActionResult) -> None:
        if self._declaration.namespace is not None:
            self.execution.variables[self._declaration.namespace] = dict(result.variables)

    def _gate(self, named: str | None) -> str:
        account = RoleChain(self.cloud.clients, self.pipeline).account(self._declaration)
        return self.find_gate(self._declaration, account, named)

    def _output(self, line: str) -> None:
        self._said.append(line)
        self.cloud.event_log.emit(
            ActionOutput(stage=self.stage, action=self._name, line=line, execution_id=self.execution.id)
        )

    def _emit_started(self) -> None:
        self.cloud.event_log.emit(
            ActionStarted(
                execution_id=self.execution.id,
                stage=self.stage,
                action=self._name,
                provider=self._declaration.action_type.provider,
            )
        )

    def _end(self, status: Status, reason: str, gate: str | None) -> None:
        self.record.status, self.record.reason, self.record.gate = status, reason, gate
        self.record.ended_at = time.time()
        self.cloud.event_log.emit(
            ActionEnded(
                execution_id=self.execution.id,
                stage=self.stage,
                action=self._name,
                provider=self._declaration.action_type.provider,
                status=status,
                seconds=self.record.seconds,
                reason=reason,
                gate=gate,
            )
        )


def _words_of_aws(error: ClientError) -> str:
    """AWS's own sentence, which names who was denied what."""
    details = cast("dict[str, Any]", error.response).get("Error", {})
    return f"{details.get('Code', 'ClientError')} in {error.operation_name}: {details.get('Message', error)}"
