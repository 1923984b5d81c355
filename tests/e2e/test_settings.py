"""The person's own pages in a real Chromium: the second step, contacts, a rule, French, keyboard and phone."""

import base64
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mailcore.directory.second_step import code_at
from tests.e2e.chromium import CHROMIUM
from tests.e2e.door import sign_in
from tests.flows.facteur import Facteur, wait_until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with Facteur(tmp_path_factory.mktemp("settings") / "data", domain="set.test", people=2, front_processes="1") as facteur:
        yield facteur


def test_a_rule_is_rehearsed_kept_and_works(house: Facteur, page: Page) -> None:
    raw = b"From: Wren <wren@elsewhere.example>\r\nTo: u0@set.test\r\nSubject: Proofs %d\r\nMessage-ID: <p%d@x.example>\r\n\r\nx\r\n"
    house.receive("wren@elsewhere.example", "u0@set.test", raw % (1, 1))
    wait_until(lambda: len(house.letters("u0@set.test")) == 1, what="the first proofs")
    sign_in(page, house.addresses[0])
    page.wait_for_url("**/mail/**")
    page.goto("/settings/rules/new")
    page.fill("[name=name]", "Proofs")
    page.fill("[name=value]", "wren@")
    page.select_option("[name=folder]", "Archive")
    page.get_by_role("button", name="Rehearse").click()
    expect(page.locator("#rehearsal")).to_contain_text("is filed in Archive")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".ledger")).to_contain_text("Proofs")
    house.receive("wren@elsewhere.example", "u0@set.test", raw % (2, 2))

    def is_filed() -> bool:
        page.goto("/mail/Archive/")
        return page.get_by_text("Proofs 2").count() > 0

    wait_until(is_filed, what="the second proofs in Archive")
    assert len(house.letters("u0@set.test")) == 1


def test_contacts_are_imported_found_and_offered(house: Facteur, page: Page) -> None:
    sign_in(page, house.addresses[0])
    page.wait_for_url("**/mail/**")
    page.goto("/contacts/import")
    card = b"BEGIN:VCARD\nVERSION:4.0\nFN:Marie Lef\xc3\xa8vre\nEMAIL:marie@ormeaux.example\nEND:VCARD\n"
    page.set_input_files("#file", [{"name": "marie.vcf", "mimeType": "text/vcard", "buffer": card}])
    page.get_by_role("button", name="Bring them").click()
    expect(page.get_by_text("1 contact added.")).to_be_visible()
    page.goto("/contacts")
    page.fill(".find--settings input[name=q]", "lef")
    expect(page.locator(".people-list li")).to_have_count(1)
    page.goto("/compose")
    page.fill("#to", "mari")
    expect(page.locator(".people li")).to_contain_text("marie@ormeaux.example")
    page.keyboard.press("Enter")
    expect(page.locator(".chip--to")).to_contain_text("Marie Lefèvre")


def test_settings_are_found_and_speak_french(house: Facteur, page: Page) -> None:
    sign_in(page, house.addresses[0])
    page.wait_for_url("**/mail/**")
    page.goto("/settings")
    page.fill(".find--settings input", "language")
    page.locator("#found a").filter(has_text="Language").last.click()
    page.get_by_label("Français").check()
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("heading", name="Général")).to_be_visible()
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/settings", "/settings/rules/new", "/settings/security", "/settings/programs", "/contacts/new", "/compose"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/settings/general")
    page.get_by_label("English").check()
    page.get_by_role("button", name="Garder").click()
    expect(page.get_by_role("heading", name="General")).to_be_visible()


def test_the_second_step_stands_before_the_door(house: Facteur, page: Page) -> None:
    sign_in(page, house.addresses[1])
    page.wait_for_url("**/mail/**")
    page.goto("/settings/security")
    page.get_by_role("link", name="Set it up").click()
    secret = base64.b32decode(page.locator(".slip code").inner_text().replace(" ", ""))
    assert page.locator(".square svg path").count() > 0
    page.fill("#code", code_at(secret=secret, step=int(time.time() // 30)))
    page.get_by_role("button", name="Switch on").click()
    recovery = page.locator(".codes code").first.inner_text()
    page.context.clear_cookies()
    sign_in(page, house.addresses[1])
    page.wait_for_url("**/settings/code")
    page.fill("#code", recovery)
    page.keyboard.press("Enter")
    page.wait_for_url("**/mail/**")
    expect(page.locator(".toast")).to_contain_text("9 are left")
