"""The webmail beside Roundcube on Dovecot: what a person waits for, and actions of eight of them at once."""

from typing import Any

from . import mail
from .facteur import PASSWORD, Facteur
from .figures import HERE, Figures, generate, show
from .peers import Peer

PROGRAM = HERE / "webmail.py"
ACTIONS = ("login", "list", "list_warm", "page", "open", "search")


def compare_web(facteur: Facteur, peers: tuple[Peer, ...], *, rounds: int, messages: int) -> None:
    mail.fill(facteur, peers, messages=messages)
    ours: list[Figures] = []
    theirs: dict[str, list[Figures]] = {f"roundcube on {peer.name}": [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            words = ["--product", "roundcube", "--port", peer.web_port, "--user", "reader", "--pw", "pw"]
            theirs[f"roundcube on {peer.name}"].append(_measure(words, messages))
        words = ["--product", "facteur", "--port", facteur.ports["http"], "--user", mail.READER, "--pw", PASSWORD]
        ours.append(_measure(words, messages))
    show(ours, theirs)


def _measure(words: list[object], messages: int) -> Figures:
    found: dict[str, Any] = generate(PROGRAM, *words, "-m", messages, "--conc", "1,8")
    figures = {f"webmail {action}, ms": found[action]["p50_ms"] for action in ACTIONS}
    for sessions in (1, 8):
        at_once = found[f"conc{sessions}"]
        if at_once["errors"]:
            print(f"{words[1]}: {at_once['errors']} wrong pages with {sessions} sessions at once")
        figures[f"webmail actions of {sessions} sessions/s"] = at_once["actions_per_s"]
    return figures
