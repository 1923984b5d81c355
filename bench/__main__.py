"""`make bench`: Facteur and its peers in one run, in turns, the ratio as the median of the pairs.

Times are never judged alone: each figure stands beside the peer's, taken seconds apart on
the same machine. Bounded in messages and seconds; talks to loopback only.
"""

import argparse
import tempfile
from pathlib import Path

from . import mail, web
from .facteur import Facteur
from .peers import MAIL_PACKAGES, WEB_PACKAGES, Peers, missing

PARTS = ("ingest", "imap", "sessions", "web")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ingest", type=int, default=2_000, help="messages in each ingest run")
    parser.add_argument("--connections", type=int, default=10, help="of each ingest run")
    parser.add_argument("--messages", type=int, default=10_000, help="messages in the mailbox that is read")
    parser.add_argument("--tests", default="login,envelope,flags,window,body,structure,search,idle,append", help="of imapbench")
    parser.add_argument("--sessions", type=int, default=1_000, help="idle at once")
    return parser.parse_args()


def _compare(arguments: argparse.Namespace, parts: set[str], facteur: Facteur, peers: Peers) -> None:
    if "ingest" in parts:
        mail.compare_ingest(
            facteur, peers.all, rounds=arguments.rounds, messages=arguments.ingest, connections=arguments.connections
        )  # fmt: skip
    if "imap" in parts:
        mail.compare_imap(facteur, peers.all, rounds=arguments.rounds, messages=arguments.messages, tests=arguments.tests)
    if "sessions" in parts:
        mail.compare_sessions(facteur, peers.all, sessions=arguments.sessions)
    if "web" in parts:
        web.compare_web(facteur, peers.all, rounds=arguments.rounds, messages=arguments.messages)


def main() -> None:
    arguments = _arguments()
    parts = set(arguments.parts.split(","))
    if unknown := parts - set(PARTS):
        raise SystemExit(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if lacking := missing("dovecot", "postfix"):
        raise SystemExit(f"a comparison needs {', '.join(lacking)}: apt-get install {MAIL_PACKAGES}")
    if "web" in parts and (lacking := missing("nginx", "php-fpm8.2")):
        print(f"the webmail is not compared: that needs {', '.join(lacking)}: apt-get install {WEB_PACKAGES}")
        parts.discard("web")
    with tempfile.TemporaryDirectory(prefix="facteur-bench-") as folder:
        Path(folder).chmod(0o755)  # the peers' own users walk through it
        with Peers(Path(folder) / "peers", with_web="web" in parts) as peers, Facteur(Path(folder) / "facteur") as facteur:
            _compare(arguments, parts, facteur, peers)


if __name__ == "__main__":
    main()
