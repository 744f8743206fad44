"""The way out, for all that the run starts: a proxy that lets nothing through to AWS.

A build, the app or a function may name an AWS endpoint itself, ignore the one that it was given, or ask for the
metadata of a machine. That is refused, and said by name; all else goes where it wants to, through the user's own proxy
where there is one. A program that heeds no proxy variables passes by; Node.js, whose SDK is such, has a guard of its
own (node_guard.py), and what version 2 of that SDK signs goes to the local AWS (node_sdk_version_2.py). It must not
know what is started.

Source: "AWS service endpoints"; "Use the Instance Metadata Service to access instance metadata".
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from rehearsal.machine.forward_proxy import ForwardProxy
from rehearsal.machine.loop_thread import LoopThread
from rehearsal.machine.node_guard import NODE_GUARD
from rehearsal.machine.node_sdk_version_2 import NODE_SDK_VERSION_2
from rehearsal.machine.user_settings import registry_hosts

# Read by Python and by Node.js alike.
AWS_HOSTS = (
    r"(^|\.)(amazonaws\.com(\.cn)?|amazonaws\.eu|amazonaws-us-gov\.com|api\.aws|on\.aws|aws\.dev"
    r"|amazonwebservices\.com\.cn|(signin|console)\.aws\.amazon\.com)$"
)
METADATA_ADDRESSES = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
_LOOPBACK = "127.0.0.1,localhost,.localhost,::1"
_AWS = re.compile(AWS_HOSTS, re.IGNORECASE)


class Egress:
    """See the module. Use it as a context manager. `folder` takes a file of its own.

    `on_refused` hears once of each host that was refused; `inherited` holds the user's own proxies and registries.
    """

    def __init__(
        self, folder: Path, on_refused: Callable[[str], None], *, inherited: Mapping[str, str] = os.environ
    ) -> None:
        self._guard_file = folder / "aws-is-out-of-reach.cjs"
        self._on_refused = on_refused
        self._registries = registry_hosts(inherited)
        self._proxy = ForwardProxy(self._refusal_of, _proxies(inherited))
        self._loop = LoopThread("egress")
        self._told: set[str] = set()

    def variables(self) -> dict[str, str]:
        """What a child's environment needs; nothing of it is the user's."""
        url = self._proxy.url
        return {
            **{name: _LOOPBACK if name.lower() == "no_proxy" else url for name in PROXY_VARIABLES},
            "NODE_OPTIONS": f'--require "{self._guard_file}"',
        }

    def __enter__(self) -> Egress:
        guard = NODE_GUARD.format(
            pattern=AWS_HOSTS, addresses=json.dumps(METADATA_ADDRESSES), kept=json.dumps(sorted(self._registries))
        )
        self._guard_file.write_text(guard + NODE_SDK_VERSION_2)
        self._loop.__enter__()
        self._loop.run(self._proxy.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.run(self._proxy.stop())
        self._loop.__exit__(kind, error, traceback)

    def _refusal_of(self, host: str) -> str | None:
        name = host.rstrip(".").lower()  # a name that ends in dots is the same name
        is_aws = bool(_AWS.search(name)) and name not in self._registries
        if not is_aws and not _is_metadata(name):
            return None
        if host not in self._told:
            self._told.add(host)
            self._on_refused(host)
        return refusal(host)


def refused_words(host: str) -> str:
    """What the person at the terminal is told."""
    return f"Something that the run started wanted to reach {host}, which is AWS's, and was refused."


def refusal(host: str) -> str:
    """What whoever asked is told, wherever it is caught."""
    return (
        f"The rehearsal lets nothing reach AWS, and {host} is AWS's. Call the local AWS in its place: leave out the "
        "endpoint, or use the one of AWS_ENDPOINT_URL."
    )


def _proxies(inherited: Mapping[str, str]) -> dict[str, str]:
    found = {name.lower(): value for name, value in inherited.items() if value}
    return {name: found[f"{name}_proxy"] for name in ("http", "https", "no") if f"{name}_proxy" in found}


def _is_metadata(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return str(getattr(address, "ipv4_mapped", None) or address) in METADATA_ADDRESSES
