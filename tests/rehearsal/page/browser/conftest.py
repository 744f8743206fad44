"""A real Chromium, the page's server, and the packages that both need."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import rehearsal.page
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.npm_packages import node_modules
from tests.rehearsal.page.browser.site import Site

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900")


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"There is no {names[0]} on the PATH: apt-get install chromium chromium-driver", pytrace=False)
    return found


@pytest.fixture(scope="session")
def chart(request: pytest.FixtureRequest) -> Path:
    lock = Path(rehearsal.page.__file__).with_name("package-lock.json")
    return node_modules(lock, request.config.cache.mkdir("npm")) / "uplot" / "dist"


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    lock = Path(__file__).with_name("package-lock.json")
    return (node_modules(lock, request.config.cache.mkdir("npm")) / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = _program(*_NAMES)
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(_program("chromedriver")))
    try:
        yield started
    finally:
        started.quit()


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
