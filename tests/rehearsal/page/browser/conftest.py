"""A real Chromium, the page's server, and the packages of npm that both need, kept in pytest's own cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from rehearsal.machine.npm import fetch_packages, kept_packages, npm_install
from rehearsal.page.chart import chart_folder
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.chromium import NoBrowser, chromium
from tests.rehearsal.page.browser.site import Site

_AXE_LOCK = Path(__file__).with_name("package-lock.json")


@pytest.fixture(scope="session")
def npm_cache(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.cache.mkdir("npm"))


@pytest.fixture(scope="session")
def chart(npm_cache: Path) -> Path:
    return chart_folder(npm_cache)


@pytest.fixture(scope="session")
def axe(npm_cache: Path) -> str:
    """The source of axe-core, which checks a page's accessibility."""
    kept = kept_packages(_AXE_LOCK, npm_cache)
    if not kept.is_dir():
        fetch_packages(_AXE_LOCK, npm_cache, npm_install("axe-core"))
    return (kept / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    try:
        with chromium() as started:
            yield started
    except NoBrowser as exc:
        pytest.fail(str(exc), pytrace=False)


@pytest.fixture
def browser(driver: webdriver.Chrome) -> Iterator[Browser]:
    """A browser with one tab. What its console complains about fails the test."""
    made = Browser(driver)
    made.show()
    made.complaints()
    yield made
    complaints = made.complaints()
    first, *others = driver.window_handles
    for tab in others:
        driver.switch_to.window(tab)
        driver.close()
    driver.switch_to.window(first)
    driver.get("about:blank")
    assert complaints == []


@pytest.fixture
def site(tmp_path: Path, chart: Path) -> Iterator[Site]:
    with Site(tmp_path, chart) as served:
        yield served
