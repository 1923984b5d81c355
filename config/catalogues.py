"""Catalogues of translations, kept without the gettext programs: found in the sources, read, written, compiled.

`manage.py translations` brings `locale/*/LC_MESSAGES/django.po` up to date and compiles the
`.mo` beside it, which is what runs. Nothing is translated by guessing: a new text is empty.
"""

import ast
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

from .environment import BASE

PACKAGES = ("webmail", "admin_panel")
ERRORS = (
    "webmail", "mailcore/directory", "mailcore/delivery/routing.py", "mailcore/delivery/intake.py", "mailcore/store/folders.py",
    "mailcore/store/writer", "mailcore/archive", "mailcore/filtering", "mailcore/queue", "mailcore/lists", "mailcore/sieve/ruleset.py",
    "mailcore/sieve/rulewriting.py",
    "mailcore/kernel/addresses.py",
)  # fmt: skip
_ERROR_NAMES = frozenset(
    ("AlreadyExists", "BadField", "BadRule", "BadSyntax", "Conflict", "Deferred", "Denied", "LevelLimit", "LimitReached", "Loop")
) | frozenset(("NotFound", "OverQuota", "Refused", "Throttled", "TooLarge", "TooMany"))
LOCALE = BASE / "locale"
_SINGLE = frozenset(("gettext", "gettext_lazy", "gettext_noop", "_"))
_PLURAL = frozenset(("ngettext", "ngettext_lazy"))
_STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_IN_TEMPLATE = re.compile(rf"\b(n?gettext|_)\(\s*{_STRING}(?:\s*,\s*{_STRING})?")
_LINE = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+"(.*)"$|^"(.*)"$')
_HEAD = "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nLanguage: {language}\nPlural-Forms: {plural}\n"
PLURALS = {"fr": "nplurals=2; plural=(n > 1);"}


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    plural: str = ""
    is_marked: bool = True
    """False: an error's text, which is shown in English where nobody has translated it yet."""


def find_messages() -> dict[str, Message]:
    """Every text marked for translation, by itself."""
    found: dict[str, Message] = {}
    for message in (*_in_templates(), *_in_code(), *_in_errors()):
        if message.plural or message.text not in found or (message.is_marked and not found[message.text].is_marked):
            found[message.text] = message
    return found


def read_po(path: Path) -> dict[str, tuple[str, ...]]:
    """Text → its translations: one, or one for each plural form."""
    return {entry["msgid"]: _forms(entry) for entry in _read_entries(path) if entry["msgid"]}


def write_po(path: Path, language: str, messages: dict[str, Message], known: dict[str, tuple[str, ...]]) -> int:
    """Sorted by text; what is no longer used goes. The number of texts without a translation."""
    lines = [f"# {language}: texts of the webmail and the panel. See config/catalogues.py.", 'msgid ""', 'msgstr ""']
    lines += [f'"{_quote(line)}\\n"' for line in _header(language).rstrip("\n").split("\n")]
    missing = 0
    for text, message in sorted(messages.items()):
        count = 2 if message.plural else 1
        given = known.get(text, ())
        given = given if len(given) == count else ("",) * count
        missing += message.is_marked and not all(given)
        lines += ["", f'msgid "{_quote(text)}"']
        if message.plural:
            lines.append(f'msgid_plural "{_quote(message.plural)}"')
            lines += [f'msgstr[{number}] "{_quote(value)}"' for number, value in enumerate(given)]
        else:
            lines.append(f'msgstr "{_quote(given[0])}"')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return missing


def compile_mo(path: Path) -> bytes:
    """The binary form of a catalogue, as the gettext manual describes it: two tables of offsets, sorted by text."""
    entries: dict[str, str] = {}
    for entry in _read_entries(path):
        given = _forms(entry)
        if all(given):
            key = f"{entry['msgid']}\0{entry['msgid_plural']}" if "msgid_plural" in entry else entry["msgid"]
            entries[key] = "\0".join(given)
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    start = 7 * 4 + 16 * len(pairs)
    tables: tuple[list[int], list[int]] = ([], [])
    blob = b""
    for column in (0, 1):
        for pair in pairs:
            tables[column].extend((len(pair[column]), start + len(blob)))
            blob += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + struct.pack(f"<{4 * len(pairs)}I", *tables[0], *tables[1]) + blob


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def _read_entries(path: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    name = ""
    for line in path.read_text("utf-8").split("\n") if path.exists() else ():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        if match[1]:
            name = match[1]
            if name == "msgid":
                entries.append({})
            entries[-1][name] = _unquote(match[2])
        elif entries:
            entries[-1][name] += _unquote(match[3])
    return entries


def _forms(entry: dict[str, str]) -> tuple[str, ...]:
    return tuple(value for key, value in sorted(entry.items()) if key.startswith("msgstr"))


def _header(language: str) -> str:
    return _HEAD.format(language=language, plural=PLURALS[language])


def _in_templates() -> Iterator[Message]:
    for path in sorted((BASE / "templates").rglob("*.html")):
        for match in _IN_TEMPLATE.finditer(templatize(path.read_text("utf-8"), origin=str(path))):
            plural = ast.literal_eval(match[3]) if match[3] and match[1] == "ngettext" else ""
            yield Message(ast.literal_eval(match[2]), plural)


def _in_code() -> Iterator[Message]:
    for package in PACKAGES:
        for path in sorted((BASE / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[Message]:
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
    texts = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if name in _SINGLE and texts and texts[0]:
        yield Message(texts[0])
    elif name in _PLURAL and len(texts) == 2:
        yield Message(texts[0], texts[1])


def _in_errors() -> Iterator[Message]:
    """Public texts of errors the pages show: whole sentences that the core or a page raises."""
    for place in ERRORS:
        root = BASE / place
        for path in sorted(root.rglob("*.py")) if root.is_dir() else (root,):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERROR_NAMES:
                    texts = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                    yield from (Message(text, is_marked=False) for text in texts[:2] if text.endswith((".", "?")) and " " in text)


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)
