"""Lists, conversations, search and folders in a real Chromium: by mouse, by keyboard, while mail arrives, and without scripts."""

import imaplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.chromium import CHROMIUM
from tests.e2e.door import sign_in
from tests.flows.facteur import PASSWORD, Facteur

MANY = 130

expect.set_options(timeout=15_000)

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("reader")]


def raw(subject: str, text: str, *, sender: str = "Wren <wren@elsewhere.example>", more: str = "") -> bytes:
    head = f"From: {sender}\r\nTo: u0@read.test\r\nSubject: {subject}\r\nMessage-ID: <{abs(hash((subject, text)))}@x.example>\r\n{more}"
    return f"{head}\r\n{text}\r\n".encode()


def put(house: Facteur, subject: str, text: str) -> None:
    """As another mail program does."""
    with imaplib.IMAP4_SSL("127.0.0.1", house.ports["imaps"], timeout=60) as filler:
        filler.login(house.addresses[0], PASSWORD)
        filler.append("INBOX", "", None, raw(subject, text))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with Facteur(tmp_path_factory.mktemp("read") / "data", domain="read.test", people=1, front_processes="1") as facteur:
        with imaplib.IMAP4_SSL("127.0.0.1", facteur.ports["imaps"], timeout=60) as filler:
            filler.login(facteur.addresses[0], PASSWORD)
            filler.create("Paper")
            for number in range(MANY):
                filler.append(
                    "INBOX", "", f'"{1 + number // 28:02}-Oct-2026 08:{number % 60:02}:00 +0000"', raw(f"Sheet {number:03}", "oak and ink")
                )
            thread = "References: <root@x.example>\r\n"
            filler.append("INBOX", "", None, raw("Re: Span", "The middle", more=thread))
            filler.append("INBOX", "", None, raw("Re: Span", "Last word", more=thread))
        yield facteur


def row(page: Page, subject: str) -> str:
    return f'.rows .row:has(.what:text-is("{subject}"))'


def test_the_list_goes_on_to_its_end(page: Page) -> None:
    for _ in range(80):
        page.evaluate("document.getElementById('rows').scrollTo(0, 1e9)")
        page.wait_for_timeout(250)
        if page.locator(row(page, "Sheet 000")).count():
            break
    expect(page.locator(row(page, "Sheet 000"))).to_have_count(1)
    references = page.locator(".rows .row").evaluate_all("rows => rows.map(row => row.dataset.ref)")
    assert len(references) == len(set(references)) >= MANY
    expect(page.locator(".rows .more")).to_have_count(0)


def test_archived_by_key_and_brought_back(page: Page) -> None:
    page.click(row(page, "Sheet 129"))
    expect(page.locator("#main h1")).to_have_text("Sheet 129")
    page.keyboard.press("e")
    expect(page.locator(row(page, "Sheet 129"))).to_have_count(0)
    expect(page.get_by_text("1 message archived")).to_be_visible()
    assert page.url.endswith("/mail/INBOX/")
    page.keyboard.press("z")
    expect(page.locator(row(page, "Sheet 129"))).to_have_count(1)


def test_mail_arrives_while_a_row_is_ticked_and_focused(house: Facteur, page: Page) -> None:
    with page.expect_response("**/push"):
        page.reload()
    page.wait_for_timeout(2_000)
    page.locator(row(page, "Sheet 119")).locator(".check").check(force=True)
    page.locator(row(page, "Sheet 118")).locator(".who").focus()
    put(house, "Proof by push", "New")
    expect(page.locator(row(page, "Proof by push"))).to_be_visible()
    expect(page.locator(row(page, "Sheet 119")).locator(".check")).to_be_checked()
    assert page.evaluate("document.activeElement.closest('.row').querySelector('.what').textContent") == "Sheet 118"


def test_ranges_and_everything_with_undo(page: Page) -> None:
    boxes = page.locator(".rows .row .check")
    boxes.nth(2).check(force=True)
    boxes.nth(5).click(force=True, modifiers=["Shift"])
    expect(page.locator("#picked")).to_have_text("4")
    page.keyboard.press("Escape")
    expect(page.locator(".rows .row .check:checked")).to_have_count(0)
    page.click("#select-all")
    page.click("[data-picks-all]")
    page.click('.toolbar--bulk [value="archive"]')
    expect(page.get_by_text("Everything is sorted")).to_be_visible()
    page.click("#undo")
    expect(page.locator(row(page, "Sheet 126"))).to_be_visible()


DRAG = """([reference, folder]) => {
    const row = document.querySelector(`.rows .row[data-ref="${reference}"]`), data = new DataTransfer();
    const target = document.querySelector(`.nav [data-folder="${folder}"]`);
    const fire = (one, kind) => one.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
    row.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    fire(row, "dragstart"); fire(target, "dragenter"); fire(target, "dragover"); fire(target, "drop"); fire(row, "dragend");
}"""
"""The events a browser sends; its own dragging cannot be driven without a screen."""


def test_a_row_is_dragged_to_a_folder(page: Page) -> None:
    reference = page.locator(row(page, "Sheet 125")).get_attribute("data-ref")
    page.evaluate(DRAG, [reference, "Paper"])
    expect(page.get_by_text("moved to Paper")).to_be_visible()
    expect(page.locator(row(page, "Sheet 125"))).to_have_count(0)
    page.click('.nav [data-folder="Paper"]')
    expect(page.locator(row(page, "Sheet 125"))).to_be_visible()


def test_a_conversation_opens_folded_and_unfolds(page: Page) -> None:
    page.click(row(page, "Re: Span"))
    expect(page.locator("#main")).to_contain_text("2 messages")
    page.reload()
    expect(page.locator("#main .card")).to_have_count(1)
    page.click("#main .card-line")
    expect(page.locator("#main .msg")).to_have_count(2)
    expect(page.locator("#main")).to_contain_text("The middle")


def test_search_follows_what_is_typed(page: Page) -> None:
    page.goto("/mail/search")
    page.type("#find", 'subject:"sheet 01', delay=20)
    expect(page.locator(".rows .row")).to_have_count(10)
    expect(page.locator(".rows mark").first).to_have_text("Sheet 01")
    page.type("#find", '3"')
    expect(page.locator(".rows .row")).to_have_count(1)
    page.click(".rows .row .who")
    expect(page.locator("#main h1")).to_have_text("Sheet 013")
    page.click("details.picker:has([form=save-search]) > summary")
    page.fill("[form=save-search][name=name]", "Thirteen")
    page.click("button[form=save-search]")
    expect(page.locator(".nav").get_by_text("Thirteen")).to_be_visible()


def test_keys_are_shown_and_menus_obey_them(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("#verbs")).to_be_visible()
    page.keyboard.press("v")
    page.keyboard.type("pap")
    expect(page.locator('#verbs [value="move:Paper"]')).to_be_visible()
    expect(page.locator('#verbs [value="move:Drafts"]')).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#verbs details[open]")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("layout", ["right", "below", "off"])
def test_no_page_sticks_out(page: Page, width: int, layout: str, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    base = page.url.split("/mail/")[0]
    page.context.add_cookies([{"name": "layout", "value": layout, "url": base}])
    message = page.locator(".rows .row .who").first.get_attribute("href") or ""
    paths = (
        "/mail/INBOX/",
        message,
        "/mail/search?q=oak",
        "/mail/folders",
        "/mail/Paper/properties",
        "/mail/labels",
        "/mail/space",
        f"{message}details",
    )
    for path in paths:
        page.goto(base + path)
        page.screenshot(path=tmp_path / "page.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_main_jobs_without_scripts(house: Facteur, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=f"http://127.0.0.1:{house.ports['http']}", locale="en-GB")
    page = context.new_page()
    sign_in(page, house.addresses[0])
    page.check('.rows .row:has(.what:text-is("Sheet 120")) .check', force=True)
    page.click('.toolbar--bulk [value="archive"]')
    expect(page.get_by_text("1 message archived")).to_be_visible()
    page.click("#undo")
    expect(page.locator(row(page, "Sheet 120"))).to_be_visible()
    page.click(f"{row(page, 'Sheet 120')} .who")
    expect(page.locator("#main")).to_contain_text("oak and ink")
    page.fill("#find", 'subject:"sheet 119"')
    page.press("#find", "Enter")
    expect(page.locator(".rows .row")).to_have_count(1)
    page.goto("/mail/folders")
    page.fill("#new-name", "By hand")
    page.click(".make-folder button")
    expect(page.locator("h1")).to_have_text("By hand")
    context.close()
