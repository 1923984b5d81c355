"""Groups of tags that several words share."""

from .signatures import Kind, TagRule, Tags

MATCH: Tags = {
    "is": TagRule(group="match type"),
    "contains": TagRule(group="match type"),
    "matches": TagRule(group="match type"),
    "regex": TagRule(group="match type", needs="regex"),
    "count": TagRule(Kind.STRING, "match type", "relational"),
    "value": TagRule(Kind.STRING, "match type", "relational"),
    "comparator": TagRule(Kind.STRING, "comparator"),
}
ADDRESS_PART: Tags = {
    "all": TagRule(group="address part"),
    "localpart": TagRule(group="address part"),
    "domain": TagRule(group="address part"),
    "user": TagRule(group="address part", needs="subaddress"),
    "detail": TagRule(group="address part", needs="subaddress"),
}
INDEX: Tags = {
    "index": TagRule(Kind.NUMBER, "index", "index"),
    "last": TagRule(None, "last", "index"),
}
MIME: Tags = {
    "mime": TagRule(None, "mime", "mime"),
    "anychild": TagRule(None, "anychild", "mime"),
}
MIME_OPTIONS: Tags = MIME | {
    "type": TagRule(None, "mime option", "mime"),
    "subtype": TagRule(None, "mime option", "mime"),
    "contenttype": TagRule(None, "mime option", "mime"),
    "param": TagRule(Kind.STRINGS, "mime option", "mime"),
}
