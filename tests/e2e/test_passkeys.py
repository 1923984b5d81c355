"""Passkeys in a real Chromium, whose DevTools lend it an authenticator: made, used alone and as the second step, revoked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.chromium import CHROMIUM, WAIT
from tests.e2e.door import sign_in
from tests.flows.facteur import PASSWORD, Facteur

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with Facteur(tmp_path_factory.mktemp("passkeys") / "data", domain="key.test", people=2, front_processes="1") as facteur:
        yield facteur


@pytest.fixture
def named(house: Facteur, browser: Browser) -> Iterator[Page]:
    """At the name of the house, since keys are kept for names. A fault of a script or of the policy fails the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, base_url=f"http://localhost:{house.ports['http']}", locale="en-GB"
    )
    context.set_default_timeout(WAIT)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    context.close()
    assert not faults


def lend(page: Page, **more: Any) -> tuple[CDPSession, str]:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True} | more})
    return session, made["authenticatorId"]


def make_key(page: Page, name: str) -> None:
    page.goto("/settings/passkeys")
    page.fill("#name", name)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator(".ledger")).to_contain_text(name)


def test_a_passkey_is_made_opens_the_account_and_is_revoked(house: Facteur, named: Page) -> None:
    lend(named)
    sign_in(named, house.addresses[0])
    named.wait_for_url("**/mail/**")
    make_key(named, "This computer")
    named.context.clear_cookies()
    named.goto("/login")
    named.get_by_role("button", name="Use a passkey").click()
    named.wait_for_url("**/mail/**")
    named.goto("/settings/passkeys")
    expect(named.locator(".ledger")).to_contain_text("last used")
    named.locator("summary", has_text="Rename").click()
    named.get_by_label("Name", exact=True).fill("Desk")
    named.get_by_role("button", name="Keep").click()
    expect(named.locator(".ledger")).to_contain_text("Desk")
    named.get_by_role("button", name="Take away Desk").click()
    expect(named.locator(".ledger")).to_have_count(0)
    named.context.clear_cookies()
    named.goto("/login")
    named.get_by_role("button", name="Use a passkey").click()
    expect(named.locator("#passkey-fault")).to_contain_text("was not taken")
    assert "/login" in named.url


def test_a_device_holds_one_passkey_for_an_account(house: Facteur, named: Page) -> None:
    lend(named)
    sign_in(named, house.addresses[1])
    named.wait_for_url("**/mail/**")
    make_key(named, "Once")
    named.fill("#name", "Twice")
    named.get_by_role("button", name="Make a passkey").click()
    expect(named.locator("#passkey-fault")).to_contain_text("already")
    named.context.clear_cookies()
    house.inside("second_step", {"login": house.addresses[1]})
    sign_in(named, house.addresses[1])
    named.wait_for_url("**/settings/code")
    named.get_by_role("button", name="Use a passkey").click()
    named.wait_for_url("**/mail/**")


def test_without_its_owner_the_passkey_is_silent_and_the_password_still_works(house: Facteur, named: Page) -> None:
    session, authenticator = lend(named)
    sign_in(named, house.addresses[0])
    named.wait_for_url("**/mail/**")
    make_key(named, "Mine")
    named.context.clear_cookies()
    named.goto("/login")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    named.get_by_role("button", name="Use a passkey").click()
    expect(named.locator("#passkey-fault")).to_contain_text("No passkey answered")
    named.fill("#login", house.addresses[0])
    named.fill("#password", PASSWORD)
    named.press("#password", "Enter")
    named.wait_for_url("**/mail/**")


def test_the_pages_fit(house: Facteur, named: Page, tmp_path: Path) -> None:
    lend(named)
    sign_in(named, house.addresses[0])
    named.wait_for_url("**/mail/**")
    named.goto("/settings/passkeys")
    for width in (1440, 1024, 390):
        named.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            named.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert named.evaluate("document.documentElement.scrollWidth") <= width
            named.screenshot(path=tmp_path / f"passkeys-{width}-{scheme}.png")
