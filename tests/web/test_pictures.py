"""Remote pictures come through this server, made anew, and never from inside the network."""

import io
import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import signing
from django.test import Client
from PIL import Image

from mailcore import outgoing
from mailcore.kernel.errors import BadSyntax, Deferred
from webmail import pictures
from webmail.sanitising.letters import sanitize_html

URL = "https://shop.example/a b.png?x=1&y=ü"


def draw(kind: str = "PNG", *, size: tuple[int, int] = (8, 6), frames: int = 1, **options: object) -> bytes:
    images = [Image.new("RGB", size, (shade * 20, 90, 40)) for shade in range(frames)]
    out = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:], "duration": 70, "loop": 0} if frames > 1 else {}
    images[0].save(out, kind, **more, **options)
    return out.getvalue()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, outgoing.Fetched]:
    """What the hosts of the world answer, by address."""
    answers: dict[str, outgoing.Fetched] = {}

    def get(target: outgoing.Target, **_: object) -> outgoing.Fetched:
        return answers[f"https://{target.host}{target.path}"]

    monkeypatch.setattr(outgoing, "get", get)
    monkeypatch.setattr(outgoing, "look_up", lambda target: ipaddress.ip_address("192.0.2.9"))
    return answers


def ok(body: bytes) -> outgoing.Fetched:
    return outgoing.Fetched(200, "image/png", "", body)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_picture_is_written_anew(kind: str, sent: dict[str, outgoing.Fetched]) -> None:
    sent["https://shop.example/a%20b.png?x=1&y=%C3%BC"] = ok(draw(kind))
    media_type, octets = pictures.fetch(URL)
    assert media_type in ("image/png", "image/jpeg", "image/webp")
    with Image.open(io.BytesIO(octets)) as image:
        assert image.size == (8, 6)


def test_what_is_written_into_a_picture_is_left_behind(sent: dict[str, outgoing.Fetched]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where the photographer lives"
    sent["https://a.example/x"] = ok(draw("JPEG", exif=exif, comment=b"a comment") + b"<script>after the end</script>")
    octets = pictures.fetch("https://a.example/x")[1]
    assert b"photographer" not in octets and b"comment" not in octets and b"script" not in octets


def test_a_moving_picture_moves(sent: dict[str, outgoing.Fetched]) -> None:
    sent["https://a.example/x"] = ok(draw("GIF", frames=4))
    media_type, octets = pictures.fetch("https://a.example/x")
    with Image.open(io.BytesIO(octets)) as image:
        assert (media_type, image.n_frames, image.info["duration"]) == ("image/gif", 4, 70)


@pytest.mark.parametrize(
    "body",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", draw()[:40], b"GIF89a" + b"\xff" * 50],
    ids=["nothing", "svg", "html", "cut short", "nonsense"],
)
def test_what_is_no_picture_is_not_passed_on(body: bytes, sent: dict[str, outgoing.Fetched]) -> None:
    sent["https://a.example/x"] = ok(body)
    with pytest.raises(pictures.NoPicture):
        pictures.fetch("https://a.example/x")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    with pytest.raises(pictures.NoPicture, match="20 × 20"):
        pictures.redraw(draw(size=(20, 20)))
    with Image.open(io.BytesIO(pictures.redraw(draw("GIF", size=(5, 5), frames=9))[1])) as image:
        assert image.n_frames == 4


def test_redirects_are_followed_a_few_times(sent: dict[str, outgoing.Fetched]) -> None:
    sent["https://a.example/x"] = outgoing.Fetched(302, "", "/y", b"")
    sent["https://a.example/y"] = outgoing.Fetched(301, "", "https://b.example/z", b"")
    sent["https://b.example/z"] = ok(draw())
    assert pictures.fetch("https://a.example/x")[0] == "image/png"
    sent["https://b.example/z"] = outgoing.Fetched(302, "", "https://b.example/z", b"")
    with pytest.raises(pictures.NoPicture, match="on and on"):
        pictures.fetch("https://a.example/x")


@pytest.mark.parametrize(
    "location", ["http://a.example/", "https://127.0.0.1/", "https://[::1]/", "file:///etc/passwd", "https://u:p@a.example/"]
)
def test_a_redirect_leads_nowhere_else(location: str, sent: dict[str, outgoing.Fetched]) -> None:
    sent["https://a.example/x"] = outgoing.Fetched(302, "", location, b"")
    with pytest.raises(pictures.NoPicture):
        pictures.fetch("https://a.example/x")


def test_a_name_that_leads_inside_is_not_asked() -> None:
    with pytest.raises(pictures.NoPicture, match="private network"):
        pictures.fetch("https://localhost/x.png")


def test_only_signed_addresses_are_fetched(sent: dict[str, outgoing.Fetched], monkeypatch: pytest.MonkeyPatch) -> None:
    sent["https://a.example/x"] = ok(draw())
    stranger = Client()
    answer = stranger.get(pictures.address_of("https://a.example/x"))
    assert (answer.status_code, answer["Content-Type"], answer["Cross-Origin-Resource-Policy"]) == (200, "image/png", "cross-origin")
    assert stranger.get("/picture/" + signing.dumps("https://a.example/x", salt="another")).status_code == 410
    assert stranger.get("/picture/nonsense").status_code == 410
    monkeypatch.setattr(pictures, "VALID_FOR", -1)
    with pytest.raises(BadSyntax):
        pictures.read_address(pictures.address_of("https://a.example/x").removeprefix("/picture/"))


@pytest.mark.parametrize(
    ("picture", "is_tracker"),
    [
        ('<img src="https://t.example/o.gif" width="1" height="1">', True),
        ('<img src="https://t.example/o.gif" style="width:1px; height: 1px">', True),
        ('<img src="https://t.example/o.gif" style="display:none" width="300">', True),
        ('<img src="https://t.example/o.gif" height="0">', True),
        ('<img src="https://t.example/o.gif" width="120" style="line-height: 1">', False),
        ('<img src="https://t.example/o.gif" width="100%" style="max-width: 200px">', False),
        ('<img src="cid:logo@x" width="1">', False),
    ],
)
def test_pictures_nobody_could_see_are_never_loaded(picture: str, is_tracker: bool) -> None:
    letter = sanitize_html(f"<p>Hello</p>{picture}", images={"logo@x": "data:image/png;base64,AAAA"}, allow_remote=True)
    assert letter.trackers == (("t.example",) if is_tracker else ())
    assert ("src=" in letter.html) is not is_tracker


@pytest.fixture
def host() -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/png; charset=x")
            self.end_headers()
            self.wfile.write(b"x" * 5_000)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_answer_is_read_up_to_its_limit(host: HTTPServer) -> None:
    target = outgoing.Target("http", "pictures.test", host.server_port, "/x")
    found = outgoing.get(target, to=ipaddress.ip_address("127.0.0.1"), accept="image/*", limit=5_000)
    assert (found.status, found.kind, len(found.body)) == (200, "image/png", 5_000)
    with pytest.raises(Deferred, match="more than 4999"):
        outgoing.get(target, to=ipaddress.ip_address("127.0.0.1"), accept="image/*", limit=4_999)
