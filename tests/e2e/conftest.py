"""One browser for a module, a page for each test, and a person at it. Each module brings its own `house`."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.chromium import CHROMIUM, FLAGS, WAIT
from tests.e2e.door import sign_in
from tests.flows.facteur import Facteur


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    driver, *_ = compute_driver_executable()
    tried = subprocess.run([driver, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"Playwright's driver does not start; apt-get install what it names: {tried.stderr.strip()}")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def page(house: Facteur, browser: Browser) -> Iterator[Page]:
    """Nobody is signed in yet. Errors of scripts and breaches of the policy fail the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, base_url=f"http://127.0.0.1:{house.ports['http']}", locale="en-GB"
    )
    context.set_default_timeout(WAIT)
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)
    yield made
    context.close()
    assert not faults


@pytest.fixture
def reader(house: Facteur, page: Page) -> Page:
    """The first person of the house, at their Inbox."""
    sign_in(page, house.addresses[0])
    page.wait_for_url("**/mail/**")
    return page
