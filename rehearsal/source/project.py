"""The project that is run: its folder, its CDK app and its CDK CLI, checked before anything starts.

It must not change the project's folder: the app is synthesized from a copy of the commit, into a folder of the run's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rehearsal.errors import BadInput, Unsupported
from rehearsal.machine.child_environment import program_environment
from rehearsal.machine.guardian import Guardian
from rehearsal.source.docker import wants_docker, way_around
from rehearsal.source.python_environment import python_variables, require_python
from rehearsal.source.settings import Settings, read_settings

NODE_MINIMUM = 20
_QUIET = {
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",  # a list of Node's major versions
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "true",
    "CDK_NOTICES": "false",  # they are asked for at AWS
}
# Version 1 of the CLI bootstraps for pipelines where it is told to; version 2 always does.
_MODERN_BOOTSTRAP = {"CDK_NEW_BOOTSTRAP": "1"}
# As a build has it: `npx ts-node` in an app's command fetches it where it is not installed.
_WITHOUT_TERMINAL = {"NPM_CONFIG_YES": "true"}
# Folders that a project keeps out of git and that its app needs to run.
_DEPENDENCY_FOLDERS = (".venv", "node_modules")
_LAST_LINES = 25
_LACKS_CONTEXT = "Context lookups have been disabled."  # the CLI has written the assembly, which says what it lacks
_LACKS_NODE_PACKAGES = re.compile(r"Cannot find module|ERR_MODULE_NOT_FOUND|\b(ts-node|tsx|tsc): .*not found")
_LACKS_PYTHON_PACKAGES = re.compile(r"ModuleNotFoundError: No module named")
_CLI_EPILOGUE = ": Subprocess exited with error 1"  # the CLI's own, behind the words of the app


@dataclass(frozen=True, kw_only=True)
class Project:
    """`directory` holds cdk.json; `top` is the repository that it is in; `cdk` the CDK CLI that runs its app."""

    directory: Path
    top: Path
    cdk: Path
    settings: Settings = field(default_factory=Settings)

    @property
    def id(self) -> str:
        """Its name in the cache, which it shares with the user's other projects."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]

    @property
    def cdk_version(self) -> str | None:
        """The CLI's version, from its package; None when it cannot be told without running it."""
        for folder in self.cdk.resolve().parents:
            manifest = folder / "package.json"
            if manifest.is_file():
                content = json.loads(manifest.read_text())
                if content.get("name") == "aws-cdk":
                    return str(content.get("version"))
        return None

    def with_options(self, *, account: str | None, region: str | None, pipeline: str | None) -> Project:
        """The same with what the command line says in place of its settings; None for what it does not say."""
        return replace(self, settings=self.settings.overridden(account=account, region=region, pipeline=pipeline))

    def tool_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment, with the project's own Python and Node tools first."""
        result = {**python_variables(self.directory, environment), **_QUIET, **_MODERN_BOOTSTRAP, **_WITHOUT_TERMINAL}
        result["PATH"] = os.pathsep.join((str(self.directory / "node_modules" / ".bin"), result["PATH"]))
        return result

    def run_cdk(
        self, guardian: Guardian, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> tuple[int, str]:
        """Runs the CDK CLI in `folder`; its exit code and all that it said."""
        process = guardian.popen(
            [str(self.cdk), *arguments],
            cwd=folder,
            env=self.tool_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        said, _ = process.communicate()
        return process.wait(), said


def open_project(directory: Path, *, needs_git: bool = True) -> Project:
    """Checks everything that a run needs of the machine and of the project's folder. Raises BadInput."""
    folder = directory.resolve()
    if not folder.is_dir():
        raise BadInput(f"There is no folder {directory}. Name the folder of the CDK app: --project DIR.")
    if not (folder / "cdk.json").is_file():
        raise BadInput(
            f"{folder} holds no CDK app: there is no cdk.json. Name the folder of a CDK Pipelines app: --project DIR."
        )
    app = _require_app(folder)
    _require_node()
    require_python(folder, app)
    return Project(
        directory=folder,
        top=_top(folder) if needs_git else folder,
        cdk=_find_cdk(folder),
        settings=read_settings(folder),
    )


def copy_dependencies(project: Project, copy: Path) -> None:
    """Links what git does not carry and the app needs (.venv, node_modules) into a copy of the commit."""
    for source, target in ((project.top, copy), (project.directory, project_folder(project, copy))):
        for name in _DEPENDENCY_FOLDERS:
            if (source / name).exists() and target.is_dir() and not (target / name).exists():
                (target / name).symlink_to(source / name)


def project_folder(project: Project, copy: Path) -> Path:
    """Where the project is in a copy of its repository."""
    return copy / project.directory.relative_to(project.top)


def synthesize(
    project: Project, source: Path, output: Path, egress: Mapping[str, str], *, packages: Path | None = None
) -> None:
    """Runs the app in `source` with the project's CDK CLI and writes the cloud assembly to `output`.

    The app sees what a build sees: nothing of the user's AWS, nor of the rest of the environment, and the account and
    region of its settings as those of the caller. Context that is missing is not looked up: what the app has committed,
    and its settings, are all there is; the assembly says what it lacks. `egress` are the variables of the way out.
    `packages` keeps the construct libraries that jsii unpacks, which takes seconds and much memory each time.
    Raises BadInput with the last lines of the app's own output, or Unsupported when it needs Docker or a newer CLI.
    """
    home = output.parent / "home"
    environment = {
        **project.settings.variables,
        **program_environment(home, egress),
        **_default_environment(project.settings),
    }
    write_context(home, project.settings)
    environment["CDK_VALIDATION"] = "false"  # what is wrong with a template is for the pipeline's own build to say
    if packages is not None:
        environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(packages)
    environment["TMPDIR"] = str(output.parent)  # where an app that is ended leaves what it had begun to unpack
    with Guardian() as guardian:
        arguments = ("synth", "--quiet", "--no-lookups", "--output", str(output))
        code, said = project.run_cdk(guardian, arguments, folder=source, environment=environment)
    if code == 0 or (_LACKS_CONTEXT in said and (output / "manifest.json").is_file()):
        return
    lines = [line for line in said.strip().splitlines() if not line.endswith(_CLI_EPILOGUE)]
    words = "\n".join(lines[-_LAST_LINES:])
    if "schema version" in words:
        raise Unsupported(f"The project's CDK CLI {project.cdk} is too old for its aws-cdk-lib:\n{words}")
    if wants_docker(said, environment):
        raise Unsupported(
            f"The project bundles with Docker, which this machine does without:\n{words}{way_around(said)}"
        )
    raise BadInput(f"`cdk synth` of the project failed; nothing was started. It says:\n{words}{_advice(project, said)}")


def _advice(project: Project, said: str) -> str:
    """For what a fresh clone lacks."""
    has_node_packages = any((place / "node_modules").is_dir() for place in (project.directory, project.top))
    if _LACKS_NODE_PACKAGES.search(said) and not has_node_packages:
        return f"\nThere is no node_modules in {project.directory}: run `npm ci` there, then run again."
    if _LACKS_PYTHON_PACKAGES.search(said):
        return "\nInstall the app's packages into its .venv, or activate the environment that has them, then run again."
    return ""


def _default_environment(settings: Settings) -> dict[str, str]:
    """As the CDK CLI tells an app whose credentials the user has; the CLI takes the region from AWS's variable.

    Source: "Configure environments to use with the AWS CDK", CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.
    """
    return {
        "CDK_DEFAULT_ACCOUNT": settings.account,
        "CDK_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
    }


def write_context(home: Path, settings: Settings) -> None:
    """Where the CDK CLI reads the user's own context, below that of the app: `~/.cdk.json`.

    Source: "Context values and the AWS CDK".
    """
    if settings.context:
        (home / ".cdk.json").write_text(json.dumps({"context": settings.context}))


def _require_app(folder: Path) -> str:
    """The command that synthesizes it."""
    try:
        content = json.loads((folder / "cdk.json").read_text())
    except ValueError as exc:
        raise BadInput(f"{folder / 'cdk.json'} is not JSON: {exc}.") from exc
    if not isinstance(content, dict) or not content.get("app"):
        raise BadInput(f'{folder / "cdk.json"} names no app: add "app", the command that synthesizes the project.')
    return str(content["app"])


def _require_node() -> None:
    try:
        done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise BadInput(
            f"Node.js {NODE_MINIMUM} or newer is needed, and there is no `node` on the PATH. Install it, then "
            "run again."
        ) from exc
    version = done.stdout.strip().lstrip("v")
    if int(version.split(".")[0]) < NODE_MINIMUM:
        raise BadInput(f"Node.js {NODE_MINIMUM} or newer is needed; `node` is {version}. Install it, then run again.")


def _top(folder: Path) -> Path:
    """Whatever repository a hook of git, which may have started the run, has in its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "rev-parse", "--show-toplevel"]
    try:
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise BadInput("git is needed, and there is no `git` on the PATH. Install it, then run again.") from exc
    if done.returncode != 0:
        raise BadInput(
            f"{folder} is not in a git repository, and the source action packs a commit. Run `git init`, commit, and "
            f"run again. git says: {done.stderr.strip()}"
        )
    return Path(done.stdout.strip()).resolve()


def _find_cdk(folder: Path) -> Path:
    """The project's own CLI, or one on the PATH."""
    for place in (folder, *folder.parents):
        candidate = place / "node_modules" / ".bin" / "cdk"
        if candidate.exists():
            return candidate
    on_path = shutil.which("cdk")
    if on_path:
        return Path(on_path)
    raise BadInput(
        f"The CDK CLI is needed, and there is none in {folder / 'node_modules'} nor on the PATH. "
        "Run `npm install --save-dev aws-cdk` in the project, then run again."
    )
