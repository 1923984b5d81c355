"""The webmail as a browser without JavaScript uses it: pages, forms with what they hold, cookies."""

import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar


class _Form(HTMLParser):
    """What the form of one id would send, and where to."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self._id, self._is_inside, self._area = form_id, False, ""
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = found.get("id") == self._id or (not self._id and not self.action)
            self.action = found.get("action", "") if self._is_inside else self.action
        name = found.get("name", "")
        if not name or not (self._is_inside or found.get("form") == self._id):
            return
        if tag == "input" and found.get("type") not in ("checkbox", "radio", "file", "submit"):
            self.fields[name] = found.get("value", "")
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""
        elif tag == "form":
            self._is_inside = False


class Pages:
    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self._opener.open(self._root + path, timeout=30) as answer:
            return str(answer.read().decode())

    def fill(self, path: str, form_id: str = "", **typed: str) -> str:
        """Open a page, type into its form, send it; the page that follows. Raises HTTPError where it is refused."""
        form = _Form(form_id)
        form.feed(self.get(path))
        assert form.fields, f"no form {form_id!r} on {path}"
        body = urllib.parse.urlencode(form.fields | typed).encode()
        asked = urllib.request.Request(self._root + (form.action or path), data=body, headers={"Origin": self._root})
        with self._opener.open(asked, timeout=30) as answer:
            return str(answer.read().decode())

    def sign_in(self, login: str, password: str) -> str:
        return self.fill("/login", login=login, password=password)
