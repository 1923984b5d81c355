"""manage.py archive removed|restore|periods|set|reset|preview|hold|holds|release|search|export|verify|rewind|undo"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.archive import holds, levels, moments, owners, retention, undeleting
from mailcore.archive.holds import NewHold
from mailcore.archive.journal import exporting, finding, verifying
from mailcore.archive.journal.finding import Query
from mailcore.archive.rewinding import applying, planning
from mailcore.audit.acting import on_the_machine
from mailcore.directory.access import Actor
from mailcore.management.answers import plain_errors, show_size

_OWNER = "an address or a domain here; default: the server"


class Command(BaseCommand):
    help = "Removed mail, periods, legal holds, the journal, and the way back to an earlier moment."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        _add_mail(actions)
        _add_periods(actions)
        _add_holds(actions)
        _add_journal(actions)

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, f"do_{options['action']}")(_actor(), options)

    def do_removed(self, actor: Actor, options: dict[str, Any]) -> None:
        owner = _mailbox(actor, options)
        before: int | None = None
        while True:
            page = undeleting.list_removed(mailbox_id=owner.mailbox_id, search=options["search"], before=before, limit=500)
            for row in page.rows:
                self.stdout.write(f"{row.id}\t{_show(row.at)}\t{row.folder}\t{row.sender}\t{row.subject}")
            before = page.older
            if before is None:
                return

    def do_restore(self, actor: Actor, options: dict[str, Any]) -> None:
        owner = _mailbox(actor, options)
        about = {"mailbox_id": owner.mailbox_id, "folder": options["folder"], "name": owner.shown, "domain": owner.domain}
        if options["ids"]:
            done = undeleting.restore(removal_ids=options["ids"], **about)
        else:
            done = undeleting.restore_all(search=options["search"], **about)
        self.stdout.write(f"{done} messages restored.")

    def do_periods(self, actor: Actor, options: dict[str, Any]) -> None:
        owner = owners.find(actor, options["owner"])
        for name, one in levels.list_all(owner=owner.key, domain=owner.domain).items():
            self.stdout.write(f"{name}\t{one.value}\t{one.owner or 'default'}\t{levels.NAMES[name].meaning}")

    def do_set(self, actor: Actor, options: dict[str, Any]) -> None:
        owners.set_period(owners.find(actor, options["owner"]), name=options["name"], value=options["value"])
        self.do_periods(actor, options)

    def do_reset(self, actor: Actor, options: dict[str, Any]) -> None:
        owners.set_period(owners.find(actor, options["owner"]), name=options["name"], value=None)
        self.do_periods(actor, options)

    def do_preview(self, actor: Actor, options: dict[str, Any]) -> None:
        found = retention.preview(mailbox_ids=owners.list_mailbox_ids(owners.find(actor, options["owner"])))
        for one in found:
            self.stdout.write(f"mailbox {one.mailbox_id}\t{one.folder}\t{one.days} days\t{one.messages}\t{show_size(one.bytes)}")
        self.stdout.write(f"{sum(one.messages for one in found)} messages would go.")

    def do_holds(self, actor: Actor, options: dict[str, Any]) -> None:
        for hold in holds.list_all(domains=actor.domain_names):
            state = "in force" if hold.released_at is None else f"released {_show(hold.released_at)} by {hold.released_by}"
            scope = hold.address or hold.domain or "the server"
            self.stdout.write("\t".join((str(hold.pk), hold.name, scope, hold.who, hold.words, f"by {hold.placed_by}", state)))

    def do_hold(self, actor: Actor, options: dict[str, Any]) -> None:
        since, until = moments.read_optional(options["since"]), moments.read_optional(options["until"])
        new = NewHold(
            name=options["name"], scope=options["owner"], reason=options["reason"], who=options["who"], words=options["words"],
            since=since, until=until,
        )  # fmt: skip
        self.stdout.write(f"Hold {holds.place(actor, new).pk} is in force.")

    def do_release(self, actor: Actor, options: dict[str, Any]) -> None:
        self.stdout.write(f"Hold {holds.release(actor, hold_id=options['hold_id']).pk} is released.")

    def do_search(self, actor: Actor, options: dict[str, Any]) -> None:
        found = finding.search(actor, _query(options), limit=options["limit"])
        for row in found.rows:
            people = ", ".join(finding.list_recipients(row))
            self.stdout.write(f"{row.pk}\t{row.domain} {row.seq}\t{_show(row.at)}\t{row.sender} to {people}\t{row.subject}")

    def do_export(self, actor: Actor, options: dict[str, Any]) -> None:
        path = Path(options["path"])
        try:
            with path.open("xb") as file:
                done = exporting.export(actor, _query(options), file=file, form=exporting.Form(options["form"]))
        except FileExistsError as error:
            raise CommandError(f"{path} exists already.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        self.stdout.write(f"{done} messages written to {path}.")

    def do_verify(self, actor: Actor, options: dict[str, Any]) -> None:
        noted = _read_noted(options["noted"])
        faults = 0
        for domain in [options["domain"]] if options["domain"] else verifying.list_domains():
            found = verifying.verify(domain=domain, read_bytes=options["bytes"], noted=noted)
            for fault in found.faults:
                self.stdout.write(str(fault))
            faults += len(found.faults)
            self.stdout.write(f"{domain}\trecords {found.first} to {found.last}\thead {found.last}:{found.head.hex()}")
        if faults:
            raise CommandError(f"{faults} faults were found.")

    def do_rewind(self, actor: Actor, options: dict[str, Any]) -> None:
        owner, moment = _mailbox(actor, options), moments.read(options["moment"])
        plan = planning.make_plan(mailbox_id=owner.mailbox_id, moment=moment, folder=options["folder"])
        self.stdout.write(
            f"{len(plan.restores)} to restore, {len(plan.moves)} to move back, {len(plan.reflags)} to set flags of, "
            f"{len(plan.new)} new since, {plan.lost} that cannot be recovered"
        )
        if options["apply"]:
            done = applying.apply(
                mailbox_id=owner.mailbox_id, moment=moment, folder=options["folder"], drop_new=options["drop_new"], name=owner.shown,
                domain=owner.domain,
            )  # fmt: skip
            self.stdout.write(f"Done. `manage.py archive undo {owner.shown} {done.rewind_id}` puts it back.")

    def do_undo(self, actor: Actor, options: dict[str, Any]) -> None:
        owner = _mailbox(actor, options)
        done = applying.undo(mailbox_id=owner.mailbox_id, rewind_id=options["rewind_id"], name=owner.shown, domain=owner.domain)
        self.stdout.write(f"{done.restored} restored, {done.moved} moved back, {done.reflagged} flags set, {done.removed} removed.")


def _add_mail(actions: Any) -> None:
    removed = actions.add_parser("removed", help="list what can be brought back")
    restore = actions.add_parser("restore", help="bring back removed mail: by ids, by a search, or all")
    rewind = actions.add_parser("rewind", help="show what it takes to have a mailbox as it was, or do it")
    undo = actions.add_parser("undo", help="take back a rewind")
    for action in (removed, restore, rewind, undo):
        action.add_argument("address")
    restore.add_argument("ids", nargs="*", type=int)
    rewind.add_argument("moment", help="e.g. '2026-11-24 13:30'")
    undo.add_argument("rewind_id", type=int)
    for action in (removed, restore):
        action.add_argument("--search", default="", help="words that all stand in sender, recipients, subject or folder")
    for action in (restore, rewind):
        action.add_argument("--folder", default="", help="one folder alone")
    rewind.add_argument("--apply", action="store_true", help="do it")
    rewind.add_argument("--drop-new", action="store_true", help="remove what came since")


def _add_periods(actions: Any) -> None:
    for name, text in (
        ("periods", "show periods, and who set them"), ("set", "set one"), ("reset", "back to the level above"),
        ("preview", "show what retention would remove"),
    ):  # fmt: skip
        action = actions.add_parser(name, help=text)
        action.add_argument("--for", dest="owner", default="", metavar="OWNER", help=_OWNER)
        if name in ("set", "reset"):
            action.add_argument("name", choices=list(levels.NAMES))
        if name == "set":
            action.add_argument("value", type=int)


def _add_holds(actions: Any) -> None:
    actions.add_parser("holds", help="list legal holds")
    hold = actions.add_parser("hold", help="keep what is there until the hold is released")
    hold.add_argument("name", help="the matter")
    hold.add_argument("--for", dest="owner", default="", metavar="OWNER", help=_OWNER)
    hold.add_argument("--reason", default="")
    _add_criteria(hold)
    actions.add_parser("release", help="release a legal hold").add_argument("hold_id", type=int)


def _add_journal(actions: Any) -> None:
    search = actions.add_parser("search", help="search the journal")
    search.add_argument("--limit", type=int, default=50)
    export = actions.add_parser("export", help="write what a search finds, with a manifest of digests")
    export.add_argument("path")
    export.add_argument("--form", choices=[form.value for form in exporting.Form], default="zip")
    for action in (search, export):
        action.add_argument("--domain", default="")
        _add_criteria(action)
    verify = actions.add_parser("verify", help="find any change, deletion or reordering in the journal")
    verify.add_argument("domain", nargs="?", default="")
    verify.add_argument("--bytes", action="store_true", help="read every message too")
    verify.add_argument("--noted", default="", metavar="SEQ:DIGEST", help="a head that was printed before and noted elsewhere")


def _add_criteria(action: Any) -> None:
    action.add_argument("--who", default="", help="part of an address among sender and recipients")
    action.add_argument("--words", default="", help="words of the subject")
    action.add_argument("--since", default="", help="e.g. 2026-11-24")
    action.add_argument("--until", default="", help="without that moment itself")


def _actor() -> Actor:
    return Actor(0, on_the_machine().name, True, None)


def _mailbox(actor: Actor, options: dict[str, Any]) -> owners.Owner:
    if "@" not in options["address"]:
        raise CommandError(f"{options['address']} is not an address.")
    return owners.find(actor, options["address"])


def _query(options: dict[str, Any]) -> Query:
    since, until = moments.read_optional(options["since"]), moments.read_optional(options["until"])
    return Query(domain=options["domain"], who=options["who"], words=options["words"], since=since, until=until)


def _read_noted(text: str) -> tuple[int, bytes] | None:
    if not text:
        return None
    seq, _, digest = text.partition(":")
    try:
        return int(seq), bytes.fromhex(digest)
    except ValueError as error:
        raise CommandError("Write it as it was printed: 17:9f86d0...") from error


def _show(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
