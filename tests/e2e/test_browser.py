"""A person at the webmail in a real Chromium, over the real servers: mail arrives by itself, is read and answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chromium import CHROMIUM, WAIT
from tests.flows.facteur import Facteur, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("reader")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with Facteur(tmp_path_factory.mktemp("e2e") / "data", domain="e2e.test", people=2, front_processes="1") as facteur:
        yield facteur


def _raw(subject: str, body: str) -> bytes:
    message_id = f"<{subject.replace(' ', '-')}@elsewhere.example>"
    head = f"From: Wren <wren@elsewhere.example>\r\nTo: u0@e2e.test\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
    return (head + "Content-Type: text/html; charset=utf-8\r\n\r\n" + body + "\r\n").encode()


def test_mail_appears_by_itself_and_its_scripts_do_nothing(house: Facteur, page: Page) -> None:
    page.wait_for_timeout(1_000)
    body = "<p>The <b>proofs</b> are here.</p><script>top.document.title='taken'</script><img src=x onerror=\"top.document.title='taken'\">"
    house.receive("wren@elsewhere.example", "u0@e2e.test", _raw("Proofs by themselves", body))
    expect(page.get_by_text("Proofs by themselves").first).to_be_visible(timeout=WAIT)
    page.get_by_role("link", name="Wren").first.click()
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_text("proofs")).to_be_visible(timeout=WAIT)
    assert "taken" not in page.title()


def test_a_reply_reaches_the_neighbour(house: Facteur, page: Page) -> None:
    page.goto("/compose")
    page.fill("#to", "nobody-here@e2e.test")
    page.fill("#subject", "Across the landing")
    sheet = page.frame_locator("iframe.sheet-frame").locator("body")
    sheet.click()
    page.keyboard.type("Is the kettle on?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#to-fault")).to_be_visible(timeout=WAIT)
    expect(sheet).to_contain_text("Is the kettle on?")
    page.get_by_role("button", name="Remove nobody-here@e2e.test").click()
    page.fill("#to", "u1@e2e.test")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_until(
        lambda: any(b"Across the landing" in header for header in house.letters("u1@e2e.test")), what="the letter at the neighbour's"
    )


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_sticks_out_of_the_window(page: Page, width: int, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/mail/INBOX/", "/compose", "/settings", "/mail/search?q=proofs"):
        page.goto(path)
        page.screenshot(path=tmp_path / "page.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
