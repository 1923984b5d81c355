# ruff: noqa: SIM905 - words between blanks are easier to check than a list of literals
"""What a letter may be made of. Everything not named here is taken out."""

VERSION = 3
"""Part of the cache key: raise it with every change of the policy."""

TAGS = frozenset(
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em "
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section small span strike "
    "strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)

DROPPED = frozenset(
    "script style title textarea xmp noembed noframes noscript plaintext template svg math iframe frame frameset object embed applet "
    "audio video source track canvas select option optgroup datalist button input link meta base head dialog portal map area param "
    "marquee image isindex keygen listing nextid bgsound".split()
)
"""Removed with everything inside them: their text is not text. A `form` is unwrapped, its fields are dropped."""

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())

GLOBAL_ATTRIBUTES = frozenset("align dir lang title valign style".split())
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset(("href", "name")),
    "img": frozenset(("src", "alt", "width", "height", "border", "hspace", "vspace")),
    "table": frozenset(("width", "height", "border", "cellpadding", "cellspacing", "bgcolor")),
    "td": frozenset(("width", "height", "colspan", "rowspan", "bgcolor", "nowrap", "abbr", "headers", "scope")),
    "th": frozenset(("width", "height", "colspan", "rowspan", "bgcolor", "nowrap", "abbr", "headers", "scope")),
    "tr": frozenset(("height", "bgcolor")),
    "col": frozenset(("width", "span")),
    "colgroup": frozenset(("width", "span")),
    "font": frozenset(("color", "face", "size")),
    "ol": frozenset(("start", "type", "reversed")),
    "ul": frozenset(("type",)),
    "li": frozenset(("value", "type")),
    "hr": frozenset(("width", "size", "color", "noshade")),
    "time": frozenset(("datetime",)),
}

SCHEMES = ("http://", "https://", "mailto:", "tel:")

PROPERTIES = frozenset(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width border-collapse border-color "
    "border-left border-left-color border-left-style border-left-width border-radius border-right border-right-color border-right-style "
    "border-right-width border-spacing border-style border-top border-top-color border-top-style border-top-width border-width "
    "box-sizing caption-side clear color direction display empty-cells float font font-family font-size font-style font-variant "
    "font-weight height letter-spacing line-height list-style list-style-position list-style-type margin margin-bottom margin-left "
    "margin-right margin-top max-height max-width min-height min-width mso-line-height-rule overflow-wrap padding padding-bottom "
    "padding-left padding-right padding-top table-layout text-align text-decoration text-decoration-color text-decoration-line "
    "text-decoration-style text-indent text-transform unicode-bidi vertical-align white-space width word-break word-spacing word-wrap "
    "background".split()
)
"""No position, z-index, content, cursor, transform, filter, clip, animation or behaviour of any kind."""

FUNCTIONS = frozenset(("rgb", "rgba", "hsl", "hsla"))

MAX_BLEACH = 200_000
"""Characters. Above it html5lib takes seconds, and the other cleaner does the same work in milliseconds."""
MAX_BLEACH_DEPTH = 150
MAX_HTML = 4_000_000
MAX_DEPTH = 4_000
