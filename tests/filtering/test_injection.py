"""Whatever a script, a stranger or a host says, the letters this server writes have the fields it means to write and no others."""

import email
import email.policy

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.filtering import answers
from mailcore.filtering.answers import Owner
from mailcore.mime.headers import Headers
from mailcore.sieve.actions import Vacation
from mailcore.sieve.letter import Letter

EVIL = st.text(st.sampled_from('a:\r\n\0 <>@",;=?\x0b\x0c\x85\u2028é'), max_size=60)
FIELDS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "in-reply-to", "references",
    "auto-submitted", "x-auto-response-suppress",
}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(EVIL, EVIL, EVIL, st.booleans())
def test_an_answer_has_no_field_of_somebody_else(subject: str, theirs: str, text: str, is_folded: bool) -> None:
    line = theirs.replace("\r", "").replace("\n", "\r\n " if is_folded else "").replace("\0", "")
    raw = f"From: zoe@far.test\r\nSubject: {line}\r\nMessage-ID: <{line}@far.test>\r\nReferences: {line}\r\n\r\nHi\r\n".encode()
    action = Vacation(at=None, reason=text, is_mime=False, seconds=None, subject=subject)  # type: ignore[arg-type]
    made = answers.vacation(action, Letter(raw), sender="zoe@far.test", owner=Owner("ann@here.test", name=subject))
    if made is None:
        return
    names = [field.name.lower() for field in Headers.parse(made.raw)]
    assert set(names) <= FIELDS and len(names) == len(set(names))
    parsed = email.message_from_bytes(made.raw, policy=email.policy.SMTP)
    assert parsed["To"] == "zoe@far.test" and {name.lower() for name in parsed} == set(names)
