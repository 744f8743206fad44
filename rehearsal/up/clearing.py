"""Plans what a commit's own build has synthesized, before anything of it is deployed.

The plan of the first commit is made before anything starts (planning.py). Those of later ones are made of the cloud
assembly that is about to be deployed: nothing is synthesized twice, and the release need not wait to begin. It must not
stop an execution for anything else than what this machine cannot do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from rehearsal.codepipeline.artifacts import Artifacts, S3Artifacts
from rehearsal.codepipeline.clearance import NotCleared
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Execution
from rehearsal.errors import BadInput, Unsupported
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.plan.plan import Plan, make_plan
from rehearsal.run_events import CommitRefused, Notice
from rehearsal.source.assembly import read_assembly

_MANIFEST = "manifest.json"


class BuiltPlans:
    """A `Clearance`, safe to use from several threads.

    `local` answers the pipeline that runs; `artifacts` is where its artifacts lie.
    """

    def __init__(self, local: Callable[[], LocalPipeline], artifacts: Artifacts | None = None) -> None:
        self._local = local
        self._artifacts = artifacts or S3Artifacts()
        self._told: set[str] = set()

    def __call__(self, pipeline: DeployedPipeline, execution: Execution) -> None:
        local = self._local()
        if not self._told:
            self._told.update(_remarks(local.plan))
        with tempfile.TemporaryDirectory(prefix="built-", dir=local.cloud.home) as folder:
            try:
                plan = self._plan(local, pipeline, execution, Path(folder))
                if plan is None:
                    return
                if plan.unsupported:
                    raise Unsupported(plan.refusal)
                self._tell(local, plan)
                local.prepare(plan)
            except (BadInput, Unsupported) as exc:
                local.cloud.event_log.emit(
                    CommitRefused(commit=execution.source.commit, title=execution.source.message, reason=str(exc))
                )
                raise NotCleared(f"The commit is refused, and nothing of it was deployed.\n{exc}") from exc

    def _plan(
        self, local: LocalPipeline, pipeline: DeployedPipeline, execution: Execution, folder: Path
    ) -> Plan | None:
        """None where no build has put out a cloud assembly: then CloudFormation judges alone what is deployed."""
        for number, artifact in enumerate(execution.artifacts.values()):
            if artifact.revision is not None:  # of a source, which may hold any file
                continue
            unpacked = folder / str(number)
            region = artifact.region or pipeline.region
            self._artifacts.download(artifact, unpacked, session=local.cloud.clients.root(pipeline.account, region))
            if (unpacked / _MANIFEST).is_file():
                return make_plan(read_assembly(unpacked), local.project.settings)
        return None

    def _tell(self, local: LocalPipeline, plan: Plan) -> None:
        """What no earlier commit had."""
        for text in _remarks(plan):
            if text not in self._told:
                self._told.add(text)
                local.cloud.event_log.emit(Notice(text=text))


def _remarks(plan: Plan) -> list[str]:
    return [*(f"Not rehearsed: {text}." for text in plan.not_rehearsed), *plan.notices]
