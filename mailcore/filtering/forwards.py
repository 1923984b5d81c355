"""A `.forward` file as Sieve: addresses, a copy kept, files; programs are reported. Pure."""

import re

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.sieve.writing import write_string, write_strings

from .procmail.converting import Conversion, Remark

_ENTRY = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,\s"][^,\n]*)\s*,?')


def convert(text: str, *, address: str) -> Conversion:
    """`address` is the owner's: it, or `\\name`, means that a copy stays. Never raises."""
    remarks: list[Remark] = []
    targets: list[str] = []
    keeps = False
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        for match in _ENTRY.finditer(line):
            entry = match[1].strip().strip('"').strip()
            if not entry:
                continue
            if _is_self(entry, address):
                keeps = True
                continue
            target, remark = _read(entry, address)
            if target:
                targets.append(target)
            if remark:
                remarks.append(Remark(number, remark))
    return Conversion(_write(targets, keeps=keeps or bool(remarks and not targets)), len(targets), tuple(remarks))


def _is_self(entry: str, address: str) -> bool:
    local = address.partition("@")[0].lower()
    return entry.lstrip("\\").lower() in (local, address.lower())


def _read(entry: str, address: str) -> tuple[str, str]:
    """(address to send to, what could not be carried over)."""
    if entry.startswith("|"):
        hint = "write it as an away message instead" if "vacation" in entry else "no programs are run"
        return "", f"the program {entry[1:].strip()[:100]} is left out: {hint}"
    if entry.startswith(("/", ":include:")):
        return "", f"{entry[:100]} is left out: files are not written or read here"
    full = entry if "@" in entry else f"{entry.lstrip(chr(92))}@{address.partition('@')[2]}"
    try:
        return str(MailAddress.parse(full)), ""
    except BadSyntax as error:
        return "", f"{entry[:100]} is not an address: {error.public}"


def _write(targets: list[str], *, keeps: bool) -> str:
    lines = ["# Made from a .forward file."]
    if keeps and targets:
        lines.append(f"require {write_strings(['copy'])};")
    lines += [f"redirect{' :copy' if keeps else ''} {write_string(target)};" for target in dict.fromkeys(targets)]
    return "\n".join(lines) + "\n"
