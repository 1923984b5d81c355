"""What is asked of a list by mail: join, leave, each post or a digest or none, help, confirm, decide about a post, reach the owners."""

from collections.abc import Callable

from mailcore.kernel.errors import Conflict
from mailcore.mime import content, structure
from mailcore.mime.headers import Headers
from mailcore.mime.parts import Part, walk
from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict

from . import holding, judging, letters, register, requests
from .models import MailingList
from .taking import Taken

_DECISIONS = frozenset(("approve", "reject", "discard"))


def take(row: MailingList, lease: Lease, raw: bytes, command: str, token: str) -> Taken:
    """Raises what the core says; the sender is told. Writes nothing but a decision, which may be repeated."""
    headers = Headers.parse(raw)
    if command == "owner":
        return _to_owners(row, lease, headers)
    author = judging.find_author(headers)
    # Machines are never answered, and a confirmation is the answer of a person.
    if not lease.sender or not author or judging.is_by_machine(headers):
        text = f"{command} of {row} is done for people only: this is from a machine, or from nobody."
        return Taken(Result(lease, Verdict.DISCARDED, 250, text))
    if command in _DECISIONS:
        return Taken(Result(lease, Verdict.DELIVERED, 250, _decide(row, raw, command, token, author)))
    return Taken(Result(lease, Verdict.DELIVERED, 250, f"{command} of {row}, asked by {author}."), _find(row, command, token, author))


def _find(row: MailingList, command: str, token: str, author: str) -> Callable[[], None]:
    def ask() -> None:
        requests.ask(row, email=author, action=command)

    def confirm() -> None:
        requests.confirm(row, token)

    def help_out() -> None:
        letters.keep(letters.make_ready([letters.helping(row, author)]))

    if command in requests.ASKED:
        return ask
    return confirm if command == "confirm" else help_out


def _decide(row: MailingList, raw: bytes, command: str, token: str, author: str) -> str:
    post = holding.read(row, token)
    try:
        if command == "approve":
            holding.approve(post, by=author)
        elif command == "reject":
            holding.reject(post, by=author, reason=_own_words(raw))
        else:
            holding.discard(post, by=author)
    except Conflict as error:
        return error.public
    return f"{command} by {author}: the post {post.source_trace} of {row}."


def _own_words(raw: bytes) -> str:
    """The first text of a mail without what it quotes."""
    message = structure.parse(raw)
    for part in walk(message.root):
        if part.content_type == "text/plain":
            return _unquoted(raw, part)
    return ""


def _unquoted(raw: bytes, part: Part) -> str:
    lines = content.text_of(raw, part, 20_000).splitlines()
    kept = []
    for line in lines:
        if line.rstrip() == "--" or line.startswith("-----"):
            break
        if not line.startswith(">"):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()[: holding.MAX_REASON]


def _to_owners(row: MailingList, lease: Lease, headers: Headers) -> Taken:
    owners = register.staff(row, owners_only=True)
    if str(row) in [value.strip().lower() for value in headers.get_all("x-loop")]:
        return Taken(Result(lease, Verdict.DISCARDED, 250, f"It came from {row} itself."))
    if not owners:
        return Taken(Result(lease, Verdict.FAILED, 550, f"5.1.1 {row} has no owner."))
    return Taken(Result(lease, Verdict.EXPANDED, 250, f"goes to the owners of {row}", targets=tuple(owners)))
