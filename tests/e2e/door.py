"""Coming in."""

from playwright.sync_api import Page

from tests.flows.facteur import PASSWORD


def sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.fill("input[name=login]", login)
    page.fill("input[type=password]", PASSWORD)
    page.press("input[type=password]", "Enter")
