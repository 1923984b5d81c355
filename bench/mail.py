"""SMTP in and IMAP, beside Postfix and Dovecot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .facteur import DOMAIN, PASSWORD, Facteur
from .figures import LOAD, Figures, generate, show
from .peers import Peer

READER = f"u20@{DOMAIN}"


def compare_ingest(facteur: Facteur, peers: tuple[Peer, ...], *, rounds: int, messages: int, connections: int) -> None:
    ours: list[Figures] = []
    theirs: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
    bounds = ["-n", messages, "-c", connections, "-r", 20]
    for _ in range(rounds):
        for peer in peers:
            words = ["--port", peer.smtp_port, "--imap-port", peer.imap_port, "--domain", peer.domain, "--pw", "pw"]
            theirs[peer.name].append(_ingest([*words, *bounds]))
        words = ["--port", facteur.ports["smtp"], "--imap-port", facteur.ports["imap"], "--domain", DOMAIN, "--pw", PASSWORD]
        ours.append(_ingest([*words, *bounds, "--imap-user-domain"]))
    show(ours, theirs)


def _ingest(words: list[object]) -> Figures:
    found = generate(LOAD / "ingest.py", *words)
    if found["delivered"] != found["accepted"]:
        raise SystemExit(f"ingest: {found['delivered']} of {found['accepted']} delivered; {found['last_error']}")
    return {"SMTP accepted/s": found["accepted_per_s"], "SMTP to visible in IMAP/s": found["delivered_per_s"]}


def compare_imap(facteur: Facteur, peers: tuple[Peer, ...], *, rounds: int, messages: int, tests: str) -> None:
    sides = fill(facteur, peers, messages=messages)
    ours: list[Figures] = []
    theirs: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for side in sides:
            figures = _read_imap(generate(LOAD / "imapbench.py", *side.words, "--tests", tests, "--runs", 2))
            (ours if side.name == "facteur" else theirs[side.name]).append(figures)
    show(ours, theirs)


def compare_sessions(facteur: Facteur, peers: tuple[Peer, ...], *, sessions: int) -> None:
    """Memory of many sessions in IDLE; needs filled mailboxes."""
    found = {}
    for side in _sides(facteur, peers):
        words = ["--tests", "sessions", "--sessions", sessions, "--server-pidfile", side.pidfile]
        figures = generate(LOAD / "imapbench.py", *side.words, *words)["sessions"][str(sessions)]
        if figures["opened"] != sessions:
            raise SystemExit(f"{side.name}: {figures['opened']} of {sessions} sessions opened")
        found[side.name] = {
            f"kB a session of {sessions} idle": figures["pss_kb_per_session"],
            "MB of all processes then": figures["total_pss_mb"],
            "MB of all processes before": figures["base_pss_mb"],
        }
    show([found.pop("facteur")], {name: [figures] for name, figures in found.items()})


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    words: tuple[object, ...]
    pidfile: Path


def _sides(facteur: Facteur, peers: tuple[Peer, ...]) -> list[_Side]:
    sides = [_Side(peer.name, ("--port", peer.imap_port, "--user", "reader", "--pw", "pw"), peer.pidfile) for peer in peers]
    words = ("--port", facteur.ports["imap"], "--user", READER, "--pw", PASSWORD)
    return [*sides, _Side("facteur", words, facteur.pidfile)]


def fill(facteur: Facteur, peers: tuple[Peer, ...], *, messages: int) -> list[_Side]:
    """The same messages into the reader's INBOX on every side; nothing where they are there."""
    sides = _sides(facteur, peers)
    for side in sides:
        if generate(LOAD / "fill.py", *side.words, "--mbox", "INBOX", "-m", messages, "--max-seconds", 1_500)["cut_by_time"]:
            raise SystemExit(f"{side.name}: the mailbox did not fill in time")
    facteur.wait_until_indexed(1_500)
    return sides


def _read_imap(found: dict[str, Any]) -> Figures:
    figures: Figures = {}
    for name in ("envelope", "flags", "body", "structure"):
        if name in found:
            if not found[name].get("complete"):
                raise SystemExit(f"{name}: an incomplete answer {found[name]}")
            figures[f"FETCH {name}, messages/s"] = found[name]["msgs_s"]
    for name, figure in found.get("search", {}).items():
        if isinstance(figure, dict) and "word" in figure:
            figures[f"SEARCH {name}, first, ms"] = figure["first_ms"]
            figures[f"hits of {name}"] = figure["hits"]
    if "window" in found:
        figures["FETCH window of 50 headers, ms"] = found["window"]["window50"]["p50_ms"]
    if "login" in found:
        figures["LOGIN + SELECT, ms"] = found["login"]["login_select"]["p50_ms"]
    if "idle" in found:
        figures["APPEND OK to EXISTS in IDLE, ms"] = found["idle"]["append_ok_to_exists"]["p50_ms"]
    if "append" in found:
        figures["APPEND on one connection/s"] = found["append"]["one_conn_per_s"]
    return figures
