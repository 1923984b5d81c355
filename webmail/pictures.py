"""Remote pictures of letters, fetched by this server so that their senders learn nothing of the reader.

The address in the page is signed: nobody can make this server fetch what no letter held. What comes
back is decoded and written anew, so it carries no metadata and nothing but a picture reaches the
browser.
"""

import io
from urllib.parse import quote, urljoin

from django.core import signing
from django.urls import reverse
from PIL import Image, ImageSequence, UnidentifiedImageError

from mailcore import outgoing
from mailcore.kernel.errors import BadSyntax, Deferred, MailError

MAX_OCTETS = 10_000_000
MAX_PIXELS = 40_000_000
MAX_FRAMES = 300
MAX_URL = 4_000
REDIRECTS = 3
SECONDS = 8.0
VALID_FOR = 7 * 24 * 3600
_SALT = "webmail.picture"
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_REDIRECT = frozenset((301, 302, 303, 307, 308))


class NoPicture(Exception):
    """Nothing that can be shown came; the text says why."""


def address_of(url: str) -> str:
    """Where a page shows the picture of a remote address from."""
    return reverse("picture", args=[signing.dumps(url, salt=_SALT, compress=True)])


def read_address(token: str) -> str:
    """BadSyntax for what was not signed here, or too long ago."""
    try:
        return str(signing.loads(token, salt=_SALT, max_age=VALID_FOR))
    except signing.BadSignature as error:
        raise BadSyntax("The address of this picture is not valid any more; open the letter again.") from error


def fetch(url: str) -> tuple[str, bytes]:
    """(media type, octets) of the picture there, made anew. NoPicture."""
    try:
        return redraw(_get(url))
    except MailError as error:
        raise NoPicture(error.public) from error


def _get(url: str) -> bytes:
    for _ in range(REDIRECTS + 1):
        target = outgoing.parse(quote(url, safe="%/:=&?~#+!$,;'@()*[]").partition("#")[0], max_length=MAX_URL)
        found = outgoing.get(target, to=outgoing.look_up(target), accept="image/*", limit=MAX_OCTETS, seconds=SECONDS)
        if found.status in _REDIRECT and found.location:
            url = urljoin(url, found.location)
            continue
        if found.status != 200:
            raise Deferred(f"{target.host} answers {found.status}.")
        return found.body
    raise Deferred("The address leads on and on.")


def redraw(octets: bytes) -> tuple[str, bytes]:
    """The same picture, or moving picture, written by us. NoPicture for what is none, or too large."""
    try:
        with Image.open(io.BytesIO(octets), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoPicture(f"The picture is {image.width} × {image.height}.")
            if getattr(image, "is_animated", False):
                return _redraw_moving(image)
            kind = image.format if image.format in ("JPEG", "WEBP") else "PNG"
            still: Image.Image = image.convert("RGB") if kind == "JPEG" else image
            if still.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
                still = still.convert("RGBA")
            return f"image/{kind.lower()}", _write(still, kind, quality=88)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise NoPicture(f"It is not a picture: {error}") from error


def _redraw_moving(image: Image.Image) -> tuple[str, bytes]:
    frames: list[Image.Image] = []
    for frame in ImageSequence.Iterator(image):
        if len(frames) == MAX_FRAMES or (len(frames) + 1) * image.width * image.height > MAX_PIXELS:
            break
        frames.append(frame.convert("RGBA"))
    durations = image.info.get("duration", 100)
    loop = image.info.get("loop", 0)
    return "image/gif", _write(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=loop, disposal=2)


def _write(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.info.clear()  # EXIF, comments, profiles
    image.save(out, kind, **options)
    return out.getvalue()
