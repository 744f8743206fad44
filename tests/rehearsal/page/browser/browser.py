"""A browser as a person uses it: what is seen, clicked and typed. It must not know what the page is made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

DEADLINE_SECONDS = 15.0
_POLL_SECONDS = 0.05
T = TypeVar("T")


class Browser:
    """`driver` is for what has no word here."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def show(self, *, width: int = 1440, height: int = 900, scheme: str = "light", is_still: bool = False) -> None:
        """`scheme` is light or dark; `is_still` asks for less motion."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if is_still else "no-preference"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, url: str) -> None:
        """Opens the page, and waits until it has drawn what is known."""
        self.driver.get(url)
        self.until(
            lambda: self.script("return document.body.getAttribute('aria-busy') === 'false'"), "the first drawing"
        )

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        """The first one that is seen; waits for it."""
        found: WebElement = self.until(lambda: next((one for one in self.all(css) if one.is_displayed()), None), css)
        return found

    def text(self, css: str) -> str:
        """What is seen of it, in lines."""
        return str(self.until(lambda: [self.one(css).text], css)[0])

    def texts(self, css: str) -> list[str]:
        return list(self.until(lambda: [[found.text for found in self.all(css)]], css)[0])

    def wait_text(self, css: str, part: str) -> str:
        """Waits until it says that; answers all that it says."""
        return str(self.until(lambda: (said := self.text(css)) and part in said and said, f"{part!r} in {css}"))

    def words(self, css: str) -> list[str]:
        """As `texts`, without the places where a name may break."""
        return [text.replace("\u200b", "") for text in self.texts(css)]

    def button(self, name: str) -> WebElement:
        """The button with that accessible name."""
        found: WebElement = self.until(
            lambda: next((b for b in self.all("button") if b.is_displayed() and b.accessible_name == name), None),
            f"the button {name!r}",
        )
        return found

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab(self, *, is_back: bool = False) -> WebElement:
        """Goes to what is next for the keyboard; answers it."""
        actions = ActionChains(self.driver)
        if is_back:
            actions.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        else:
            actions.send_keys(Keys.TAB).perform()
        return self.focused

    @property
    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def new_tab(self) -> str:
        self.driver.switch_to.new_window("tab")
        return self.driver.current_window_handle

    def until(self, found: Callable[[], T], what: str, *, seconds: float = DEADLINE_SECONDS) -> Any:
        """What `found` answers, as soon as that is something."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = found()
            except StaleElementReferenceException:  # drawn anew in that moment
                answer = None
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"Not within {seconds:g} s: {what}. The page says:\n{self._said()}")
            time.sleep(_POLL_SECONDS)

    def complaints(self) -> list[str]:
        """The errors that the console holds since it was last asked, but for answers of the server that are no good."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(e["message"]) for e in entries if e["level"] == "SEVERE" and e["source"] != "network"]

    def _said(self) -> str:
        return str(self.script("return document.body.innerText"))[:2000]
