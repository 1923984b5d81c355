"""The webmail under `load/webbench.py`: an adapter for Facteur beside the ones it brings.

Run as a program with webbench's own arguments and `--product facteur`. Each action makes the dynamic
requests a browser with JavaScript makes for it.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "load"))

import webbench

_ROW = 'name="uid" value="'
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_OLDER = re.compile(r'class="more" href="[^"]*[?&;]before=([^"&]+)')


class Facteur(webbench.Adapter):  # type: ignore[misc]
    """Its list is endless: "another page" is the next one of a long scroll, which starts again at its end."""

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self._older = ""

    def _see(self, page: str, rows: int, what: str) -> str:
        webbench.need(page.count(_ROW) >= rows, what, page)
        found = _OLDER.search(page)
        self._older = html.unescape(found[1]) if found else ""
        return page

    def login(self) -> None:
        token = _TOKEN.search(self.h.req("GET", "/login"))
        webbench.need(token, "login form")
        form = {"csrfmiddlewaretoken": token[1], "login": self.user, "password": self.pw, "next": ""}
        origin = f"Origin: http://{self.h.addr[0]}:{self.h.addr[1]}"
        page = self.h.req("POST", "/login", form, headers=(origin,))
        webbench.need(_ROW in page, "the mailbox after login", page)

    def list(self) -> str:
        return self._see(self.h.req("GET", "/mail/INBOX/"), min(self.m, 50), "mailbox")

    def page(self, n: int) -> str:
        del n
        place = f"?before={self._older}" if self._older else ""
        return self._see(self.h.req("GET", f"/mail/INBOX/{place}", headers=("HX-Request: true",)), 1, "rows")

    def open(self, uid: int) -> str:
        """The pane beside the list, and an HTML letter in its frame."""
        page: str = self.h.req("GET", f"/mail/INBOX/{uid}/", headers=("HX-Request: true",))
        webbench.need(self.h.code == 200 and f'value="{uid}"' in page, "message", page)
        if f"/mail/INBOX/{uid}/body" in page:
            body = self.h.req("GET", f"/mail/INBOX/{uid}/body")
            webbench.need(self.h.code == 200, "letter", body)
        return page

    def search(self, word: str) -> str:
        page: str = self.h.req("GET", f"/mail/search?q=in%3AINBOX+subject%3A{word}", headers=("HX-Request: true",))
        webbench.need('href="/mail/INBOX/' in page, "search", page)
        return page


webbench.ADAPTERS["facteur"] = Facteur

if __name__ == "__main__":
    webbench.main()
