"""The rows of newly accepted messages: entry, recipients and the first steps of the journey."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailcore.kernel.envelope import EnvelopeRecipient

from . import journey, rows, schedule
from .journey import Stage, Step
from .settlement import insert_recipients

_COLUMNS = (
    "trace_id", "sender", "blob_id", "size", "source", "user_id", "message_id", "delivered_to", "received_at", "expires_at", "is_held",
    "priority", "ret", "envid", "smtputf8", "eight_bit", "requiretls", "filing", "not_before", "deliver_by",
    "by_mode", "by_trace",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEntry:
    trace_id: str
    sender: str
    recipients: tuple[EnvelopeRecipient, ...]
    blob_id: int
    size: int
    source: str
    user_id: int | None
    message_id: str
    delivered_to: str
    received_at: int
    ret: str
    envid: str
    smtputf8: bool
    eight_bit: bool
    came_from: str
    """For the journey, e.g. "192.0.2.1 (mail.example.org) by ESMTPS"."""
    priority: int = 0
    requiretls: bool = False
    filing: str = ""
    not_before: int = 0
    """It falls due only then."""
    deliver_by: int = 0
    by_mode: str = ""
    by_trace: bool = False
    findings: tuple[str, ...] = ()
    """For the journey, after `came_from`."""
    hold: str = ""
    """Why nothing is tried until it is released; "" where it is not held."""


def insert(entries: Sequence[NewEntry]) -> None:
    """Queue messages in the caller's transaction: three statements for a whole batch that is due at once."""
    ids = {
        trace_id: entry_id
        for entry_id, trace_id in rows.insert(
            table="queue_entry", columns=_COLUMNS, rows=[_row(entry) for entry in entries], returning="id, trace_id"
        )
    }
    for due in sorted({entry.not_before for entry in entries}):
        insert_recipients(
            [
                (ids[entry.trace_id], one.address, one.orcpt, one.notify)
                for entry in entries
                for one in entry.recipients
                if entry.not_before == due
            ],
            now=max(due, entries[0].received_at),
        )
    journey.record([step for entry in entries for step in _steps(entry)])


def _row(entry: NewEntry) -> tuple[object, ...]:
    expires_at = schedule.expiry(received_at=max(entry.received_at, entry.not_before), sender=entry.sender)
    if entry.by_mode == "R":
        expires_at = min(expires_at, entry.deliver_by)
    return (
        entry.trace_id, entry.sender, entry.blob_id, entry.size, entry.source, entry.user_id, entry.message_id, entry.delivered_to,
        entry.received_at, expires_at, bool(entry.hold), entry.priority,
        entry.ret, entry.envid, entry.smtputf8, entry.eight_bit, entry.requiretls, entry.filing, entry.not_before,
        entry.deliver_by, entry.by_mode, entry.by_trace,
    )  # fmt: skip


def _steps(entry: NewEntry) -> list[Step]:
    domain = entry.sender.rpartition("@")[2].lower()
    at, came_from, message_id = entry.received_at, entry.came_from, entry.message_id
    steps = [Step(entry.trace_id, at, Stage.RECEIVED, entry.source, 250, came_from, entry.sender, domain, message_id)]
    for finding in entry.findings:
        steps.append(Step(entry.trace_id, at, Stage.CHECKED, "", 0, finding, entry.sender, domain, message_id))
    if entry.hold:
        steps.append(Step(entry.trace_id, at, Stage.HELD, "held", 0, entry.hold, entry.sender, domain, message_id))
    waits = f"to leave at {datetime.fromtimestamp(entry.not_before, UTC):%Y-%m-%d %H:%M:%S} UTC" if entry.not_before else ""
    for one in entry.recipients:
        destination = one.address.rpartition("@")[2].lower()
        steps.append(Step(entry.trace_id, at, Stage.QUEUED, "", 0, waits, one.address, destination, message_id))
    return steps
