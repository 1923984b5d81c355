"""manage.py explain MESSAGE-ID: the journey of a message, by Message-ID or trace id."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.kernel.ids import TraceId
from mailcore.queue import journey


class Command(BaseCommand):
    help = "Show what happened to a message, step by step."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message_id", metavar="MESSAGE-ID", help="a Message-ID, or the id from a log or a 250 reply")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["message_id"].strip()
        traces = journey.find_traces(message_id=wanted)
        if not traces and journey.list_steps(trace_id=TraceId(wanted)):
            traces = [TraceId(wanted)]
        if not traces:
            raise CommandError(f"Nothing is known of {wanted}.")
        for trace_id in traces:
            self.stdout.write(trace_id)
            for step in journey.list_steps(trace_id=trace_id):
                words = [f"  {step.when:%Y-%m-%d %H:%M:%S}", step.stage, step.verdict, step.address, str(step.code or ""), step.text]
                self.stdout.write("\t".join(word for word in words if word))
