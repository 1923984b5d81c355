"""What the DNS of a domain of ours should say, and whether it does.

`wanted` gives records to paste; `check` asks for each and judges by meaning, not by letter: an SPF
record that lets our hosts send is good however it is written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from django.conf import settings

from . import blocklists, dmarc, iprev, keys, publishing, reportnames, spf, tags
from .dkim import publickeys
from .dkim.publickeys import NoKey, WeakKey
from .names import Kind, Names, NamesFailed, reverse_name
from .tags import BadTags

OK, MISSING, DIFFERS, UNKNOWN = "ok", "missing", "differs", "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    type: str
    wanted: str
    purpose: str
    """mx, spf, dkim, dmarc, mta-sts, tls-rpt, clients; host for the server itself, blocklist for what lists say of both."""
    is_needed: bool = True
    """False: mail works without it."""
    found: tuple[str, ...] = ()
    state: str = UNKNOWN
    """ok, missing, differs, or unknown where the DNS did not answer or was not asked."""
    why: str = ""


def wanted(domain: str) -> list[Row]:
    """The records a domain of ours should have. Makes its DKIM keys where it has none. NotFound for any other domain."""
    host = settings.FACTEUR.hostname.lower()
    rows = [
        Row(domain, "MX", f"10 {host}", "mx", why="Other hosts bring mail here."),
        Row(domain, "TXT", f"v=spf1 mx{_smarthost()} -all", "spf", why="Only the hosts named here send mail of this domain."),
    ]
    for key in keys.ensure(domain=domain):
        use = {"pending": "Signs once it is published.", "active": "Signs now.", "retiring": "Keep it until it is gone from this list."}
        rows.append(Row(key.name, "TXT", key.record, "dkim", why=use[key.state]))
    report_to = f"mailto:{reportnames.DMARC}@{domain}"
    rows += [
        Row(
            f"_dmarc.{domain}",
            "TXT",
            f"v=DMARC1; p=quarantine; rua={report_to}",
            "dmarc",
            why="What others do with mail that is not proved.",
        ),
        Row(
            f"_mta-sts.{domain}",
            "TXT",
            f"v=STSv1; id={publishing.own_id()}",
            "mta-sts",
            False,
            why="Others send only under TLS that is vouched for.",
        ),
        Row(f"mta-sts.{domain}", "CNAME", host, "mta-sts", False, why="Where the policy is fetched, by HTTPS."),
        Row(
            f"_smtp._tls.{domain}",
            "TXT",
            f"v=TLSRPTv1; rua=mailto:{reportnames.TLS}@{domain}",
            "tls-rpt",
            False,
            why="Others report TLS that failed.",
        ),
    ]
    for service, port in publishing.list_services():
        rows.append(Row(f"_{service}._tcp.{domain}", "SRV", f"0 1 {port} {host}", "clients", False, why="Mail programs find the server."))
    rows.append(Row(f"autoconfig.{domain}", "CNAME", host, "clients", False, why="Thunderbird finds the server."))
    return rows


def check(domain: str, names: Names) -> list[Row]:
    """The wanted rows with what was found and what it means, then those of this server itself. Asks the DNS: not inside a transaction."""
    host = check_host(names)
    return [*(_check_row(row, domain, names) for row in wanted(domain)), *host, *_check_lists(domain, host, names)]


def check_host(names: Names) -> list[Row]:
    """Whether the name of this server has addresses, and those lead back to it: many hosts take no mail without."""
    host = settings.FACTEUR.hostname.lower()
    own = Row(host, "A", "the address of this server", "host")
    try:
        found = [*names.look_up(host, Kind.A).records, *names.look_up(host, Kind.AAAA).records]
    except NamesFailed as error:
        return [_judged(own, (), UNKNOWN, f"The name service does not answer: {error}")]
    if not found:
        return [_judged(own, (), MISSING, f"{host} has no address: nobody can bring mail here.")]
    rows = [_judged(own, found, OK, "The name of this server has an address.")]
    for address in found:
        row = Row(reverse_name(address), "PTR", host, "host")
        result, name = iprev.check(names, address)
        if result == "pass" and name == host:
            rows.append(_judged(row, (name,), OK, f"{address} leads back to {host}."))
        elif result == "temperror":
            rows.append(_judged(row, (), UNKNOWN, "The name service does not answer."))
        elif not name:
            rows.append(
                _judged(row, (), MISSING, f"{address} has no name. Who gave you the address can set one; many hosts take no mail without.")
            )
        else:
            rows.append(_judged(row, (name,), DIFFERS, f"{address} is called {name}, and others expect {host}."))
    return rows


def _check_lists(domain: str, host: Sequence[Row], names: Names) -> list[Row]:
    """One row for each address of this server that can be on a list, and one for the domain."""
    addresses = [address for row in host if row.type == "A" for address in row.found]
    standings = [(address, blocklists.check_address(names, address)) for address in addresses]
    standings.append((domain, blocklists.check_domain(names, domain)))
    return [_judge_lists(subject, standing) for subject, standing in standings if standing is not None]


def _judge_lists(subject: str, standing: blocklists.Standing) -> Row:
    row = Row(subject, "A", "", "blocklist")
    if standing.listed_by:
        why = (
            f"{subject} is on {', '.join(standing.listed_by)}: many hosts refuse its mail. "
            "Find what was sent and stop it, then ask at the list's own site to be taken off."
        )
        return _judged(row, standing.listed_by, DIFFERS, why)
    if len(standing.silent) == standing.asked:
        return _judged(
            row, (), UNKNOWN, "No list answers. Lists decline to answer the name service of a large provider; ask by one of your own."
        )
    unheard = f" No answer came from {', '.join(standing.silent)}." if standing.silent else ""
    return _judged(row, (), OK, f"{subject} is on none of {standing.asked - len(standing.silent)} lists.{unheard}")


def _smarthost() -> str:
    """What lets the host that takes our mail for elsewhere send it."""
    host = settings.FACTEUR.smarthost.rpartition(":")[0] if ":" in settings.FACTEUR.smarthost else settings.FACTEUR.smarthost
    if not host:
        return ""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return f" a:{host}"
    return f" ip{address.version}:{address}"


def _check_row(row: Row, domain: str, names: Names) -> Row:
    try:
        found = names.look_up(row.name, Kind(row.type)).records
        if row.purpose == "spf":
            found = tuple(one for one in found if one.lower().startswith("v=spf1"))
        if not found:
            return _judged(row, found, *_without(row, names))
        return _judged(row, found, *_JUDGES[row.purpose](row, found, domain, names))
    except NamesFailed as error:
        return replace(row, state=UNKNOWN, why=f"The name service does not answer: {error}")


def _judged(row: Row, found: Sequence[str], state: str, why: str) -> Row:
    return replace(row, found=tuple(found), state=state, why=why)


def _without(row: Row, names: Names) -> tuple[str, str]:
    if row.type == "CNAME" and (names.look_up(row.name, Kind.A).records or names.look_up(row.name, Kind.AAAA).records):
        return OK, "The name has addresses of its own."
    return MISSING, f"There is no such record. {row.why}"


def _judge_mx(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    hosts = [one.partition(" ")[2] for one in found]
    if settings.FACTEUR.hostname.lower() not in hosts:
        return DIFFERS, f"Mail goes to {', '.join(hosts)}, and not to this server."
    return OK, "Mail comes here." if len(hosts) == 1 else f"Mail comes here, or to {len(hosts) - 1} more."


def _judge_spf(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    host = settings.FACTEUR.hostname.lower()
    addresses = [*names.look_up(host, Kind.A).records, *names.look_up(host, Kind.AAAA).records]
    if not addresses:
        return UNKNOWN, f"{host} has no address, so nothing can be tried."
    for address in addresses:
        verdict = spf.check(names, spf.Sender(address, f"postmaster@{domain}", host))
        if verdict.result == "temperror":
            return UNKNOWN, verdict.reason
        if verdict.result != "pass":
            return DIFFERS, f"It does not let {address} of this server send: {verdict.result}, {verdict.reason}."
    return OK, "It lets this server send."


def _judge_dkim(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    try:
        published, own = tags.parse(found[0]), tags.parse(row.wanted)
        publickeys.parse(found[0])
    except (BadTags, NoKey, WeakKey) as error:
        return DIFFERS, f"The record cannot be used: {error}."
    if re.sub(r"\s", "", published["p"]) != own["p"]:
        return DIFFERS, "It holds another key: it was cut, or is an old one."
    return OK, "The key is published."


def _judge_dmarc(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    records = [one for one in found if one.startswith("v=DMARC1")]
    policy = dmarc.parse(records[0], domain) if len(records) == 1 else None
    if policy is None:
        return DIFFERS, "It is no DMARC record that can be used." if records else "It is no DMARC record."
    if policy.policy == "none":
        return OK, "It only watches (p=none): forged mail is not stopped."
    return OK, f"Mail that is not proved: {policy.policy}."


def _judge_version(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    if row.type == "CNAME":
        return (OK, "It leads here.") if row.wanted in found else (DIFFERS, f"It leads to {found[0]}.")
    start = row.wanted.partition(";")[0]
    good = [one for one in found if one.replace(" ", "").startswith(f"{start};")]
    if len(good) != 1:
        return DIFFERS, f"There must be one record that starts with {start}."
    if row.purpose == "mta-sts" and row.wanted.partition("id=")[2] not in good[0]:
        return DIFFERS, "The id is not that of the present policy: others may keep an old one."
    return OK, "It is published."


def _judge_client(row: Row, found: Sequence[str], domain: str, names: Names) -> tuple[str, str]:
    if row.type == "CNAME":
        return _judge_version(row, found, domain, names)
    place = row.wanted.split(" ", 2)[2]
    if any(one.split(" ", 2)[-1] == place for one in found):
        return OK, "Mail programs find this server."
    return DIFFERS, f"It leads to {found[0]}."


_JUDGES = {
    "mx": _judge_mx,
    "spf": _judge_spf,
    "dkim": _judge_dkim,
    "dmarc": _judge_dmarc,
    "mta-sts": _judge_version,
    "tls-rpt": _judge_version,
    "clients": _judge_client,
}


def show(row: Row) -> str:
    """One line of a zone file; long texts in strings of at most 255 octets (RFC 1035 §3.3).

    "" for what is not a record of the domain.
    """
    if row.purpose in ("host", "blocklist"):
        return ""
    text = row.wanted
    if row.type == "TXT":
        text = " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
    elif row.type in ("MX", "CNAME", "SRV"):
        text += "."
    return f"{row.name}. IN {row.type} {text}"
