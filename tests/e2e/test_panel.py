"""The administrator's jobs in a real Chromium: a domain and its people, the queue, a journey, the quarantine, and every page small."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config.environment import BASE
from tests.e2e.chromium import CHROMIUM
from tests.e2e.door import sign_in
from tests.e2e.test_every_page import NAMELESS, PHONE, STICKS_OUT, TWICE
from tests.flows.facteur import PASSWORD, Facteur, wait_until

pytestmark = pytest.mark.processes
RAW = b"From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@panel.example>\r\n\r\nThe text itself.\r\n"
PAGES = (
    "", "queue", "queue?state=all", "journey", "route", "quarantine", "policies", "policies?for=pan.test", "policies?for=u0@pan.test",
    "policies?for=nowhere.test", "reports", "domains", "domains/new", "mailboxes", "mailboxes/new", "mailboxes/import", "aliases",
    "aliases/new", "administrators", "keys", "webhooks", "archive", "audit", "password", "routes", "certificates", "nowhere",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    # A host that nothing answers on: what goes there waits.
    with Facteur(tmp_path_factory.mktemp("panel") / "data", domain="pan.test", people=2, routes="far.test=127.0.0.1:1") as facteur:
        ask = [sys.executable, str(BASE / "manage.py"), "administrator", "add", "rooter", "--password-stdin"]
        subprocess.run(ask, env=facteur.environ, input=f"{PASSWORD}\n", text=True, check=True, timeout=60, stdout=subprocess.DEVNULL)
        yield facteur


@pytest.fixture
def panel(page: Page) -> Page:
    sign_in(page, "rooter")
    page.wait_for_url("**/panel/**")
    return page


def write(sender: str, recipient: str, subject: str) -> bytes:
    texts = (sender, recipient, subject, re.sub(r"\W", "", subject))
    return RAW % tuple(text.encode() for text in texts)


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def test_a_domain_a_mailbox_an_alias_and_a_suspension(house: Facteur, panel: Page) -> None:
    panel.goto("/panel/domains/new")
    panel.fill("[name=name]", "atelier.test")
    press(panel, "Add")
    expect(panel.get_by_role("main")).to_contain_text("atelier.test")
    panel.goto("/panel/mailboxes/new")
    panel.fill("[name=address]", "lou@atelier.test")
    panel.fill("[name=password]", "short")
    press(panel, "Add")
    expect(panel.locator("#id_password_error")).to_contain_text("at least")
    panel.fill("[name=password]", PASSWORD)
    press(panel, "Add")
    expect(panel.get_by_text("lou@atelier.test is ready.")).to_be_visible()
    panel.goto("/panel/aliases/new")
    panel.fill("[name=address]", "team@atelier.test")
    panel.fill("[name=targets]", "lou@atelier.test")
    press(panel, "Add")
    expect(panel.get_by_role("main")).to_contain_text("team@atelier.test")
    house.receive("x@elsewhere.example", "team@atelier.test", write("x@elsewhere.example", "team@atelier.test", "To the team"))
    wait_until(lambda: len(house.letters("lou@atelier.test")) == 1, what="the letter to the team")
    panel.goto("/panel/mailboxes?q=lou")
    panel.locator("main .table a").first.click()
    press(panel, "Suspend")
    expect(panel.get_by_text("lou@atelier.test is suspended")).to_be_visible()
    press(panel, "Open again")
    expect(panel.get_by_text("lou@atelier.test is open.")).to_be_visible()


def test_what_waits_is_held_released_tried_again_and_its_journey_told(house: Facteur, panel: Page) -> None:
    house.submit("u0@pan.test", "pat@far.test", write("u0@pan.test", "pat@far.test", "Waiting"))

    def is_deferred() -> bool:
        panel.goto("/panel/queue?state=deferred&q=pat@far.test")
        return panel.locator("[name=pick]").count() == 1

    wait_until(is_deferred, what="the message put off")
    trace = panel.locator("[name=pick]").get_attribute("value") or ""
    for button, said in (("Hold", "1 message held."), ("Release", "1 message released."), ("Try now", "1 message tried now.")):
        panel.goto("/panel/queue?state=all&q=pat@far.test")
        panel.locator("[name=pick]").check()
        panel.locator(".bulk").get_by_role("button", name=button).click()
        expect(panel.get_by_text(said)).to_be_visible()
    panel.goto(f"/panel/journey/{trace}")
    for words in ("held by rooter", "released by rooter", "pat@far.test"):
        expect(panel.locator(".journey")).to_contain_text(words)


def test_a_line_is_put_on_a_list(house: Facteur, panel: Page) -> None:
    panel.goto("/panel/policies?for=pan.test")
    panel.fill("[name=pattern]", "odd@@example")
    press(panel, "Add the line")
    expect(panel.locator("#id_pattern_error")).to_be_visible()
    panel.fill("[name=pattern]", "odd.example")
    panel.select_option("[name=act]", "hold")
    press(panel, "Add the line")
    expect(panel.get_by_role("cell", name="odd.example", exact=True)).to_be_visible()


def test_the_quarantine_shows_the_head_and_lets_go(house: Facteur, panel: Page) -> None:
    house.submit("u1@pan.test", "kim@far.test", write("u1@pan.test", "kim@far.test", "A strange offer"))

    def is_there() -> bool:
        panel.goto("/panel/queue?state=all&q=kim@far.test")
        return panel.locator("[name=pick]").count() == 1

    wait_until(is_there, what="the message in the queue")
    panel.locator("[name=pick]").check()
    panel.locator(".bulk").get_by_role("button", name="Hold").click()
    panel.goto("/panel/quarantine")
    panel.get_by_role("link", name="A strange offer").click()
    expect(panel.locator(".head-lines")).to_contain_text("From: u1@pan.test")
    expect(panel.get_by_role("main")).to_contain_text("held by rooter")
    expect(panel.get_by_text("The text itself.")).to_have_count(0)
    press(panel, "Release")
    expect(panel.get_by_text("is released and on its way.")).to_be_visible()
    expect(panel.get_by_role("link", name="A strange offer")).to_have_count(0)


def test_a_person_s_browser_is_signed_out(house: Facteur, panel: Page) -> None:
    assert panel.context.browser is not None
    other = panel.context.browser.new_context(base_url=f"http://127.0.0.1:{house.ports['http']}")
    person = other.new_page()
    sign_in(person, "u0@pan.test")
    person.wait_for_url("**/mail/**")
    panel.goto("/panel/mailboxes?q=u0@pan.test")
    panel.locator("main .table a").first.click()
    press(panel, "Sign out Chrome")
    expect(panel.get_by_text("That browser is signed out.")).to_be_visible()
    person.goto("/mail/INBOX/")
    assert "/login" in person.url
    other.close()


@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
def test_on_a_telephone_nothing_sticks_out_and_everything_has_a_name(house: Facteur, panel: Page, language: str) -> None:
    panel.set_extra_http_headers({"Accept-Language": language})
    panel.set_viewport_size(PHONE)
    faults = []
    for path in PAGES:
        panel.goto(f"/panel/{path}")
        faults += [(path, what) for check in (STICKS_OUT, NAMELESS, TWICE) for what in panel.evaluate(check)]
        if (titles := panel.locator("h1:visible").count()) != 1:
            faults.append((path, f"{titles} headings of the first rank"))
        # What scrolls by itself hides what is beyond its edge, and nothing tells.
        faults += [(path, f"{one} is cut") for one in panel.evaluate(CUT)]
    assert not faults


CUT = """() => [...document.querySelectorAll('main .scroll')].filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.querySelector('table')?.className || 'something')"""
