"""What of a template is written out when it is compiled."""

import pytest
from django.template import Context, Template
from django.template.base import TextNode
from django.template.loader import get_template
from django.utils import translation

from config.templating import fold

CONSTANT = '{% load i18n look %}<b>{% translate "Archive" %}</b>{% icon "star" %}<a href="{% url "act" %}">'


def folded(source: str) -> Template:
    template = Template(source)
    fold(template.nodelist)
    return template


@pytest.mark.parametrize("language", ["en-gb", "fr"])
def test_what_cannot_change_becomes_one_text(language: str) -> None:
    with translation.override(language):
        expected = Template(CONSTANT).render(Context())
        template = folded(CONSTANT)
    texts = [node for node in template.nodelist if isinstance(node, TextNode)]
    assert [node.s for node in texts] == [expected]
    assert template.render(Context()) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{% load i18n %}{% translate word %}",
        '{% load i18n %}{% translate "May" context "month" %}',
        '{% load i18n %}{% translate "Archive" as said %}{{ said }}',
        "{% load look %}{% icon name %}",
        '{% url "message" folder uid %}',
        '{% load i18n %}{% if word %}{% translate "Archive" %}{% else %}{{ word }}{% endif %}',
        '{% load i18n %}{% for one in several %}{% translate "Archive" %}{{ one }}{% empty %}{% translate "Star" %}{% endfor %}',
    ],
)
def test_what_depends_on_the_page_still_does(source: str) -> None:
    values = {"word": "<Star>", "name": "inbox", "folder": "INBOX", "uid": 7, "several": [1, 2]}
    other = {"word": "", "name": "star", "folder": "Sent", "uid": 8, "several": []}
    template = folded(source)
    for context in (values, other):
        assert template.render(Context(context)) == Template(source).render(Context(context))


def test_each_language_has_its_own() -> None:
    said = {}
    for language in ("en-gb", "fr", "en-gb"):
        with translation.override(language):
            said.setdefault(language, set()).add(get_template("webmail/_verbs.html").render({"folders": [], "labels": []}))
    assert len(said["en-gb"]) == len(said["fr"]) == 1
    assert "Archiver" in said["fr"].pop()
    assert "Archiver" not in said["en-gb"].pop()
