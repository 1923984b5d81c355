"""ClamAV's daemon, by INSTREAM: pieces with their length in front, a piece of length nought at the end, one line back."""

from ..policy.verdicts import Act, Verdict
from ..policy.visit import Letter, Visit
from .line import Line, ScannerFailed

PIECE = 65_536


def scan(address: str, _visit: Visit, letter: Letter) -> list[Verdict]:
    with Line(address) as line:
        line.send(b"zINSTREAM\0")
        for start in range(0, len(letter.raw), PIECE):
            piece = letter.raw[start : start + PIECE]
            line.send(len(piece).to_bytes(4, "big") + piece)
        line.send(bytes(4))
        answer = line.read_line(b"\0").decode("utf-8", "replace")
    if answer.endswith("OK"):
        return [Verdict(Act.TAG, "clamd", "ClamAV found nothing", headers=("X-Virus-Status: Clean",))]
    if answer.endswith("FOUND"):
        name = answer.partition(":")[2].removesuffix("FOUND").strip()[:100]
        return [Verdict(Act.REFUSE, "clamd", f"ClamAV found {name}", public="This message holds a virus.")]
    raise ScannerFailed(f"clamd said {answer[:80]!r}")
