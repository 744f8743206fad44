"""Starts the Chromium of this machine, without a window. Nothing is downloaded for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_DRIVER = "chromedriver"
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900")


class NoBrowser(Exception):
    """There is none on the PATH; the sentence says what to install."""


@contextmanager
def chromium(*, traced: str = "") -> Iterator[webdriver.Chrome]:
    """`traced`: the categories of trace events that its performance log is to hold. Raises NoBrowser."""
    options = webdriver.ChromeOptions()
    options.binary_location = _program(*_NAMES)
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", **({"performance": "ALL"} if traced else {})})
    if traced:
        logged = {"enableNetwork": False, "enablePage": False, "traceCategories": traced}
        options.add_experimental_option("perfLoggingPrefs", logged)
    started = webdriver.Chrome(options=options, service=Service(_program(_DRIVER)))
    try:
        yield started
    finally:
        started.quit()


def _program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser(
            f"There is no {names[0]} on the PATH. On Debian and Ubuntu: apt-get install chromium chromium-driver"
        )
    return found
