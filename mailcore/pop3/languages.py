"""The words of replies in other languages than English (RFC 6856 §3).

Sessions write English; the first line of a reply is put into the client's language as it leaves. `{}` stands for
what is not a word. Response codes and data stay as they are.
"""

import re
from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"i-default": "English", "en": "English", "fr": "Français"}
"""What each calls itself, by tag; the first is what is spoken before anybody asks."""

FRENCH: Mapping[str, str] = {
    "{} messages": "{} messages",
    "{} octets": "{} octets",
    "{} Facteur POP3 ready": "{} Facteur POP3 à votre service",
    "message {} deleted": "message {} supprimé",
    "capabilities follow": "voici les possibilités",
    "languages follow": "voici les langues",
    "mechanisms follow": "voici les mécanismes",
    "top of message follows": "voici le début du message",
    "begin TLS": "commencez TLS",
    "UTF-8 it is": "va pour l'UTF-8",
    "{} language chosen": "{} langue choisie",
    "send PASS": "envoyez PASS",
    "cancelled": "annulé",
    "goodbye": "au revoir",
    "wrong number of arguments": "mauvais nombre d'arguments",
    "an argument is not a number": "un argument n'est pas un nombre",
    "that is not a command": "ce n'est pas une commande",
    "line too long": "ligne trop longue",
    "unknown command": "commande inconnue",
    "not in this state": "pas dans cet état",
    "internal error, incident {}": "erreur interne, incident {}",
    "start TLS before you log in": "commencez TLS avant de vous identifier",
    "TLS is not available now": "TLS n'est pas disponible maintenant",
    "UTF8 takes no argument": "UTF8 ne prend pas d'argument",
    "that language is not spoken here": "cette langue n'est pas parlée ici",
    "USER needs a name": "USER demande un nom",
    "USER first": "d'abord USER",
    "that mechanism is not offered": "ce mécanisme n'est pas proposé",
    "this login has no mailbox": "ce compte n'a pas de boîte aux lettres",
    "another POP3 session holds this mailbox": "une autre session POP3 tient cette boîte",
    "messages were not removed: {}": "les messages n'ont pas été supprimés : {}",
    "that is not UTF-8": "ce n'est pas de l'UTF-8",
    "no such message": "ce message n'existe pas",
    "message already deleted": "message déjà supprimé",
    "message was removed by another session": "message supprimé par une autre session",
    "There was nothing left to say": "il n'y avait plus rien à dire",
    "That is not base64": "ce n'est pas du base64",
    "That is not a PLAIN message": "ce n'est pas un message PLAIN",
    "A PLAIN message holds a name and a password": "un message PLAIN contient un nom et un mot de passe",
    "Acting for another user is not offered": "agir pour quelqu'un d'autre n'est pas proposé",
    "That name and password do not match.": "Ce nom et ce mot de passe ne vont pas ensemble.",
    "This account is suspended.": "Ce compte est suspendu.",
    "This account signs in with a second step. Use an app password here.": (
        "Ce compte s'ouvre en deux étapes. Utilisez ici un mot de passe d'application."
    ),
    "Too many wrong passwords. Wait a quarter of an hour.": "Trop de mots de passe erronés. Attendez un quart d'heure.",
}
_TABLES: Mapping[str, Mapping[str, str]] = {"fr": FRENCH}
_STATUS = re.compile(rb"(\+OK|-ERR(?: \[[^\]\r\n]*\])?) ([^\r\n]*)\r\n")


def _compile(table: Mapping[str, str]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile("(.+)".join(map(re.escape, english.split("{}")))), other) for english, other in table.items() if "{}" in english]


_PATTERNS = {tag: _compile(table) for tag, table in _TABLES.items()}


def find_language(asked: str) -> str | None:
    """The tag of a language that is spoken: as asked for, or without its last parts (RFC 4647 §3.4); None for any other."""
    wanted = asked.lower()
    while wanted and wanted not in LANGUAGES:
        wanted = wanted.rpartition("-")[0]
    return wanted or None


def translate(reply: bytes, language: str) -> bytes:
    """A piece that begins with a status line, with its words in a language; what the language has no words for stays."""
    found = _STATUS.match(reply) if language in _TABLES else None
    if found is None:
        return reply
    text = find_words(found[2].decode("utf-8", "replace"), language)
    return b"%b %b\r\n%b" % (found[1], text.encode(), reply[found.end() :])


def find_words(text: str, language: str) -> str:
    exact = _TABLES[language].get(text)
    if exact is not None:
        return exact
    for pattern, other in _PATTERNS[language]:
        found = pattern.fullmatch(text)
        if found is not None:
            # What an error inside another one says is put into words as well.
            return other.format(*(find_words(part, language) for part in found.groups()))
    return text
