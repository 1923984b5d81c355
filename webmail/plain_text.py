"""Formatted text as the plain text that travels beside it: paragraphs, lists, quotes, links.

Takes markup that was cleaned already; whatever it is, the work grows with its length only.
"""

from html.parser import HTMLParser

_BLOCKS = frozenset(
    ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "table", "tr", "blockquote", "hr", "address", "section", "center")
)
_SPACED = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "table", "blockquote"))
_HIDDEN = frozenset(("style", "script", "head", "title"))


def to_plain(html: str) -> str:
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.finish()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line = ""
        self.quotes = 0
        self.lists: list[int] = []
        """One an open list: the next number, or -1 for points."""
        self.raw = self.hidden = 0
        self.link = ""
        self.link_start = 0
        self.is_spaced = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "br":
            self._end_line(always=True)
        elif tag == "li":
            self._end_line()
            self.line = "   " * (len(self.lists) - 1) + self._bullet()
        elif tag == "a":
            self.link, self.link_start = dict(attrs).get("href") or "", len(self.line)
        elif tag in ("td", "th") and self.line.strip():
            self.line += "  "
        elif tag == "hr":
            self._end_line()
            self.line = "-" * 40
            self._end_line()
        if tag in _BLOCKS:
            self._open_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag == "a":
            shown = self.line[self.link_start :].strip()
            target = self.link.removeprefix("mailto:")
            if target.startswith(("http", "tel:")) and target.rstrip("/") not in (shown, f"http://{shown}", f"https://{shown}"):
                self.line += f" <{target}>"
            self.link = ""
        elif tag == "li":
            self._end_line()
        if tag in _BLOCKS:
            self._end_line()
            if tag == "blockquote":
                self.quotes = max(0, self.quotes - 1)
            elif tag in ("ul", "ol") and self.lists:
                self.lists.pop()
            elif tag == "pre":
                self.raw = max(0, self.raw - 1)
            if tag in _SPACED and not self.lists:
                self._space()

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.raw:
            *whole, rest = data.split("\n")
            for text in whole:
                self.line += text
                self._end_line(always=True)
            self.line += rest
            return
        text = " ".join(data.replace("\u200b", "").split(" "))
        text = " ".join(text.split()) if text.strip() else ("" if not text else " ")
        if data[:1].isspace() and self.line and not self.line.endswith(" "):
            text = " " + text.lstrip()
        if data[-1:].isspace() and text.strip():
            text += " "
        self.line += text if self.line else text.lstrip()

    def finish(self) -> str:
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _open_block(self, tag: str) -> None:
        self._end_line()
        if tag in _SPACED and not self.lists:
            self._space()
        if tag == "blockquote":
            self.quotes += 1
        elif tag in ("ul", "ol"):
            self.lists.append(1 if tag == "ol" else -1)
        elif tag == "pre":
            self.raw += 1

    def _bullet(self) -> str:
        if not self.lists or self.lists[-1] < 0:
            return "- "
        self.lists[-1] += 1
        return f"{self.lists[-1] - 1}. "

    def _end_line(self, *, always: bool = False) -> None:
        text = self.line.rstrip()
        if text or always:
            self.lines.append((">" * self.quotes + " " if self.quotes else "") + text if text else ">" * self.quotes)
            self.is_spaced = not text
        self.line = ""

    def _space(self) -> None:
        if self.is_spaced and self.lines:
            # The gap belongs to the outermost of the quotes that end or begin here.
            self.lines[-1] = min(self.lines[-1], ">" * self.quotes)
        elif self.lines:
            self.lines.append(">" * self.quotes)
            self.is_spaced = True
