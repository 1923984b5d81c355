"""Rules as the form has them: read, checked, rehearsed; and the consent of those one forwards to."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailcore.delivery import intake
from mailcore.directory import domains
from mailcore.directory.passwords import keyed_digest
from mailcore.filtering import rehearsal
from mailcore.filtering.rules import Rule, RuleAction, RuleSet, RuleTest
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, Denied
from mailcore.kernel.ids import MailboxId
from mailcore.mime.building import build
from mailcore.sieve.rules import write

from . import limits
from .access.opening import Owner
from .access.port import Letter
from .models import ForwardTarget
from .preferences import Text
from .recipients import write_person

FIELDS: tuple[tuple[str, Text], ...] = (
    ("from", gettext_lazy("From")),
    ("to", gettext_lazy("To")),
    ("cc", gettext_lazy("Cc")),
    ("recipient", gettext_lazy("To or Cc")),
    ("subject", gettext_lazy("Subject")),
    ("body", gettext_lazy("Text")),
    ("list", gettext_lazy("Mailing list")),
    ("detail", gettext_lazy("What stands after +")),
    ("size", gettext_lazy("Size in KB")),
    ("spam", gettext_lazy("It looks like spam")),
    ("any", gettext_lazy("Every message")),
)
HOWS: tuple[tuple[str, Text], ...] = (
    ("contains", gettext_lazy("contains any of")),
    ("not_contains", gettext_lazy("contains none of")),
    ("is", gettext_lazy("is")),
    ("not_is", gettext_lazy("is not")),
    ("starts", gettext_lazy("begins with")),
    ("ends", gettext_lazy("ends with")),
    ("matches", gettext_lazy("fits the pattern")),
    ("exists", gettext_lazy("is there")),
    ("over", gettext_lazy("is over")),
    ("under", gettext_lazy("is under")),
)
ACTIONS: tuple[tuple[str, Text], ...] = (
    ("file", gettext_lazy("Move to")),
    ("copy", gettext_lazy("Copy to")),
    ("label", gettext_lazy("Add label")),
    ("flag", gettext_lazy("Star it")),
    ("read", gettext_lazy("Mark as read")),
    ("forward_copy", gettext_lazy("Forward a copy to")),
    ("forward", gettext_lazy("Forward to, and keep nothing")),
    ("refuse", gettext_lazy("Refuse, saying")),
    ("discard", gettext_lazy("Throw away")),
    ("keep", gettext_lazy("Leave in Inbox")),
)
MAX_LINES = 20
CODE_LASTS = timedelta(days=3)
MAX_WRONG = 8
_FORWARDS = ("forward", "forward_copy")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    read: int
    touched: tuple[tuple[rehearsal.Account, list[str]], ...]
    """Each with what would happen to it, in words."""


def read_rule(post: MultiValueDict[str, str]) -> Rule:
    """A rule as typed, blank lines left out. What is wrong with it is said by `rules.save`."""
    tests = [
        RuleTest(field, *_how(field, how, value), header="")
        for field, how, value in zip(post.getlist("field"), post.getlist("how"), post.getlist("value"), strict=False)
        if field in ("spam", "any") or value.strip() or how == "exists"
    ]
    actions = [
        RuleAction(kind, _action_value(kind, folder, text))
        for kind, folder, text in zip(post.getlist("kind"), post.getlist("folder"), post.getlist("text"), strict=False)
        if kind
    ]
    return Rule(
        name=" ".join(post.get("name", "").split())[:200],
        tests=tuple(tests[:MAX_LINES]),
        actions=tuple(actions[:MAX_LINES]),
        match="any" if post.get("match") == "any" else "all",
        is_enabled=post.get("is_enabled") == "yes",
        stops=post.get("stops") == "yes",
    )


def check(rule: Rule, owner: Owner) -> None:
    """BadSyntax or Denied with what is missing."""
    if not rule.name:
        raise BadSyntax(_("Give the rule a name."))
    if not rule.tests:
        raise BadSyntax(_("Say which messages the rule is for."))
    if not rule.actions:
        raise BadSyntax(_("Say what is to be done with them."))
    for action in rule.actions:
        if action.kind in _FORWARDS:
            check_target(action.value, owner)


def like(letter: Letter) -> Rule:
    """A rule for messages like this one: by its list, else by its sender."""
    if letter.list_unsubscribe and letter.row.sender.address:
        name = letter.row.sender.shown
        return Rule(name, (RuleTest("from", "is", (letter.row.sender.address,)),), (RuleAction("file", ""),))
    return Rule(letter.row.sender.shown, (RuleTest("from", "is", (letter.row.sender.address,)),), (RuleAction("file", ""),))


def put(rule_set: RuleSet, rule: Rule, index: int | None) -> RuleSet:
    found = list(rule_set.rules)
    if index is None:
        found.append(rule)
    else:
        found[index] = rule
    return replace(rule_set, rules=tuple(found))


def shift(rule_set: RuleSet, index: int, by: int) -> RuleSet:
    found = list(rule_set.rules)
    target = index + by
    if 0 <= target < len(found):
        found.insert(target, found.pop(index))
    return replace(rule_set, rules=tuple(found))


def rehearse(rule_set: RuleSet, mailbox_id: MailboxId, *, limit: int = 200) -> Rehearsal:
    """What these rules would have done with the newest mail of Inbox. Nothing is changed."""
    accounts = rehearsal.rehearse(write(rule_set), mailbox_id, limit=limit)
    touched = tuple((one, words) for one in accounts if (words := say(one)) or one.error)
    return Rehearsal(len(accounts), touched)


def say(account: rehearsal.Account) -> list[str]:
    """What would happen to one message, in the reader's words."""
    found: list[str] = []
    for effect in account.effects:
        words = _EFFECTS.get(effect.kind)
        if effect.kind == "stay" and "with" not in effect.text:
            continue
        target = _("Inbox") if effect.target == "INBOX" else effect.target
        found.append(str(words) % {"target": target} if words else effect.text)
    return found


_EFFECTS: dict[str, Text] = {
    "stay": gettext_lazy("stays in Inbox, marked"),
    "keep": gettext_lazy("stays in Inbox"),
    "file": gettext_lazy("is filed in %(target)s"),
    "redirect": gettext_lazy("is sent on to %(target)s"),
    "discard": gettext_lazy("is thrown away"),
    "refuse": gettext_lazy("is refused"),
    "answer": gettext_lazy("is answered"),
    "notify": gettext_lazy("is announced"),
}


# -- consent ------------------------------------------------------------------------------------


def needs_consent(address: str, owner: Owner) -> bool:
    """Addresses of this server can be written to without asking; others were confirmed once, or not yet."""
    parsed = MailAddress.parse(address)
    if domains.is_local(name=parsed.domain):
        return False
    return not ForwardTarget.objects.filter(user_id=owner.principal.user_id, folded=parsed.folded, confirmed_at__isnull=False).exists()


def check_target(address: str, owner: Owner) -> None:
    if needs_consent(address, owner):
        raise Denied(_("%(address)s has not agreed yet. Confirm it under Forwarding first.") % {"address": address})


def ask_consent(address: str, owner: Owner) -> None:
    """Send a code there. At most one letter an hour to one address; Throttled where the asker may send no more for now."""
    parsed = MailAddress.parse(address)
    now = timezone.now()
    row = ForwardTarget.objects.filter(user_id=owner.principal.user_id, folded=parsed.folded).first()
    if row is not None and row.asked_at > now - timedelta(hours=1) and row.wrong < MAX_WRONG:
        return
    hold = limits.admit(principal=owner.principal, recipients=[str(parsed)])
    code = f"{secrets.randbelow(10**8):08}"
    ForwardTarget.objects.update_or_create(
        user_id=owner.principal.user_id, folded=parsed.folded, defaults={"digest": _digest(code), "asked_at": now, "wrong": 0}
    )
    who = owner.person
    text = _(
        "%(who)s <%(address)s> wants to forward mail to this address.\n\nIf you agree, tell them this code:\n\n    %(code)s\n\n"
        "If you know nothing of it, do nothing. Nothing is forwarded without the code."
    ) % {"who": who.name or who.address, "address": who.address, "code": code}
    raw = build(sender=write_person(who), to=[str(parsed)], subject=_("May mail be forwarded to you?"), text=text)
    envelope = Envelope(who.address, (EnvelopeRecipient(str(parsed)),), smtputf8=not str(parsed).isascii())
    intake.accept(envelope=envelope, raw=raw, origin=Origin("web", protocol="HTTP", user_id=owner.principal.user_id, hold=hold))


def give_consent(address: str, code: str, owner: Owner) -> None:
    """BadSyntax where the code is wrong or too old; after MAX_WRONG guesses it is void."""
    row = ForwardTarget.objects.filter(user_id=owner.principal.user_id, folded=MailAddress.parse(address).folded).first()
    if row is None or row.asked_at < timezone.now() - CODE_LASTS or row.wrong >= MAX_WRONG:
        raise BadSyntax(_("There is no code for this address any more. Ask for a new one."))
    if not secrets.compare_digest(row.digest, _digest("".join(code.split()))):
        row.wrong += 1
        row.save(update_fields=["wrong"])
        raise BadSyntax(_("That is not the code that was sent there."))
    row.confirmed_at = timezone.now()
    row.save(update_fields=["confirmed_at"])


def list_asked(owner: Owner) -> list[ForwardTarget]:
    """Those that have not answered yet."""
    return list(ForwardTarget.objects.filter(user_id=owner.principal.user_id, confirmed_at__isnull=True).order_by("folded"))


def split_words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())[:100]


def _how(field: str, how: str, value: str) -> tuple[str, tuple[str, ...]]:
    if field in ("spam", "any"):
        return "", ()
    if field == "size":
        number = value.strip()
        octets = str(int(number) * 1024) if number.isdecimal() and len(number) < 12 else number
        return (how if how in ("over", "under") else "over"), (octets,)
    if how == "exists":
        return how, ()
    return (how if how not in ("over", "under") else "contains"), split_words(value)


def _action_value(kind: str, folder: str, text: str) -> str:
    if kind in ("file", "copy"):
        return folder
    return text.strip() if kind in ("label", "refuse", *_FORWARDS) else ""


def _digest(code: str) -> str:
    return keyed_digest(secret=code, purpose="forward-consent")
