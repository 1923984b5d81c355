"""One message on its way: which recipients were taken, and what became of each."""

from collections.abc import Iterable

from ..grammar.replies import PeerReply
from .actions import OutgoingMessage, RecipientResult

MAX_TEXT = 1_000


class Transfer:
    def __init__(self, message: OutgoingMessage) -> None:
        self.message = message
        self.mail_refusal: PeerReply | None = None
        self.accepted: list[int] = []
        self.data_answered = False
        self._results: list[RecipientResult | None] = [None] * len(message.envelope.recipients)

    def take_mail(self, reply: PeerReply) -> None:
        if reply.code // 100 != 2:
            self.mail_refusal = reply

    def take_recipient(self, index: int, reply: PeerReply) -> None:
        if self.mail_refusal is not None:
            self.settle([index], self.mail_refusal)
        elif reply.code // 100 == 2:
            self.accepted.append(index)
        elif reply.code == 552 and reply.enhanced in ("", "5.5.3"):
            # RFC 5321 §4.5.3.1.10: the old code for "too many recipients"; those left may go next time.
            self.fail([index], code=452, enhanced="4.5.3", text=reply.text, permanent=False)
        else:
            self.settle([index], reply)

    def settle(self, indexes: Iterable[int], reply: PeerReply) -> None:
        """The peer's last word on these."""
        ok, permanent = reply.code // 100 == 2, reply.code >= 500
        for index in indexes:
            self._put(index, ok, reply.code, reply.enhanced, reply.text, permanent)

    def refuse(self, indexes: Iterable[int], reply: PeerReply) -> None:
        """As `settle`, where even a 2xx or 3xx means that the message was not taken."""
        for index in indexes:
            self._put(index, False, reply.code, reply.enhanced, reply.text, reply.code >= 500)

    def fail(self, indexes: Iterable[int], *, code: int, enhanced: str, text: str, permanent: bool) -> None:
        for index in indexes:
            self._put(index, False, code, enhanced, text, permanent)

    @property
    def open_indexes(self) -> list[int]:
        return [index for index, result in enumerate(self._results) if result is None]

    def results(self) -> tuple[RecipientResult, ...]:
        if self.open_indexes:
            raise RuntimeError("a recipient has no result")
        return tuple(result for result in self._results if result is not None)

    def _put(self, index: int, ok: bool, code: int, enhanced: str, text: str, permanent: bool) -> None:
        address = self.message.envelope.recipients[index].address
        self._results[index] = RecipientResult(address, ok, code, enhanced, text[:MAX_TEXT], permanent)
