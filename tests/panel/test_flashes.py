"""What a page says after a click is in the language of who clicked."""

from directory.cast import Cast

from mailcore.directory import keys

from .test_panel import as_


def test_in_french(cast: Cast) -> None:
    key, _ = keys.create(owner=cast.root, name="k", scopes=("domains:read",))
    client = as_(cast.root)
    client.cookies["language"] = "fr"
    text = client.post(f"/panel/keys/{key.pk}/remove", follow=True).content.decode()
    assert "La clé est supprimée et n’ouvre plus rien." in text
    text = client.post("/panel/administrators", {"login": "second", "password": "correct horse 7"}, follow=True).content.decode()
    assert "second administre désormais ce serveur." in text
    text = client.post(f"/panel/domains/{cast.example.id}/dns/rotate", follow=True).content.decode()
    assert "De nouvelles clés sont créées." in text
