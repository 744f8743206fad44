"""How a version's worker is started: its command line and its environment, as Lambda defines them.

It must not start it. Source: "Using Lambda environment variables" (reserved variables).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.aws.lambda_host.bundle import Bundle
from rehearsal.aws.lambda_host.function import FunctionVersion
from rehearsal.aws.lambda_host.logs import LogStream
from rehearsal.aws.lambda_host.worker import WorkerCommand
from rehearsal.errors import Unsupported
from rehearsal.machine.egress import PROXY_VARIABLES

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_INHERITED = frozenset({"PATH", *PROXY_VARIABLES})
_NO_DAEMON = "127.0.0.1:2000"  # no segment is sampled, so none is sent
_NO_PORT = "127.0.0.1:9"  # what asks for the runtime API by itself finds nobody: it is a socket here (bootstrap.py)


def require_python(version: FunctionVersion) -> None:
    """Raises Unsupported, by name, for any other runtime."""
    if not version.runtime.startswith("python"):
        runtime = version.runtime or "a container image"
        raise Unsupported(f"{version.function} runs on {runtime}; the local run has Python runtimes only.")


def worker_command(
    version: FunctionVersion,
    bundle: Bundle,
    *,
    runtime_api: Path,
    runtime_packages: Path,
    base: Mapping[str, str],
    localize: Callable[[str], str],
    stream: LogStream,
    temporary: Path,
) -> WorkerCommand:
    """`base` is the environment of a process with the role's credentials: its AWS_* variables and the way out are
    handed on; the function's own variables come over it.
    """
    environment = {
        **{name: value for name, value in base.items() if name in _INHERITED or name.startswith("AWS_")},
        **{name: localize(value) for name, value in version.environment.items()},
        **reserved_variables(version, bundle, stream),
        "LAMBDA_RUNTIME_DIR": str(runtime_packages),
        "TMPDIR": str(temporary),
        "HOME": str(temporary),
    }
    # -S, -s and -P: nothing but the standard library; bootstrap.py adds the bundle and the runtime's packages.
    paths = (str(path) for path in (runtime_api, runtime_packages, *bundle.import_paths))
    arguments = [sys.executable, "-S", "-s", "-P", str(_BOOTSTRAP), *paths]
    return WorkerCommand(arguments, runtime_api, environment, bundle.task)


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
