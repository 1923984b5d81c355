"""What would happen: the way of a message from a sender to a recipient, step by step, without sending one.

Asks the very functions that decide when mail comes; only the network is left out.
"""

from dataclasses import dataclass

from mailcore.directory import addresses, mailboxes
from mailcore.directory.addresses import Kind, Resolution
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, LimitReached, MailError
from mailcore.kernel.ids import MailboxId
from mailcore.transports import table
from mailcore.transports.table import Rule

from . import routing

MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class Step:
    address: str
    what: str
    """accepted, refused, alias, catch_all, mailbox, remote, deferred, held"""
    text: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    verdict: str
    """accepted, refused or deferred: what the sender's server is told."""
    steps: tuple[Step, ...]


def rehearse(*, sender: str, recipient: str, size: int = 0) -> Rehearsal:
    """For mail from another server where `sender` is of elsewhere, from a login of ours where it is of here."""
    steps = [_of_sender(sender)]
    is_ours = steps[0].what == "accepted" and bool(sender) and addresses.resolve(MailAddress.parse(sender)).kind is not Kind.REMOTE
    if steps[0].what == "refused":
        return Rehearsal("refused", tuple(steps))
    try:
        target = MailAddress.parse(recipient)
    except BadSyntax as error:
        return Rehearsal("refused", (*steps, Step(recipient, "refused", error.public)))
    if is_ours and addresses.resolve(target).kind is Kind.REMOTE:
        return Rehearsal("accepted", (*steps, *_of_hold(sender, recipient, size), _of_remote(str(target), sender, size)))
    try:
        routing.check_recipient(address=recipient, principal=None, size=size)
    except MailError as error:
        code = "452" if isinstance(error, LimitReached) else "550"
        return Rehearsal("deferred" if code == "452" else "refused", (*steps, Step(recipient, "refused", f"{code} {error.public}")))
    return Rehearsal("accepted", (*steps, *_of_hold(sender, recipient, size), *_follow(target, sender, size)))


def _of_sender(sender: str) -> Step:
    if not sender:
        return Step("", "accepted", "The null sender, as reports have it.")
    try:
        resolution = addresses.resolve(MailAddress.parse(sender))
    except BadSyntax as error:
        return Step(sender, "refused", error.public)
    if resolution.kind is Kind.REMOTE:
        return Step(sender, "accepted", "From elsewhere, taken on the port for other servers.")
    if resolution.kind in (Kind.UNKNOWN, Kind.CATCH_ALL):
        return Step(sender, "refused", "No login may send as this address: it is of a domain here, and there is no such mailbox or alias.")
    if resolution.kind is Kind.SUSPENDED:
        return Step(sender, "refused", "This sender is suspended.")
    if resolution.mailbox_id is not None and mailboxes.is_receive_only(mailbox_id=resolution.mailbox_id):
        return Step(sender, "refused", "This mailbox receives only and may not send.")
    who = "its mailbox" if resolution.kind is Kind.MAILBOX else "the mailboxes it leads to"
    return Step(sender, "accepted", f"From here: {who} may send as this address, after a login.")


def _of_hold(sender: str, recipient: str, size: int) -> list[Step]:
    rule = table.find_hold(sender=sender, recipients=[recipient], size=size)
    return [Step(recipient, "held", f"Kept in the queue until somebody releases it, by {rule.words}.")] if rule is not None else []


def _follow(start: MailAddress, sender: str, size: int) -> list[Step]:
    steps: list[Step] = []
    waiting, seen = [start], set[str]()
    while waiting and len(steps) < MAX_STEPS:
        address = waiting.pop(0)
        resolution = addresses.resolve(address)
        if resolution.address in seen:
            continue
        seen.add(resolution.address)
        steps.append(_of(str(address), resolution, sender, size))
        waiting = [MailAddress.parse(target) for target in resolution.targets] + waiting
    return steps


def _of(address: str, found: Resolution, sender: str, size: int) -> Step:
    known = "" if found.address == address else f"It is {found.address} here. "
    if found.kind is Kind.MAILBOX and found.mailbox_id is not None:
        if routing.is_full(MailboxId(found.mailbox_id), 0):
            return Step(address, "deferred", f"{known}The mailbox is full.")
        return Step(
            address, "mailbox", f"{known}Kept in the mailbox {found.address}{f', filed by +{found.detail}' if found.detail else ''}."
        )
    if found.kind is Kind.LIST:
        return Step(address, "list", f"{known}A mailing list takes it{f', as {found.detail}' if found.detail else ''}.")
    if found.kind in (Kind.ALIAS, Kind.CATCH_ALL):
        word = "An alias" if found.kind is Kind.ALIAS else "No such address; the catch-all takes it, which"
        return Step(address, found.kind.value, f"{known}{word} leads to {', '.join(found.targets)}.")
    if found.kind is Kind.REMOTE:
        return _of_remote(found.address, sender, size)
    if found.kind is Kind.SUSPENDED:
        return Step(address, "deferred", f"{known}It is suspended; what is queued already waits.")
    return Step(address, "refused", f"{known}There is no such mailbox here.")


def _of_remote(address: str, sender: str, size: int) -> Step:
    reason = table.find_suppressed([address]).get(address)
    if reason is not None:
        return Step(address, "refused", f"Returned to the sender: nobody here writes to it ({reason}).")
    rule = table.find_rule(sender=sender, recipient=address, size=size)
    if rule is not None:
        return Step(address, "refused" if rule.place.kind == "refuse" else "remote", _by_rule(rule))
    hop = routing.find_hop(MailAddress.parse(address).domain)
    where = f"to {hop.host} port {hop.port}, by a route of the settings" if hop else "to the hosts its domain's MX records name"
    return Step(address, "remote", f"Sent on {where}.")


def _by_rule(rule: Rule) -> str:
    place = rule.place
    match place.kind:
        case "refuse":
            return f"Returned to the sender by {rule.words}: {place.text or 'a route of this server refuses it'}."
        case "direct":
            return f"Sent to the hosts its domain's MX records name, by {rule.words}."
    how = "LMTP" if place.kind == "lmtp" else f"the smarthost{f', with the login {place.login}' if place.login else ''}"
    return f"Sent to {place.host} port {place.port} ({how}), by {rule.words}, transport {place.name}."
