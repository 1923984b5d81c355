"""manage.py list add|show|set|archive|remove|members|join|leave|import|held|approve|reject|discard|digest"""

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.kernel.errors import NotFound
from mailcore.lists import digests, fanning, holding, register, roster
from mailcore.lists.models import MailingList, Member
from mailcore.management.answers import plain_errors, read_size

_SETTINGS = {
    "title": "what people read",
    "description": "a line or two about it",
    "post-policy": ", ".join(MailingList.PostPolicy.values),
    "outsiders": "what becomes of posts of others: " + ", ".join(MailingList.Outsiders.values),
    "join-policy": ", ".join(MailingList.JoinPolicy.values),
    "subject-prefix": 'e.g. "[Team]"; "" for none',
    "reply-to": ", ".join(MailingList.ReplyTo.values),
    "max-size": "a larger post is held, e.g. 2M",
    "bounce-limit": "the score at which a member is paused",
}


class Command(BaseCommand):
    help = "Add, change and remove mailing lists, their members and held posts."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (("add", "make a list"), ("set", "change settings")):
            action = actions.add_parser(name, help=text)
            action.add_argument("address")
            for setting, meaning in _SETTINGS.items():
                action.add_argument(f"--{setting}", default=None, help=meaning)
        actions.add_parser("show", help="show all lists").add_argument("--domain", default="")
        archive = actions.add_parser("archive", help="file posts in a folder of a mailbox here")
        archive.add_argument("address")
        archive.add_argument("mailbox", nargs="?", default="", help="without it they are filed no more")
        archive.add_argument("--folder", default="")
        for name, text in (
            ("remove", "remove a list"),
            ("members", "show its members"),
            ("held", "show held posts"),
            ("digest", "make one now"),
        ):
            actions.add_parser(name, help=text).add_argument("address")
        self._add_member_actions(actions)

    def _add_member_actions(self, actions: Any) -> None:
        join = actions.add_parser("join", help="add or change a member, without a confirmation")
        join.add_argument("address")
        join.add_argument("email")
        join.add_argument("--name", default=None)
        join.add_argument("--role", choices=Member.Role.values, default=None)
        join.add_argument("--mode", choices=Member.Mode.values, default=None)
        leave = actions.add_parser("leave", help="remove a member")
        leave.add_argument("address")
        leave.add_argument("email")
        load = actions.add_parser("import", help="members from lines or CSV; - is standard input")
        load.add_argument("address")
        load.add_argument("file")
        load.add_argument("--dry-run", action="store_true")
        for name, text in (("approve", "pass a held post on"), ("reject", "return it"), ("discard", "drop it")):
            decide = actions.add_parser(name, help=text)
            decide.add_argument("address")
            decide.add_argument("post", type=int)
            if name == "reject":
                decide.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {"import": "load"}.get(options["action"], options["action"])
        with plain_errors():
            getattr(self, action)(options)

    def add(self, options: dict[str, Any]) -> None:
        row = register.create(address=options["address"], **_settings(options))
        self.stdout.write(f"{row} added.")

    def set(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        register.change(list_id=row.pk, **_settings(options))
        self.stdout.write(f"{row} changed.")

    def show(self, options: dict[str, Any]) -> None:
        rows = register.with_counts()
        for row in rows.filter(address__domain__name=options["domain"]) if options["domain"] else rows:
            held = row.posts.filter(state="held").count()
            state = "" if row.address.is_enabled else "\tsuspended"
            self.stdout.write(f"{row}\t{row.title}\t{row.post_policy}\t{row.members.count()} members\t{held} held{state}")

    def archive(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        register.set_archive(list_id=row.pk, mailbox=options["mailbox"], folder=options["folder"])
        self.stdout.write(f"Posts to {row} are filed in {options['mailbox']}." if options["mailbox"] else f"Posts to {row} are not filed.")

    def remove(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        register.remove(list_id=row.pk)
        self.stdout.write(f"{row} removed.")

    def members(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        for member in roster.search(row).order_by("email").iterator(chunk_size=1_000):
            self.stdout.write(f"{member.email}\t{member.role}\t{member.mode}\t{member.status}\t{member.name}".rstrip())

    def join(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        wanted = {name: options[name] for name in ("name", "role", "mode") if options[name] is not None}
        member = roster.find(row, options["email"])
        if member is None:
            member = roster.add(row=row, email=options["email"], **wanted)
        elif wanted:
            roster.change(member_id=member.pk, **wanted)
        self.stdout.write(f"{member.email} is on {row}.")

    def leave(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        member = roster.find(row, options["email"])
        if member is None:
            raise NotFound(f"{options['email']} is not on {row}.")
        roster.remove(member_id=member.pk, why="removed by an administrator")
        self.stdout.write(f"{member.email} is not on {row} any more.")

    def load(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        lines = roster.load(row=row, data=_read(options["file"]), is_dry=options["dry_run"])
        for line in lines:
            self.stdout.write(f"{line.number}\t{line.outcome}\t{line.email}\t{line.text}".rstrip())
        counts = {outcome: sum(line.outcome == outcome for line in lines) for outcome in ("made", "there", "failed")}
        self.stdout.write(f"{counts['made']} added, {counts['there']} there already, {counts['failed']} failed.")

    def held(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        for post in holding.held(row):
            self.stdout.write(f"{post.pk}\t{post.author}\t{post.subject}\t{post.reason}")

    def approve(self, options: dict[str, Any]) -> None:
        holding.approve(self._post(options), by="the command line")
        fanning.run()
        self.stdout.write("On its way.")

    def reject(self, options: dict[str, Any]) -> None:
        holding.reject(self._post(options), by="the command line", reason=options["reason"])
        self.stdout.write("Rejected.")

    def discard(self, options: dict[str, Any]) -> None:
        holding.discard(self._post(options), by="the command line")
        self.stdout.write("Discarded.")

    def digest(self, options: dict[str, Any]) -> None:
        row = register.get(address=options["address"])
        made = digests.make(row, now=int(time.time()))
        fanning.run()
        self.stdout.write("On its way." if made else "Nothing was posted since the last one.")

    def _post(self, options: dict[str, Any]) -> Any:
        return holding.get(row=register.get(address=options["address"]), post_id=options["post"])


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    found = {name.replace("-", "_"): options[name.replace("-", "_")] for name in _SETTINGS}
    wanted = {name: value for name, value in found.items() if value is not None}
    if "max_size" in wanted:
        wanted["max_bytes"] = read_size(wanted.pop("max_size"))
    if "bounce_limit" in wanted:
        try:
            wanted["bounce_limit"] = float(wanted["bounce_limit"])
        except ValueError as error:
            raise CommandError("The bounce limit is a number.") from error
    return wanted


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    return data.decode("utf-8-sig", "replace")
