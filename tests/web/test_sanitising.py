"""Vectors that must not come through, whichever cleaner takes them."""

import re

import pytest

from webmail.sanitising import policy
from webmail.sanitising.attributes import Rewriter
from webmail.sanitising.letters import _clean_fast, estimate_depth, sanitize_html
from webmail.sanitising.styles import filter_style

IMAGES = {"logo@x": "data:image/png;base64,AAAA"}

VECTORS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="java\nscript:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="/logout">x</a>',
    '<a href="?do=delete">x</a>',
    "<svg><script>alert(1)</script></svg>",
    '<svg><use href="data:image/svg+xml,x"/></svg>',
    '<svg><animate attributeName="href" values="javascript:alert(1)"/></svg>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<math><a xlink:href="javascript:alert(1)">x</a></math>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<noembed><img src=x onerror=alert(1)></noembed>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!--<img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<form action=https://evil.example><input name=p></form>",
    '<button formaction="javascript:alert(1)">x</button>',
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    "<base href=https://evil.example/>",
    '<link rel=stylesheet href="https://evil.example/x.css">',
    "<style>@import 'https://evil.example/x.css'; body{background:url(https://evil.example)}</style>",
    '<iframe src="https://evil.example"></iframe>',
    '<object data="https://evil.example"></object>',
    '<embed src="https://evil.example">',
    '<video poster="https://evil.example/p.png"></video>',
    '<audio src="https://evil.example/a">',
    '<img srcset="https://evil.example/a 2x">',
    '<table background="https://evil.example/b.png"><tr><td>x</td></tr></table>',
    '<img src="https://evil.example/p.gif">',
    '<img src="//evil.example/p.gif">',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<input type=image src="https://evil.example/x">',
    '<image src="https://evil.example/x">',
    '<p style="background:url(https://evil.example/x)">x</p>',
    r'<p style="background:\75\72\6c(https://evil.example/x)">x</p>',
    '<p style="background-color:url(https://evil.example/x)">x</p>',
    "<p style=\"background:image-set('https://evil.example/x' 1x)\">x</p>",
    '<p style="width:expression(alert(1))">x</p>',
    '<p style="behavior:url(x.htc)">x</p>',
    '<p style="-moz-binding:url(x)">x</p>',
    '<div style="position:fixed;inset:0">x</div>',
    '<div style="position:fixed!important">x</div>',
    '<div style="margin-top:-500px">x</div>',
    '<p style="color:var(--x,url(https://evil.example))">x</p>',
    '<p style="font-family:&quot;a&amp;quot;;background:url(https://evil.example)&quot;">x</p>',
    '<p style="content:attr(title)">x</p>',
    '<p id="main" class="btn" name="x">x</p>',
    '<a target="_top" href="https://ok.example">x</a>',
    # The classes that webmails were broken by, each with the number it is known by.
    '<svg><use href="data:image/svg+xml;base64,PHN2Zz4=#x"/></svg>',  # CVE-2023-5631
    '<svg><animate attributeName="href " values="javascript:alert(1)"/></svg>',  # CVE-2024-37383
    '<svg><animate attributeName="style" values="background:url(https://evil.example)"/></svg>',  # CVE-2026-48848
    '<svg><rect filter="url(https://evil.example/f#x" fill="url(https://evil.example/p#y)"/></svg>',  # CVE-2026-35545
    '<svg><animateTransform by="https://evil.example" xlink:href="#x"/></svg>',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",  # CVE-2024-45800
    '<a href="java&colon;script:alert(1)">x</a>',  # CVE-2018-7753
    "<noscript><style></noscript><img src=x onerror=alert(1)>",  # CVE-2020-6802
    "<svg><title><img src=x onerror=alert(1)></title></svg><math><xmp></math>",  # CVE-2020-6816
    "<math></p><style><!--</style><img src/onerror=alert(1)>",  # CVE-2021-23980
    "<![CDATA[<b><img src=x onerror=alert(1)>]]></b>",  # CVE-2020-12625
    "<xmp><style></xmp><img src=x onerror=alert(1)></style>",  # CVE-2026-44990
    '<p style="background:url(https://evil.example/&quot;)">x</p>',  # CVE-2021-26925
    '<p style="--x:url(https://evil.example);background:var(--x)">x</p>',  # CVE-2026-48846
    '<p style="position : fixed ! important;top:0">x</p>',  # CVE-2026-35544
    '<p style="background:src(https://evil.example)">x</p>',
    '<p style="background:url(https://evil.example">x</p>',
    '<body background="https://evil.example/b.png">x</body>',  # CVE-2026-35542
    '<link rel="dns-prefetch" href="//evil.example">',  # CVE-2010-0464
    '<link rel="preload" as="image" imagesrcset="https://evil.example">',
    '<img src="ht\ttps://evil.example/p.gif">',
    '<img lowsrc="https://evil.example/p.gif" dynsrc="https://evil.example/p.avi">',
    '<td background="https://evil.example/x" style="background-image:-webkit-image-set(url(https://evil.example) 1x)">x</td>',
    '<a href="https://ok.example" ping="https://evil.example">x</a>',
    "<details ontoggle=alert(1) open>x</details>",
    '<style>p{color:red}</style><p style="animation:x 1s" onanimationstart=alert(1)>x</p>',
    '<p style="list-style:url(https://evil.example)">x</p>',
    '<p style="cursor:url(https://evil.example),auto">x</p>',
]

FORBIDDEN = re.compile(
    r"<(?:script|svg|math|style|form|input|button|meta|base|link|iframe|object|embed|video|audio|noscript|template|title|textarea|xmp|image)\b"
    r"|<[^>]*\son\w+\s*=|javascript:|vbscript:|data:text|data:image/svg|evil\.example|url\(|position|expression|<!--|src=\"[^d]|href=\"[^hmt]",
    re.I,
)


def clean(html: str) -> str:
    return sanitize_html(html, images=IMAGES, allow_remote=False).html


def clean_fast(html: str) -> str:
    return _clean_fast(html, Rewriter(IMAGES, False))


@pytest.mark.parametrize("cleaner", [clean, clean_fast])
@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_of_it_comes_through(vector: str, cleaner: "type[clean] | object") -> None:
    result = cleaner(vector)  # type: ignore[operator]
    # Text that merely speaks of markup is harmless once it is escaped.
    tags = "".join(re.findall(r"<[^>]*>", result))
    assert not FORBIDDEN.search(tags), result
    assert not re.search(r"\s(?:id|class|name)=", tags)
    assert 'target="_top"' not in tags


@pytest.mark.parametrize(
    "vector", ["<script>alert(1)</script>", "<style>p{color:red}</style>", "<title>x</title>", "<svg><text>t</text></svg>"]
)
def test_the_text_of_scripts_and_styles_goes_too(vector: str) -> None:
    assert clean(vector) == "" and clean_fast(vector) == ""


@pytest.mark.parametrize("cleaner", [clean, clean_fast])
def test_cleaning_twice_changes_nothing(cleaner: "type[clean] | object") -> None:
    for vector in VECTORS:
        once = cleaner(vector)  # type: ignore[operator]
        assert not FORBIDDEN.search("".join(re.findall(r"<[^>]*>", cleaner(once))))  # type: ignore[operator]


def test_what_people_write_stays() -> None:
    cell = '<td style="color:red;padding:3px"><b>caf\u00e9</b> &amp; &lt;tea&gt;</td>'
    html = f'<table width="600" bgcolor="#fff"><tbody><tr>{cell}</tr></tbody></table>'
    assert clean(html) == html


def test_links_open_elsewhere_and_cannot_reach_back() -> None:
    for cleaner in (clean, clean_fast):
        result = cleaner('<a href="https://ok.example/?a=1&b=2" target="_top" rel="opener">x</a>')
        assert 'href="https://ok.example/?a=1&amp;b=2"' in result
        assert 'target="_blank"' in result and 'rel="noopener noreferrer"' in result


def test_pictures_of_the_letter_itself_are_shown() -> None:
    for cleaner in (clean, clean_fast):
        assert 'src="data:image/png;base64,AAAA"' in cleaner('<img src="cid:logo@x">')
        assert "src" not in cleaner('<img src="cid:other@x">')


def test_remote_pictures_are_named_and_loaded_only_when_allowed() -> None:
    html = '<img src="http://b.example/x.gif"><img src="https://a.example/y.gif">'
    blocked = sanitize_html(html, images={}, allow_remote=False)
    assert blocked.remote_hosts == ("a.example", "b.example") and "src" not in blocked.html
    allowed = sanitize_html(html, images={}, allow_remote=True)
    assert 'src="https://b.example/x.gif"' in allowed.html and "http://" not in allowed.html


def test_deep_and_large_letters_take_the_fast_way_or_none() -> None:
    deep = "<div>" * 1_000 + "x"
    assert estimate_depth(deep) == 1_000
    assert "x" in sanitize_html(deep, images={}, allow_remote=False).html
    assert not sanitize_html("<div>" * (policy.MAX_DEPTH + 1), images={}, allow_remote=False).is_complete
    assert not sanitize_html("a" * (policy.MAX_HTML + 1), images={}, allow_remote=False).is_complete
    assert "<script" not in sanitize_html("<b>x</b><script>1</script>" * 10_000, images={}, allow_remote=False).html


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color:red", "color:red"),
        ("COLOR : #FFF ; width: 50%", "color:#FFF;width:50%"),
        ("color:rgb(1, 2, 3)", "color:rgb(1, 2, 3)"),
        ("margin:-1px;padding:1px", "padding:1px"),
        ("background:u/**/rl(x)", ""),
        ("color:red;background:URL(x)", "color:red"),
        ("font-family:'A B', serif", 'font-family:"A B", serif'),
        ("font-family:'a\\';x:y'", ""),
        ("color:red}body{color:blue", ""),
        ("x" * 5_000, ""),
    ],
)
def test_styles(style: str, kept: str) -> None:
    assert filter_style(style) == kept


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="https://evil.example/x">https://bank.example/login</a>', (("bank.example", "evil.example"),)),
        ('<a href="https://evil.example/x">www.bank.example</a>', (("www.bank.example", "evil.example"),)),
        ('<a href="https://evil.example/x"><b>bank</b>.com</a>', (("bank.com", "evil.example"),)),
        ('<a href="https://news.shop.example/x">https://www.shop.example</a>', ()),
        ('<a href="https://shop.example/x">Our shop</a>', ()),
        ('<a href="https://git.example/readme">README.md</a>', ()),
        ('<a href="mailto:a@x.example">www.x.example</a>', ()),
        ('<a href="https://\u0440\u0430ypal.example/">Pay</a>', (("\u0440\u0430ypal.example", "\u0440\u0430ypal.example"),)),
        ('<a href="https://xn--ypal-43d9g.example/">Pay</a>', (("\u0440\u0430ypal.example", "xn--ypal-43d9g.example"),)),
        ('<a href="https://\u043a\u043d\u0438\u0433\u0430.example/">Book</a>', ()),
    ],
)
def test_links_that_say_one_thing_and_lead_to_another(html: str, found: tuple[tuple[str, str], ...]) -> None:
    assert sanitize_html(html, images={}, allow_remote=False).false_links == found
