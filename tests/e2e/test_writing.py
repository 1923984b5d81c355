"""Writing in a real Chromium: chips, formatted text, pictures, a draft that survives, undo, and the docked form."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chromium import CHROMIUM
from tests.flows.facteur import Facteur, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("reader")]
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    with Facteur(tmp_path_factory.mktemp("writing") / "data", domain="write.test", people=2, front_processes="1") as facteur:
        yield facteur


def address_chips(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".chip--to .cut").all_inner_texts()]


def test_a_formatted_letter_reaches_the_neighbour(house: Facteur, page: Page) -> None:
    page.goto("/compose")
    page.fill("#to", "nobody-here@write.test")
    page.press("#to", "Enter")
    page.fill("#to", "u1@write.test, x@elsewhere.example")
    page.press("#to", "Enter")
    assert address_chips(page) == ["nobody-here@write.test", "u1@write.test", "x@elsewhere.example"]
    expect(page.locator(".chip--warn")).to_have_count(1)
    page.press("#to", "Backspace")
    page.get_by_role("button", name="Remove nobody-here@write.test").click()
    page.fill("#subject", "Across the landing")
    sheet = page.frame_locator("iframe.sheet-frame").locator("body")
    sheet.click()
    page.keyboard.type("Is the ")
    page.keyboard.press("Control+b")
    page.keyboard.type("kettle")
    page.keyboard.press("Control+b")
    page.keyboard.type(" on?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Sent")
    wait_until(lambda: any(b"Across the landing" in one for one in house.letters("u1@write.test")), what="the letter at the neighbour's")


def test_a_draft_survives_the_window(house: Facteur, page: Page) -> None:
    page.goto("/compose")
    page.fill("#subject", "Unfinished")
    page.frame_locator("iframe.sheet-frame").locator("body").click()
    page.keyboard.type("Half a sentence")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.keyboard.type(" and more")
    page.goto("/mail/Drafts/")
    page.locator(".rows .row .who").first.click()
    docked = page.locator(".composer--docked")
    expect(docked.frame_locator("iframe.sheet-frame").locator("body")).to_contain_text("Half a sentence and more")
    docked.get_by_title("Throw the draft away").click()
    expect(docked).to_have_count(0)


def test_files_and_pictures_are_sent_at_once(house: Facteur, page: Page) -> None:
    page.goto("/compose")
    page.fill("#to", "u1@write.test")
    page.set_input_files("input[name=files]", [{"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" * 2_000}])
    expect(page.locator(".enclosure")).to_contain_text("plan.pdf")
    with page.expect_file_chooser() as chooser:
        page.get_by_title("Picture").click()
    chooser.value.set_files([{"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL}])
    picture = page.frame_locator("iframe.sheet-frame").locator("img")
    expect(picture).to_have_count(1)
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    page.fill("#subject", "A dot and a plan")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_until(lambda: any(b"A dot and a plan" in one for one in house.letters("u1@write.test")), what="the plan at the neighbour's")


def test_a_forgotten_file_is_asked_for_and_sending_is_undone(page: Page) -> None:
    page.goto("/compose")
    page.fill("#to", "u1@write.test")
    page.fill("#subject", "The attached plan")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("You mention an attachment")).to_be_visible()
    page.get_by_role("button", name="Send as it is").click()
    page.locator(".toast button", has_text="Undo").click()
    page.wait_for_url("**/compose?draft=**")
    assert page.input_value("#subject") == "The attached plan"
    page.get_by_title("Throw the draft away").first.click()


def test_letters_are_written_docked_over_the_mail(house: Facteur, page: Page) -> None:
    page.goto("/mail/INBOX/")
    page.locator(".side .btn--post").click()
    docked = page.locator(".composer--docked")
    docked.locator(".chips input").first.fill("u1@write.test")
    docked.locator("input.subject").fill("Docked")
    docked.frame_locator("iframe.sheet-frame").locator("body").click()
    page.keyboard.type("Written over the list")
    expect(docked.locator("[data-saved]")).to_contain_text("Saved")
    page.goto("/mail/Sent/")
    expect(page.locator(".composer--docked input.subject")).to_have_value("Docked")
    assert page.evaluate("document.activeElement.closest('[data-composer]')") is None, "what comes back takes the keyboard"
    page.locator(".composer--docked").get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Sent")
    expect(page.locator(".composer--docked")).to_have_count(0)
    wait_until(lambda: any(b"Docked" in one for one in house.letters("u1@write.test")), what="the docked letter")


def test_what_is_pasted_cannot_act(page: Page) -> None:
    page.goto("/compose")
    sheet = page.frame_locator("iframe.sheet-frame").locator("body")
    sheet.click()
    sheet.evaluate(
        """(body) => {
            const data = new DataTransfer();
            data.setData("text/html", '<b>kept</b><img src=x onerror="parent.document.title=1"><script>parent.title=2</'+'script>');
            body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(sheet.locator("b")).to_have_text("kept")
    assert "onerror" not in sheet.inner_html() and "script" not in sheet.inner_html() and page.title().startswith("New message")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_of_the_form_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/compose", "/settings", "/settings/general", "/settings/identities/new", "/compose/scheduled"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
