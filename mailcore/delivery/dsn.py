"""Reports to the sender: failed, delayed, delivered. Pure: results in, message bytes out.

RFC 3464 (delivery status in a multipart/report), RFC 3461 §5.2 and §6 (what was asked for),
RFC 6533 §3 (addresses beyond ASCII), RFC 2852 §5 and RFC 4865 §5 (times that were asked for).
A report has the null sender, and nothing is returned to that.
A report of ours that fails is shown to the postmaster instead, and one to a postmaster to nobody,
so no chain of reports is longer than two.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailcore.queue.claims import Lease
from mailcore.queue.settlement import Result, Verdict

from .trace import format_time

SOURCE = "dsn"
"""Where the queue says our reports come from."""
MAX_RETURNED = 1_000_000
"""A larger original is returned as headers only, whatever RET says."""
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_DEFAULT_STATUS = {"failed": "5.0.0", "delayed": "4.0.0", "delivered": "2.0.0", "relayed": "2.0.0", "double": "5.0.0"}
_TITLE = {
    "failed": "Your message could not be delivered",
    "delayed": "Your message is delayed",
    "delivered": "Your message was delivered",
    "relayed": "Your message was passed on",
    "double": "A delivery report could not be delivered",
}
_EXPLANATION = {
    "failed": "could not be delivered to the addresses below. It will not be tried again.",
    "delayed": "has not been delivered to the addresses below yet. It is still being tried; there is nothing you need to do.",
    "delivered": "was delivered to the addresses below, as you asked to be told.",
    "relayed": "was passed on to a system that sends no delivery reports.",
    "double": "could not be delivered to the addresses below. It is itself a report, so that nobody but you is told.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one entry."""

    action: str
    """failed, delayed, delivered or relayed: RFC 3464 §2.3.3; or double, a report that failed, for the postmaster."""
    results: tuple[Result, ...]

    @property
    def lease(self) -> Lease:
        return self.results[0].lease


def wanted_action(result: Result, *, is_late: bool) -> str:
    """The action to report for a final result, "" for none. RFC 3461 §4.1: without NOTIFY, failures and delays."""
    lease = result.lease
    if not lease.sender:
        is_double = result.verdict is Verdict.FAILED and lease.source == SOURCE and not _is_to_postmaster(lease)
        return "double" if is_double else ""
    asked = {word.strip().upper() for word in lease.notify.split(",") if word.strip()}
    if result.verdict is Verdict.FAILED:
        return "failed" if not asked or "FAILURE" in asked else ""
    if result.verdict is Verdict.DEFERRED:
        return "delayed" if is_late and not lease.delay_notified and (not asked or "DELAY" in asked) else ""
    if _tells_of_step(result) and "NEVER" not in asked:
        return "relayed"
    if "SUCCESS" not in asked or result.peer_reports:
        return ""
    return {Verdict.DELIVERED: "delivered", Verdict.SENT: "relayed"}.get(result.verdict, "")


def _tells_of_step(result: Result) -> bool:
    """RFC 2852 §4: each host that passes it on, where that was asked; and that the time is known to nobody from here on."""
    lease = result.lease
    return result.verdict is Verdict.SENT and bool(lease.by_mode) and (bool(lease.by_trace) or not result.peer_keeps_time)


def _is_to_postmaster(lease: Lease) -> bool:
    """As it was addressed: an alias leaves the address it stood for in `orcpt`."""
    written = (lease.address, lease.orcpt.partition(";")[2])
    return any(address.lower().startswith("postmaster@") for address in written)


def group(results: Sequence[tuple[Result, str]]) -> list[Report]:
    """Reports for (result, action) pairs: one for each entry and action."""
    found: dict[tuple[int, str], list[Result]] = {}
    for result, action in results:
        if action:
            found.setdefault((result.lease.entry_id, action), []).append(result)
    return [Report(action, tuple(group)) for (_, action), group in found.items()]


def build(report: Report, *, to: str, original: bytes, hostname: str, now: int, boundary: str) -> bytes:
    """The whole report but its Message-ID, which the intake adds."""
    lease = report.lease
    is_wanted = report.action == "double" or (report.action == "failed" and lease.ret.upper() == "FULL")
    full = is_wanted and len(original) <= MAX_RETURNED
    returned = original if full else original[: _header_end(original)]
    kind = "message/rfc822" if full else "text/rfc822-headers"
    parts = (
        ("text/plain; charset=utf-8", _text(report, hostname).encode("utf-8", "replace")),
        ("message/delivery-status", _status(report, hostname, now).encode("ascii", "backslashreplace")),
        (kind, returned),
    )
    head = (
        f"From: Mail delivery <MAILER-DAEMON@{hostname}>\r\nTo: <{to}>\r\nSubject: {_TITLE[report.action]}\r\n"
        f"Date: {format_time(now)}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\r\n\r\n'
    ).encode()
    body = b"".join(_part(boundary, content_type, content) for content_type, content in parts)
    return head + body + f"--{boundary}--\r\n".encode()


def _part(boundary: str, content_type: str, content: bytes) -> bytes:
    encoding = "7bit" if content.isascii() else "8bit"
    head = f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + content + (b"" if content.endswith(b"\r\n") else b"\r\n")


def _text(report: Report, hostname: str) -> str:
    lease = report.lease
    lines = [
        f"This is the mail system at {hostname}.",
        "",
        f"{'This report' if report.action == 'double' else 'Your message'} {_EXPLANATION[report.action]}",
        "",
    ]
    for result in report.results:
        lines += [f"  <{result.lease.address}>", f"      {_one_line(result.text)}", ""]
    lines += [f"Message-ID: {lease.message_id or 'none'}", f"Received by us: {format_time(lease.received_at)}"]
    lines += [f"Reference: {lease.trace_id}"]
    return "\r\n".join(lines) + "\r\n"


def _status(report: Report, hostname: str, now: int) -> str:
    lease = report.lease
    message = [f"Reporting-MTA: dns; {hostname}", f"Arrival-Date: {format_time(lease.received_at)}", f"X-Queue-Id: {lease.trace_id}"]
    if lease.deliver_by:
        message.append(f"Deliver-By-Date: {format_time(lease.deliver_by)}")
    if lease.not_before:
        message.append(f"Future-Release-Request: until;{datetime.fromtimestamp(lease.not_before, UTC):%Y-%m-%dT%H:%M:%SZ}")
    if lease.envid:
        message.insert(0, f"Original-Envelope-Id: {_decode_xtext(lease.envid)}")
    return "\r\n".join(message) + "\r\n" + "".join("\r\n" + _recipient(report, result, now) for result in report.results)


def _recipient(report: Report, result: Result, now: int) -> str:
    lease = result.lease
    fields = []
    if lease.orcpt:
        kind, _, address = lease.orcpt.partition(";")
        fields.append(f"Original-Recipient: {kind}; {_decode_xtext(address)}")
    found = _ENHANCED.match(result.text)
    fits = found is not None and found[1][0] == _DEFAULT_STATUS[report.action][0]
    fields += [
        f"Final-Recipient: {_typed(lease.address)}",
        f"Action: {'failed' if report.action == 'double' else report.action}",
        f"Status: {found[1] if found and fits else _DEFAULT_STATUS[report.action]}",
    ]
    if result.host:
        fields.append(f"Remote-MTA: dns; {result.host}")
    if result.code and result.verdict is not Verdict.DELIVERED:
        fields.append(f"Diagnostic-Code: smtp; {result.code} {_one_line(result.text)}")
    fields.append(f"Last-Attempt-Date: {format_time(now)}")
    if report.action == "delayed":
        fields.append(f"Will-Retry-Until: {format_time(lease.expires_at)}")
    return "\r\n".join(fields) + "\r\n"


def _typed(address: str) -> str:
    """RFC 6533 §3: an address beyond ASCII, written in ASCII."""
    if address.isascii():
        return f"rfc822; {address}"
    return "utf-8; " + "".join(char if char.isascii() else f"\\x{{{ord(char):X}}}" for char in address)


def _decode_xtext(text: str) -> str:
    """RFC 3461 §4; what would break out of its line stays encoded."""
    plain = re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), text)
    return plain if plain.isprintable() and plain.isascii() else text


def _one_line(text: str) -> str:
    return " ".join(text.split())[:900]


def _header_end(raw: bytes) -> int:
    found = re.search(rb"\r?\n\r?\n", raw)
    return found.end() if found else min(len(raw), MAX_RETURNED)
