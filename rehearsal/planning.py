"""From a commit, or from files as they are, to a plan: the app is synthesized, and the assembly read.

It must not start anything but the app's synthesis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.machine.egress import Egress, refused_words
from rehearsal.plan.plan import Plan, make_plan
from rehearsal.source.assembly import read_assembly
from rehearsal.source.commit import Commit
from rehearsal.source.known_assembly import KnownAssembly
from rehearsal.source.project import Project, copy_dependencies, open_project, project_folder, synthesize
from rehearsal.source.settings import read_settings

_PACKAGES = Path("codebuild", "jsii")  # that of builds (sandbox.py): each finds what the other has unpacked


def plan_commit(
    project: Project,
    commit: Commit,
    folder: Path,
    *,
    cache: Path,
    is_kept: bool,
    egress: Mapping[str, str],
    tell: Callable[[str], None],
) -> Plan:
    """The plan of a commit; `folder` takes the cloud assembly, as cdk.out. Raises BadInput or Unsupported.

    `cache` is what runs keep: the last assembly of each project, this one too where `is_kept`, and packages; `egress`
    are the variables of the run's way out; `tell` hears what takes a while.
    """
    assembly = folder / "cdk.out"
    known = KnownAssembly(cache / "assemblies" / project.id, project, commit)
    if not known.take(assembly):
        tell(f"Synthesizing the pipeline as {commit.title!r} defines it.")
        _synthesize(project, commit, folder / "source", assembly, egress, cache)
        if is_kept:
            known.keep(assembly)
    return make_plan(read_assembly(assembly), project.settings)


def _synthesize(
    project: Project, commit: Commit, source: Path, assembly: Path, egress: Mapping[str, str], cache: Path
) -> None:
    source.mkdir(parents=True)
    commit.unpack(source)
    copy_dependencies(project, source)
    synthesize(project, project_folder(project, source), assembly, egress, packages=cache / _PACKAGES)


def read_plan(
    project_dir: Path,
    folder: Path,
    *,
    cache: Path | None,
    account: str | None = None,
    region: str | None = None,
    pipeline: str | None = None,
    on_notice: Callable[[str], None],
) -> Plan:
    """The plan of a project as its files are now; `folder` takes the assembly. Runs nothing but the app's synthesis.

    `account`, `region` and `pipeline` come before those of the settings; `cache` is what runs keep, None where it
    cannot be written; `on_notice` hears whom the app was not let through to.

    A folder with nothing but a cdk.out, or a cloud assembly itself, is read as it is. Raises BadInput or Unsupported.
    """
    for assembly in (project_dir, project_dir / "cdk.out"):
        if (assembly / "manifest.json").is_file() and not (project_dir / "cdk.json").is_file():
            settings = read_settings(project_dir).overridden(account=account, region=region, pipeline=pipeline)
            return make_plan(read_assembly(assembly), settings)
    project = open_project(project_dir, needs_git=False).with_options(account=account, region=region, pipeline=pipeline)
    assembly = folder / "cdk.out"
    with Egress(folder, lambda host: on_notice(refused_words(host))) as egress:
        packages = cache / _PACKAGES if cache else None
        synthesize(project, project.directory, assembly, egress.variables(), packages=packages)
    return make_plan(read_assembly(assembly), project.settings)
