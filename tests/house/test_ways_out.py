"""Every place that opens a connection to elsewhere is known, with what keeps it from being led inside."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = frozenset({
    "create_connection", "open_connection", "urlopen", "HTTPConnection", "HTTPSConnection", "SMTP", "SMTP_SSL", "LMTP", "IMAP4",
    "IMAP4_SSL", "POP3", "POP3_SSL", "IMAPClient", "getaddrinfo",
})  # fmt: skip
MODULES = frozenset({"requests", "httpx", "urllib3", "aiohttp", "urllib.request"})

GUARDED = {
    "mailcore/outgoing.py": "addresses named by people (webhooks, pictures): public ones only, the one that was checked is dialled",
    "mailcore/trust/fetching.py": "policies of MTA-STS: public addresses only, the one that was checked, no redirects",
    "mailcore/retrieval/dialling.py": "servers that mail is collected from: public addresses only unless the operator allows more",
    "mailcore/delivery/transport.py": "hosts of the DNS that take mail, and those of the operator's routes: SMTP and LMTP only",
    "mailcore/filtering/scanners/line.py": "scanners: named by the operator",
    "mailcore/certificates/obtaining.py": "the ACME directory: named by the operator",
    "mailcore/servers/health.py": "this machine's own ports",
    "mailcore/workers/launcher.py": "the broker: named by the operator",
}


def test_no_other_place_opens_a_connection() -> None:
    found = {
        str(path.relative_to(ROOT))
        for room in ("mailcore", "webmail", "admin_panel", "config")
        for path in (ROOT / room).rglob("*.py")
        if _reaches_out(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found - set(GUARDED) == set(), "a new way out: guard it, then name it here"
    assert all((ROOT / path).exists() for path in GUARDED)


def _reaches_out(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(one.name in MODULES for one in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            return True
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in CALLS:
                return True
    return False
