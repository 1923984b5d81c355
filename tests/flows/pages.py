"""The webmail as a browser without JavaScript uses it: pages, forms with what they hold, cookies."""

import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar


class _Forms(HTMLParser):
    """Every form of a page: where it is sent to and what it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str]]] = []
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "form":
            self.all.append((found.get("action", ""), {}))
        elif not name or not self.all:
            return
        elif tag == "textarea":
            self._area, self.all[-1][1][name] = name, ""
        elif tag == "input" and (found.get("type") not in ("checkbox", "radio", "file", "submit") or "checked" in found):
            self.all[-1][1][name] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.all[-1][1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            fields = self.all[-1][1]
            fields[self._area] = fields[self._area].removeprefix("\n")
            self._area = ""


class Pages:
    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self._opener.open(self._root + path, timeout=30) as answer:
            return str(answer.read().decode())

    def fill(self, path: str, **typed: str) -> str:
        """Open a page, type into the form that has these fields, send it; the page that follows. HTTPError where it is refused."""
        forms = _Forms()
        forms.feed(self.get(path))
        matching = [(action, fields) for action, fields in forms.all if typed.keys() <= fields.keys()]
        assert matching, f"no form on {path} has {', '.join(typed)}"
        action, fields = matching[0]
        body = urllib.parse.urlencode(fields | typed).encode()
        asked = urllib.request.Request(self._root + (action or path), data=body, headers={"Origin": self._root})
        with self._opener.open(asked, timeout=30) as answer:
            return str(answer.read().decode())

    def sign_in(self, login: str, password: str) -> str:
        return self.fill("/login", login=login, password=password)
