"""Decisions of a typical script a second of one core: `python -m bench.sieve`.

CPU time, so that a busy machine does not count. Each decision reads the message anew, as a delivery does.
"""

import time

from mailcore.sieve.letter import Letter
from mailcore.sieve.script import compile_script
from mailcore.sieve.world import World

ROUNDS = 5
DECISIONS = 4_000
SCRIPT = """
require ["fileinto", "imap4flags", "envelope", "subaddress", "copy"];
if header :contains "x-spam-flag" "yes" { fileinto "Junk"; stop; }
if header :contains "list-id" ["dev.example.org", "users.example.org"] { fileinto "Lists"; stop; }
if address :is :domain "from" ["shop.example", "bank.example"] { fileinto :flags "\\\\Flagged" "Money"; stop; }
if anyof (header :matches "subject" "[ticket *]*", header :contains "subject" ["invoice", "receipt"]) { fileinto "Work"; stop; }
if allof (address :is ["to", "cc"] "team@example.net", not header :contains "subject" "urgent") { fileinto "Team"; stop; }
if envelope :detail "to" "news" { fileinto "News"; stop; }
if size :over 5M { fileinto "Large"; stop; }
"""


def make_message() -> bytes:
    """5 KB with eleven header fields; no rule fits it, so all are asked."""
    hops = "".join(
        f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{hop}])\r\n"
        f"\tby mail.example.net with ESMTPS id 4f8a2c9b1d{hop}\r\n\tfor <ann@example.net>; Fri, 13 Mar 2026 23:30:00 -0500\r\n"
        for hop in range(4)
    )
    return (
        f"{hops}DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1;\r\n\tb={'A' * 340}\r\n"
        "From: Bo Larsen <bo@example.org>\r\nTo: Ann <ann+x@example.net>\r\nSubject: =?utf-8?q?R=C3=A9union?= on Monday\r\n"
        "Date: Fri, 13 Mar 2026 23:30:00 -0500\r\nMessage-ID: <m1@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Hello there, this is text.\r\n" * 120
    ).encode()


def measure() -> float:
    script, raw = compile_script(SCRIPT), make_message()
    world = World(sender="bo@example.org", recipient="ann+x@example.net")
    begun = time.process_time()
    for _ in range(DECISIONS):
        script.run(Letter(raw), world)
    return DECISIONS / (time.process_time() - begun)


def main() -> None:
    rates = sorted(measure() for _ in range(ROUNDS))
    print(f"{rates[ROUNDS // 2]:,.0f} decisions a second of one core (median of {ROUNDS}; least {rates[0]:,.0f}, most {rates[-1]:,.0f})")


if __name__ == "__main__":
    main()
