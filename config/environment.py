"""Every setting Facteur reads, in one table: `FACTEUR_*` variables or `facteur.toml`.

A variable wins over the file. `facteur.toml` is looked for in the data folder and in the
checkout; its keys are the names below without the prefix, in lower case.
"""

import os
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent


class BadSetting(SystemExit):
    """A setting cannot be used; the message names it and what it should be."""


def _boolean(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("give yes or no")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise ValueError("give a port between 0 and 65535")
    return number


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"give one of {', '.join(words)}")
        return text

    return parse


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(word, strict=False)) for word in _words(text))


def _zones(text: str) -> tuple[str, ...]:
    for word in _words(text):
        zone, equals, points = word.partition("=")
        if "." not in zone or (equals and not 0 < float(points) <= 100):
            raise ValueError("give zones of the DNS, each alone or as zone=points")
    return _words(text)


def _scanners(text: str) -> tuple[str, ...]:
    for word in _words(text):
        kind, _, place = word.partition("=")
        if kind not in ("spamd", "clamd", "rspamd", "milter") or not place:
            raise ValueError("give spamd=, clamd=, rspamd= or milter=, each with host:port or a path")
    return _words(text)


def _percent(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100:
        raise ValueError("give 0 to 100")
    return number


def _wait(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 60:
        raise ValueError("give 0 to 60 seconds")
    return seconds


def _log_format(text: str) -> str:
    if text not in ("text", "json"):
        raise ValueError("give text or json")
    return text


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    """Lower case; the variable is FACTEUR_ and the name in capitals."""
    default: str
    parse: Callable[[str], Any]
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("data", str(BASE / "var"), Path, "Folder of everything that is kept"),
    Setting("bind", "127.0.0.1", str, "Address all listeners bind to"),
    Setting("hostname", "", str, "Name in greetings, Received and Message-ID; default: this machine's"),
    Setting("http_port", "8000", _port, "Webmail, panel and API"),
    Setting("smtp_port", "2525", _port, "Mail from other servers"),
    Setting("submission_port", "2587", _port, "Mail from programs, STARTTLS"),
    Setting("submissions_port", "2465", _port, "Mail from programs, TLS"),
    Setting("lmtp_port", "2424", _port, "Mail from a server in front"),
    Setting("imap_port", "2143", _port, "IMAP, STARTTLS"),
    Setting("imaps_port", "2993", _port, "IMAP, TLS"),
    Setting("pop3_port", "2110", _port, "POP3, STLS"),
    Setting("pop3s_port", "2995", _port, "POP3, TLS"),
    Setting("sieve_port", "4190", _port, "ManageSieve, STARTTLS"),
    Setting("front_processes", "2", int, "Listener processes that share the ports"),
    Setting("web_processes", "2", int, "Processes that make pages, each about 130 MB"),
    Setting("database_url", "", str, "postgresql://user:password@host/name; empty: SQLite in the data folder"),
    Setting("redis_url", "", str, "redis:// or rediss:// of your own; empty: one is started beside Facteur"),
    Setting("max_message_bytes", "52428800", int, "Largest message taken"),
    Setting("sweep_percent", "50", _percent, "Dead share from which a file of message bytes is rewritten; 0: never"),
    Setting("default_quota_bytes", "0", int, "Room of a new mailbox; 0: no limit"),
    Setting("smarthost", "", str, "host:port that takes all mail for elsewhere; empty: by MX"),
    Setting("routes", "", _words, "domain=host:port, more of them parted by commas; wins over smarthost and MX"),
    Setting("resolver", "", str, "DNS server as address or address:port; empty: the system's"),
    Setting("resolver_validates", "no", _boolean, "Set where that DNS server checks DNSSEC and the way to it is safe; DANE needs it"),
    Setting("zone_file", "", str, "File in the data folder that answers instead of the DNS, for trials"),
    Setting("trusted_networks", "127.0.0.0/8 ::1", _networks, "Networks whose mail is taken without SPF, DKIM and DMARC checks"),
    Setting("dmarc", "enforce", _one_of("enforce", "quarantine", "report"), "What DMARC policies may do here; quarantine: junk at most"),
    Setting("mta_sts", "testing", _one_of("testing", "enforce", "none"), "Mode of our MTA-STS policy; enforce needs a public certificate"),
    Setting("send_reports", "yes", _boolean, "Send the DMARC and TLS reports other domains ask for, once a domain of ours signs"),
    Setting("arc_sealers", "", _words, "Domains of lists and forwarders whose ARC seals are believed when DMARC fails"),
    Setting(
        "spam_filter", "junk", _one_of("junk", "score", "off"), "What the spam score does: file in Junk, only be written, or not be made"
    ),
    Setting("greylist", "no", _boolean, "Put off a stranger's first message to somebody for two minutes"),
    Setting("greeting_wait", "0", _wait, "Seconds before strangers are greeted; who speaks before is refused"),
    Setting("dns_blocklists", "", _zones, "Lists of bad hosts in the DNS: zone refuses, zone=2.5 adds points to the score"),
    Setting("dns_allowlists", "", _zones, "Lists of good hosts in the DNS: fewer points, no greylisting"),
    Setting("attachments", "take", _one_of("take", "junk", "refuse"), "What is done with mail that has a program attached"),
    Setting("scanners", "", _scanners, "Scanners asked about strangers' mail: spamd=, clamd=, rspamd=, milter= with host:port or a path"),
    Setting("scanner_failure", "accept", _one_of("accept", "defer"), "What happens to mail that a scanner could not look at"),
    Setting("retrieval_networks", "", _networks, "Networks inside which other servers may be collected from, besides the Internet"),
    Setting("retrieval_plain", "no", _boolean, "Allow collecting from servers without TLS: passwords go in clear"),
    Setting(
        "acme_directory",
        "https://acme-v02.api.letsencrypt.org/directory",
        str,
        "ACME server certificates are ordered from; empty: none",
    ),
    Setting("acme_contact", "", str, "Address the ACME server may write to"),
    Setting("allowed_hosts", "*", _words, "Host names the pages answer to"),
    Setting(
        "second_step", "optional", _one_of("optional", "required"), "Whether people must have a second factor; a domain's own word wins"
    ),
    Setting("secure_cookies", "no", _boolean, "Set where the pages are behind HTTPS"),
    Setting("trusted_proxies", "", _networks, "Networks of proxies in front whose X-Forwarded-For and -Proto are believed"),
    Setting("mail_proxies", "", _networks, "Proxies in front of the mail ports: from these networks a PROXY protocol header must come"),
    Setting("metrics_networks", "127.0.0.0/8,::1/128", _networks, "Networks that may read /metrics on the web port"),
    Setting("log_format", "text", _log_format, "text for people, json for machines: one object a line, with the trace id"),
    Setting("debug", "no", _boolean, "Show details of errors in the browser; never on a public machine"),
)


@dataclass(frozen=True, slots=True)
class Environment:
    data: Path
    bind: str
    hostname: str
    http_port: int
    smtp_port: int
    submission_port: int
    submissions_port: int
    lmtp_port: int
    imap_port: int
    imaps_port: int
    pop3_port: int
    pop3s_port: int
    sieve_port: int
    front_processes: int
    web_processes: int
    database_url: str
    redis_url: str
    max_message_bytes: int
    sweep_percent: int
    default_quota_bytes: int
    smarthost: str
    routes: tuple[str, ...]
    resolver: str
    resolver_validates: bool
    zone_file: str
    trusted_networks: tuple[str, ...]
    dmarc: str
    mta_sts: str
    send_reports: bool
    arc_sealers: tuple[str, ...]
    spam_filter: str
    greylist: bool
    greeting_wait: float
    dns_blocklists: tuple[str, ...]
    dns_allowlists: tuple[str, ...]
    attachments: str
    scanners: tuple[str, ...]
    scanner_failure: str
    retrieval_networks: tuple[str, ...]
    retrieval_plain: bool
    acme_directory: str
    acme_contact: str
    allowed_hosts: tuple[str, ...]
    second_step: str
    secure_cookies: bool
    trusted_proxies: tuple[str, ...]
    mail_proxies: tuple[str, ...]
    metrics_networks: tuple[str, ...]
    log_format: str
    debug: bool


def _read_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error
    known = {setting.name for setting in SETTINGS}
    unknown = sorted(set(found) - known)
    if unknown:
        raise BadSetting(f"{path}: unknown setting {', '.join(unknown)}")
    return {name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in found.items()}


def load(environ: Mapping[str, str] = os.environ) -> Environment:
    """Read the table; raises BadSetting naming the first value that cannot be used."""
    data = Path(environ.get("FACTEUR_DATA", BASE / "var"))
    written = _read_file(data / "facteur.toml") or _read_file(BASE / "facteur.toml")
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        variable = f"FACTEUR_{setting.name.upper()}"
        text = environ.get(variable, written.get(setting.name, setting.default))
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as error:
            raise BadSetting(f"{variable}={text!r}: {error}") from error
    values["data"] = values["data"].expanduser().resolve()
    values["hostname"] = values["hostname"] or socket.gethostname()
    return Environment(**values)


def describe() -> str:
    """The table as Markdown; `docs/settings.md` is this text."""
    lines = [
        "# Settings",
        "",
        "Each is a variable, or a key of `facteur.toml` in the data folder or the checkout (without `FACTEUR_`, in lower case).",
        "A variable wins. This page is printed by `python -m config.environment`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for setting in SETTINGS:
        default = "`var` in the checkout" if setting.name == "data" else f"`{setting.default}`" if setting.default else ""
        lines.append(f"| `FACTEUR_{setting.name.upper()}` | {default} | {setting.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(describe(), end="")
