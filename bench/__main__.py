"""`make bench`: Facteur and its peers in one run, in turns, the ratio as the median of the pairs.

Times are never judged alone: each figure stands beside the peer's, taken seconds apart on
the same machine. Bounded in messages and seconds; talks to loopback only.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .facteur import DOMAIN, PASSWORD, Facteur
from .peers import MAILDIR, SDBOX, Peer, Peers, missing

LOAD = Path(__file__).parent / "load"
Figures = dict[str, float]


def _load(tool: str, *words: object, seconds: float = 900) -> dict[str, Any]:
    """Run one generator and read the line it wrote."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as result:
        command = [sys.executable, str(LOAD / tool), *map(str, words), "--json", result.name]
        subprocess.run(command, check=True, timeout=seconds, stdout=subprocess.DEVNULL, cwd=LOAD)
        found: dict[str, Any] = json.loads(result.read().splitlines()[-1])
        return found


def _ingest(*, smtp_port: int, imap_port: int, domain: str, password: str, full_login: bool, messages: int) -> Figures:
    words = ["--port", smtp_port, "--imap-port", imap_port, "--domain", domain, "--pw", password, "-n", messages, "-c", 10, "-r", 20]
    found = _load("ingest.py", *words, *(["--imap-user-domain"] if full_login else []))
    if found["delivered"] != messages:
        raise SystemExit(f"{domain}: {found['delivered']} of {messages} delivered; {found['last_error']}")
    return {"smtp accepted/s": found["accepted_per_s"], "smtp delivered/s": found["delivered_per_s"]}


def _imap(*, port: int, user: str, password: str, tests: str) -> Figures:
    found = _load("imapbench.py", "--port", port, "--user", user, "--pw", password, "--tests", tests, "--runs", 2)
    figures: Figures = {}
    for name in ("envelope", "flags", "body", "structure"):
        if name in found:
            if not found[name].get("complete"):
                raise SystemExit(f"{name} on port {port}: incomplete answer {found[name]}")
            figures[f"FETCH {name} msgs/s"] = found[name]["msgs_s"]
    for name, figure in found.get("search", {}).items():
        if isinstance(figure, dict) and "word" in figure:
            figures[f"SEARCH {name} per s"] = 1000 / max(figure["first_ms"], 0.01)
            figures[f"hits {name}"] = figure["hits"]
    if "window" in found:
        figures["FETCH window of 50 per s"] = 1000 / found["window"]["window50"]["p50_ms"]
    if "login" in found:
        figures["LOGIN+SELECT per s"] = 1000 / found["login"]["login_select"]["p50_ms"]
    if "idle" in found:
        figures["IDLE wake-up ms p50"] = found["idle"]["append_ok_to_exists"]["p50_ms"]
    if "append" in found:
        figures["APPEND/s one connection"] = found["append"]["one_conn_per_s"]
    for key in ("sessions",):
        for count, figure in found.get(key, {}).items():
            if isinstance(figure, dict):
                figures[f"kB a session of {count}"] = figure["pss_kb_per_session"]
    return figures


def _show(ours: list[Figures], theirs: dict[str, list[Figures]]) -> None:
    names = list(dict.fromkeys(name for run in ours for name in run))
    for name in names:
        mine = [run[name] for run in ours if name in run]
        print(f"{name:34s} facteur {statistics.median(mine):>12,.1f}", end="")
        for peer, runs in theirs.items():
            values = [run[name] for run in runs if name in run]
            ratios = [a / b for a, b in zip(mine, values, strict=False) if b]
            if values:
                print(f"   {peer} {statistics.median(values):>12,.1f}", end="")
            if ratios:
                print(f"  ratio {statistics.median(ratios):6.2f}", end="")
        print()


def _compare(arguments: argparse.Namespace, facteur: Facteur) -> None:
    peers: tuple[Peer, ...] = (MAILDIR, SDBOX)
    ours: list[Figures] = []
    theirs: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
    if "ingest" in arguments.parts:
        for _ in range(arguments.rounds):
            for peer in peers:
                theirs[peer.name].append(
                    _ingest(
                        smtp_port=peer.smtp_port,
                        imap_port=peer.imap_port,
                        domain=peer.domain,
                        password="pw",
                        full_login=False,
                        messages=arguments.ingest,
                    )
                )
            ports = facteur.ports
            ours.append(
                _ingest(
                    smtp_port=ports["smtp"],
                    imap_port=ports["imap"],
                    domain=DOMAIN,
                    password=PASSWORD,
                    full_login=True,
                    messages=arguments.ingest,
                )
            )
        _show(ours, theirs)
    if "imap" in arguments.parts:
        sides = [(peer.name, peer.imap_port, "reader", "pw") for peer in peers] + [
            ("facteur", facteur.ports["imap"], f"u20@{DOMAIN}", PASSWORD)
        ]
        for _, port, user, password in sides:
            _load("fill.py", "--port", port, "--user", user, "--pw", password, "--mbox", "INBOX", "-m", arguments.messages)
        ours, theirs = [], {peer.name: [] for peer in peers}
        for _ in range(arguments.rounds):
            for name, port, user, password in sides:
                (ours if name == "facteur" else theirs[name]).append(_imap(port=port, user=user, password=password, tests=arguments.tests))
        _show(ours, theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ingest", type=int, default=2_000, help="messages in each ingest run")
    parser.add_argument("--messages", type=int, default=10_000, help="messages in the mailbox that is read")
    parser.add_argument("--tests", default="login,envelope,flags,window,body,structure,search,idle,append")
    parser.add_argument("--parts", default="ingest,imap")
    arguments = parser.parse_args()
    if lacking := missing():
        raise SystemExit(f"a comparison needs {', '.join(lacking)}: apt-get install dovecot-imapd dovecot-lmtpd dovecot-sieve postfix")
    with tempfile.TemporaryDirectory(prefix="facteur-bench-") as folder:
        Path(folder).chmod(0o755)  # the peers' own users walk through it
        with Peers(Path(folder) / "peers"), Facteur(Path(folder) / "facteur") as facteur:
            _compare(arguments, facteur)


if __name__ == "__main__":
    main()
