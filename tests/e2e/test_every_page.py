"""Every main page on a telephone: nothing sticks out, everything has a name. In both languages, since French is longer."""

import imaplib
import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page

from tests.e2e.chromium import CHROMIUM
from tests.flows.facteur import PASSWORD, Facteur

pytestmark = pytest.mark.processes
PHONE = {"width": 390, "height": 844}
PAGES = (
    "/mail/INBOX/",
    "/mail/INBOX/1/",
    "/mail/INBOX/2/",
    "/mail/INBOX/1/details",
    "/mail/INBOX/1/explain",
    "/mail/INBOX/1/print",
    "/mail/INBOX/1/part/0/view",
    "/mail/INBOX/2/list",
    "/mail/Drafts/",
    "/mail/Nowhere/",
    "/nowhere",
    "/mail/search",
    "/mail/search?q=bridge",
    "/mail/search?q=nothing-of-the-kind+from:nobody",
    "/mail/folders",
    "/mail/Paper/properties",
    "/mail/labels",
    "/mail/space",
    "/mail/deleted",
    "/compose",
    "/compose?mode=all&folder=INBOX&uid=2",
    "/compose/redirect/INBOX/1",
    "/compose/scheduled",
    "/contacts",
    "/contacts/new",
    "/contacts/import",
    "/contacts/duplicates",
    "/contacts/collected",
    "/settings",
    "/settings?q=language",
    "/settings/general",
    "/settings/reading",
    "/settings/writing",
    "/settings/rules",
    "/settings/rules/new",
    "/settings/rules/sieve",
    "/settings/away",
    "/settings/forwarding",
    "/settings/silenced",
    "/settings/accounts",
    "/settings/accounts/new",
    "/settings/identities",
    "/settings/identities/new",
    "/settings/templates",
    "/settings/templates/new",
    "/settings/security",
    "/settings/second-step",
    "/settings/programs",
    "/settings/sessions",
)
STICKS_OUT = """() => [document.documentElement, ...document.querySelectorAll('.page, .rows, .thread, .list, .composer')]
    .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
    .map(one => `${one.tagName}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""
NAMELESS = """() => {
    const said = (one) => one.getAttribute('aria-label')?.trim() || one.title.trim() || one.textContent.trim()
        || [...(one.getAttribute('aria-labelledby') || '').split(' ')].map(id => document.getElementById(id)?.textContent.trim()).join('')
        || [...(one.labels || [])].map(label => label.textContent.trim()).join('');
    const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, meter, progress, dialog[open]';
    const nameless = [...document.querySelectorAll(controls)].filter(one => one.checkVisibility() && !said(one));
    const images = [...document.querySelectorAll('img:not([alt])')];
    return [...nameless, ...images].map(one => one.outerHTML.slice(0, 140));
}"""
TWICE = (
    "() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id); return ids.filter((id, at) => ids.indexOf(id) != at); }"
)


def _letter(subject: str, *, html: str = "", **fields: str) -> bytes:
    letter = EmailMessage()
    letter["From"] = "Ingrid Solheim of the Timber Engineers <ingrid@a-rather-long-name-of-a-domain.example>"
    letter["To"] = ", ".join(f"Person Number {number} <person.{number}@a-rather-long-name-of-a-domain.example>" for number in range(12))
    letter["Subject"] = subject
    letter["Message-ID"] = f"<{len(subject)}@timber.example>"
    for name, value in fields.items():
        letter[name.replace("_", "-")] = value
    letter.set_content("The deck of the bridge comes to 11,417 mm.\n\nhttps://timber.example/" + "a" * 200)
    if html:
        letter.add_alternative(html, subtype="html")
        name = "sheets-one-to-three-revised-after-the-meeting-at-the-town-hall.txt"
        letter.add_attachment(b"x" * 300, maintype="text", subtype="plain", filename=name)
    return re.sub(rb"\r?\n", b"\r\n", letter.as_bytes())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; apt-get install chromium")
    picture = '<img src="https://x.example/p.png" width="900" alt="Span">'
    wide = f'<table width="900"><tr><td width="900">{picture}<p>The bridge</p></td></tr></table>'
    with Facteur(tmp_path_factory.mktemp("pages") / "data", domain="page.test", people=1, front_processes="1") as facteur:
        with imaplib.IMAP4_SSL("127.0.0.1", facteur.ports["imaps"], timeout=60) as filler:
            filler.login(facteur.addresses[0], PASSWORD)
            filler.create("Paper")
            filler.append(
                "INBOX", "", None, _letter("Footbridge: revised span, handrail detail and who signs the plan for the town hall", html=wide)
            )
            lists = {"List_Id": "Fair <fair.list.example>", "List_Unsubscribe": "<https://fair.example/u>, <mailto:leave@fair.example>"}
            filler.append("INBOX", "", None, _letter("[bindery] The spring fair", **lists))
        yield facteur


@pytest.mark.parametrize("language", ["en-gb", "fr"])
def test_on_a_telephone_nothing_sticks_out_and_everything_has_a_name(reader: Page, language: str) -> None:
    reader.goto("/settings/general")
    reader.locator(f'[name=language][value="{language}"]').check()
    reader.locator(".choices-form .btn--ink").click()
    reader.set_viewport_size(PHONE)
    faults = []
    for path in PAGES:
        reader.goto(path)
        faults += [(path, what) for check in (STICKS_OUT, NAMELESS, TWICE) for what in reader.evaluate(check)]
        if (titles := reader.locator("h1:visible").count()) != 1:
            faults.append((path, f"{titles} headings of the first rank"))
    assert not faults


def test_the_door_on_a_telephone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/login")
    page.fill("input[name=login]", "u0@page.test")
    page.fill("input[type=password]", "wrong")
    page.press("input[type=password]", "Enter")
    page.get_by_text("do not match").wait_for()
    assert [what for check in (STICKS_OUT, NAMELESS, TWICE) for what in page.evaluate(check)] == []
