"""How a version's worker is started: its command line and its environment, as Lambda defines them.

It must not start it. Source: "Using Lambda environment variables" (reserved variables).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.aws.lambda_host.bundle import Bundle
from rehearsal.aws.lambda_host.function import FunctionVersion
from rehearsal.aws.lambda_host.logs import LogStream
from rehearsal.aws.lambda_host.worker import WorkerCommand
from rehearsal.errors import Unsupported
from rehearsal.machine.egress import PROXY_VARIABLES
from rehearsal.machine.node_program import known_options, node_program

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_NODE_BOOTSTRAP = Path(__file__).with_name("nodejs") / "bootstrap.cjs"
_SWITCHED_OFF = ("require-module", "detect-module")
_FIRST_WITH_ALL_FEATURES = "nodejs24"
_INHERITED = frozenset({"PATH", *PROXY_VARIABLES})
_NO_DAEMON = "127.0.0.1:2000"  # no segment is sampled, so none is sent
_NO_PORT = "127.0.0.1:9"  # what asks for the runtime API by itself finds nobody: it is a socket here (bootstrap.py)


def is_nodejs(runtime: str) -> bool:
    return runtime.startswith("nodejs")


def require_runtime(version: FunctionVersion) -> None:
    """Raises Unsupported, by name, for a runtime that is neither Python nor Node.js."""
    if not version.runtime.startswith("python") and not is_nodejs(version.runtime):
        runtime = version.runtime or "a container image"
        raise Unsupported(f"{version.function} runs on {runtime}; the local run has Python and Node.js runtimes only.")


def worker_command(
    version: FunctionVersion,
    bundle: Bundle,
    *,
    runtime_api: Path,
    runtime_packages: Path,
    programs: Path,
    base: Mapping[str, str],
    localize: Callable[[str], str],
    stream: LogStream,
    temporary: Path,
) -> WorkerCommand:
    """`base` is the environment of a process with the role's credentials: its AWS_* variables and the way out are
    handed on; the function's own variables come over it. `runtime_packages` is the folder of what the runtime brings,
    `programs` one of programs that stand for the machine's.
    """
    environment = {
        **{name: value for name, value in base.items() if name in _INHERITED or name.startswith("AWS_")},
        **{name: localize(value) for name, value in version.environment.items()},
        **reserved_variables(version, bundle, stream),
        "LAMBDA_RUNTIME_DIR": str(runtime_packages),
        "TMPDIR": str(temporary),
        "HOME": str(temporary),
    }
    layers = os.pathsep.join(map(str, bundle.layers))
    if is_nodejs(version.runtime):
        options = (base.get("NODE_OPTIONS", ""), *node_options(version), environment.get("NODE_OPTIONS", ""))
        environment = {
            **environment,
            "NODE_OPTIONS": " ".join(option for option in options if option),
            **_places_of_nodejs(environment, bundle, runtime_packages, programs),
        }
        arguments = [str(node_program()), str(_NODE_BOOTSTRAP), str(runtime_api), layers]
        return WorkerCommand(arguments, runtime_api, environment, bundle.task)
    # -S, -s and -P: nothing but the standard library; bootstrap.py adds the bundle and the runtime's packages.
    paths = (str(path) for path in (runtime_api, runtime_packages, layers, *bundle.import_paths))
    arguments = [sys.executable, "-S", "-s", "-P", str(_BOOTSTRAP), *paths]
    return WorkerCommand(arguments, runtime_api, environment, bundle.task)


def node_options(version: FunctionVersion) -> list[str]:
    """Lambda switches experimental features off that Node.js 20 and 22 have on, but for those that the function wants.

    Source: "Building Lambda functions with Node.js", experimental features.
    """
    if not is_nodejs(version.runtime) or version.runtime >= _FIRST_WITH_ALL_FEATURES:
        return []
    wanted = version.environment.get("NODE_OPTIONS", "").split()
    known = known_options(tuple(f"--experimental-{feature}" for feature in _SWITCHED_OFF))
    return [option.replace("--", "--no-", 1) for option in sorted(known) if option not in wanted]


def _places_of_nodejs(environment: Mapping[str, str], bundle: Bundle, sdk: Path, programs: Path) -> dict[str, str]:
    """The SDK comes after the packages of the function's layers."""
    own = [path for path in environment.get("NODE_PATH", "").split(os.pathsep) if path]
    return {
        "NODE_PATH": os.pathsep.join([*own, *map(str, bundle.import_paths), str(sdk)]),
        "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",  # the machine's Node.js is told of elsewhere
        "PATH": os.pathsep.join((str(programs), environment.get("PATH", os.defpath))),
    }


def reserved_variables(version: FunctionVersion, bundle: Bundle, stream: LogStream) -> dict[str, str]:
    return {
        "_HANDLER": version.handler,
        "AWS_REGION": version.function.region,
        "AWS_DEFAULT_REGION": version.function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{version.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": version.function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_mib),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": stream.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream.name,
        "AWS_LAMBDA_RUNTIME_API": _NO_PORT,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": _NO_DAEMON,
        "LAMBDA_TASK_ROOT": str(bundle.task),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
