"""The end-to-end tests, run in this process against the service in it, which may have been broken on purpose.

It must not change what a story does: all that differs from a deployed stage is the environment, and that nobody has to
wait for anything.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from integ import deadline
from tests.integ.mutations import Mutation
from tests.integ.service_in_process import EVENTS, ORDERS, STREAM, Service

ROOT = Path(__file__).parents[2]
OPTIONS = (
    *("-q", "--rootdir", str(ROOT), "--ignore=integ/gauntlet", "--tb=line", "--capture=no", "-p", "no:cacheprovider"),
    # What these two see, they see at the end of the tests that run this, too.
    *("-p", "no:faulthandler", "-p", "no:logging", "-p", "no:unraisableexception", "-p", "no:threadexception"),
)


@dataclass
class Run:
    """A plugin of pytest: the stories that were found, and why those of them failed that did ("call: …").

    A story's name is "test_x.py::test_y", that of an item "test_x.py::test_y[z]", where it has parameters.
    `more_claims` is what stories are made to claim, beside what they claim themselves.
    """

    service: Service | None = None
    mutations: Mapping[str, Mutation] | None = None
    more_claims: Mapping[str, str] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    claims: dict[str, set[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    output: str = ""

    @property
    def stories(self) -> set[str]:
        return {story_of(item) for item in self.items}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.mutations is not None:
            items[:] = [item for item in items if story_of(_name(item.nodeid)) in self.mutations]
        for item in items:
            name = _name(item.nodeid)
            if story_of(name) in self.more_claims:
                item.add_marker(pytest.mark.keeps(self.more_claims[story_of(name)]))
            self.items.append(name)
            self.claims[name] = {promise for mark in item.iter_markers("keeps") for promise in mark.args}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        assert self.service is not None
        names = getattr(item, "fixturenames", ())
        self.service.has_fleet, self.service.has_subscriber = "fleet" in names, "subscriber" in names
        with pytest.MonkeyPatch.context() as patch:
            if self.mutations is not None:
                self.mutations[story_of(_name(item.nodeid))](patch, self.service)
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.setdefault(_name(report.nodeid), f"{report.when}: {report.longreprtext}")


def story_of(item: str) -> str:
    return item.partition("[")[0]


def collected() -> Run:
    """The stories, none of them run."""
    return _run(Run(), "--collect-only")


def run(
    service: Service,
    url: str,
    mutations: Mapping[str, Mutation] | None = None,
    *,
    claims: Mapping[str, str] | None = None,
) -> Run:
    """Runs all stories, or those for which there is a mutation: each against a service that is broken so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadline, "DEADLINE_SECONDS", 0)  # whatever is to happen has happened
        for name, value in {
            "API_URL": url,
            "E2E_ROLE_ARN": "arn:aws:iam::123456789012:role/acs-e2e-staging",
            "STAGE_REGION": "eu-west-1",
            "TELEMETRY_STREAM_NAME": STREAM,
            "MAINTENANCE_QUEUE_NAME": ORDERS,
            "E2E_EVENTS_QUEUE_NAME": EVENTS,
        }.items():
            patch.setenv(name, value)
        return _run(Run(service, mutations, claims or {}))


def _run(run: Run, *options: str) -> Run:
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as output:
        patch.chdir(ROOT)
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
            patch.delenv(name, raising=False)
        pytest.main([*OPTIONS, *options, "integ"], plugins=[run])
    run.output = output.getvalue()
    return run


def _name(node_id: str) -> str:
    return node_id.removeprefix("integ/")
