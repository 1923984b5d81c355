"""Lines of `aliases`, and of `virtusertable` or Postfix's `virtual`, as aliases and catch-alls."""

from mailcore.directory import addresses, aliases, domains
from mailcore.directory.addresses import Kind
from mailcore.directory.domains import DomainChange
from mailcore.kernel.addresses import MailAddress, fold_domain
from mailcore.kernel.errors import BadSyntax, NotFound

from .plans import LeftOut, Plan, There
from .reading import Line, split_targets


def of_alias(line: Line, domain: str) -> Plan:
    """`name: target, target`. Names without a domain are of `domain`."""
    return _make_alias(_complete(line.key, domain), _read_targets(line.value, domain))


def of_virtual(line: Line, domain: str) -> Plan:
    """`user@domain target`, `@domain target`, or a line that only names a domain."""
    key, value = line.key, line.value
    if value.lower().startswith(("error:", "nouser")):
        raise LeftOut("An address that is not here is refused without a line that says so.")
    if "%" in value:
        raise LeftOut("Parts of the address cannot be put into the target. An alias domain leads every name to the same name elsewhere.")
    if key.startswith("@"):
        return _make_catch_all(fold_domain(key[1:]), _read_targets(value, domain))
    if "@" not in key:
        if "." not in key:
            return _make_alias(_complete(key, domain), _read_targets(value, domain))
        name = fold_domain(key)
        if domains.is_local(name=name):
            raise There(f"{name} is a domain here.")
        return Plan(f"the domain {name} is made", lambda: domains.create(name=name))
    return _make_alias(key, _read_targets(value, domain))


def _read_targets(text: str, domain: str) -> tuple[str, ...]:
    found = []
    for target in split_targets(text):
        if target.startswith("|"):
            raise LeftOut("Mail is not given to programs. A filter (Sieve) or the API can do most of what they did.")
        if target.startswith("/"):
            raise LeftOut("Mail is not written into files. Make a mailbox and import the file with manage.py import.")
        if target.startswith(":include:"):
            raise LeftOut("Lists of addresses in other files are not read. Put them into this line.")
        found.append(_complete(target.removeprefix("\\"), domain))
    if not found:
        raise BadSyntax("The line names no target.")
    return tuple(found)


def _make_alias(address: str, targets: tuple[str, ...]) -> Plan:
    parsed = MailAddress.parse(address)
    if not domains.is_local(name=parsed.domain):
        raise LeftOut(f"{parsed.domain} is not a domain of this server. Make it first.")
    # A name that leads to itself keeps a copy: here the mailbox does so anyway.
    others = tuple(target for target in targets if MailAddress.parse(target).folded != parsed.folded)
    existing = addresses.resolve(parsed)
    if existing.kind is Kind.MAILBOX:
        if not others:
            raise There(f"{parsed} is a mailbox.")
        raise LeftOut(f"{parsed} is a mailbox. Let its owner forward, or put a rule there.")
    try:
        known = aliases.get(address=str(parsed))
    except NotFound:
        return Plan(f"{parsed} leads to {', '.join(targets)}", lambda: aliases.create(address=str(parsed), targets=targets))
    if {row.target for row in known.targets.all()} == {MailAddress.parse(target).folded for target in targets}:
        raise There(f"{parsed} leads there.")
    raise LeftOut(f"{parsed} leads elsewhere already; it is not overwritten.")


def _make_catch_all(name: str, targets: tuple[str, ...]) -> Plan:
    if not domains.is_local(name=name):
        raise LeftOut(f"{name} is not a domain of this server. Make it first.")
    if len(targets) != 1:
        raise LeftOut("A catch-all leads to one address. Make an alias for several, and name it.")
    domain = domains.get(name=name)
    if domain.catch_all == targets[0]:
        raise There(f"What has no other address at {name} goes there.")
    if domain.catch_all:
        raise LeftOut(f"{name} has another catch-all already; it is not overwritten.")
    change = DomainChange(catch_all=targets[0])
    return Plan(f"what has no other address at {name} goes to {targets[0]}", lambda: domains.change(domain_id=domain.pk, to=change))


def _complete(name: str, domain: str) -> str:
    if "@" in name:
        return name
    if not domain:
        raise BadSyntax(f"{name} has no domain; say which is meant (--domain).")
    return f"{name}@{domain}"
