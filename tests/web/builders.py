"""Messages for the pages' tests, made by the product's own builder where it can."""

from mailcore.mime.building import Attachment, build

HX = {"HTTP_HX_REQUEST": "true"}


def letter(
    *,
    subject: str = "Hello",
    text: str = "Hello Ann",
    html: str | None = None,
    sender: str = "Ingrid Solheim <ingrid@nordlys.example>",
    to: str = "Ann <ann@example.org>",
    cc: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    message_id: str | None = None,
) -> bytes:
    return build(sender=sender, to=[to], cc=cc, subject=subject, text=text, html=html, attachments=attachments, message_id=message_id)
