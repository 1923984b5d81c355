"""Templates compiled once for each language, with everything that cannot change written out.

A page of the webmail is mostly words in the reader's language, icons and fixed addresses. Django
works them out at each request; here `{% translate "…" %}`, `{% url "name" %}`, and simple tags whose
function is cached (its answer hangs on its arguments alone) become plain text when a template is
first wanted in a language. Half of the nodes of an open message go that way.
"""

from collections.abc import Iterator

from django.template import Context, Origin, Template
from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable
from django.template.defaulttags import URLNode
from django.template.library import SimpleNode
from django.template.loaders import cached
from django.templatetags.i18n import TranslateNode
from django.utils.translation import get_language


class Loader(cached.Loader):
    """In OPTIONS["loaders"], around the loaders that find the files."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()} {super().cache_key(template_name, skip)}"

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        is_known = self.cache_key(template_name, skip) in self.get_template_cache
        template = super().get_template(template_name, skip)
        if not is_known:
            fold(template.nodelist)
        return template


def fold(nodes: NodeList) -> None:
    """In place, and in every list below."""
    folded: list[Node] = []
    for node in nodes:
        for below in _lists_below(node):
            fold(below)
        text = _constant(node)
        if text is None:
            folded.append(node)
        elif folded and isinstance(folded[-1], TextNode):
            folded[-1] = TextNode(folded[-1].s + text)
        else:
            folded.append(TextNode(text))
    nodes[:] = folded


def _lists_below(node: Node) -> Iterator[NodeList]:
    for name in node.child_nodelists:
        below = getattr(node, name, None)
        if isinstance(below, NodeList):
            yield below
    for _condition, below in getattr(node, "conditions_nodelists", ()):  # of {% if %}
        yield below


def _constant(node: Node) -> str | None:
    """What this node always says in the language of the moment; None where it depends on more."""
    if isinstance(node, TextNode):
        return str(node.s)
    if isinstance(node, TranslateNode):
        is_fixed = node.asvar is None and node.message_context is None and _is_literal(node.filter_expression)
    elif isinstance(node, URLNode):
        is_fixed = node.asvar is None and not node.args and not node.kwargs and _is_literal(node.view_name)
    elif isinstance(node, SimpleNode):
        words = [*node.args, *node.kwargs.values()]
        is_pure = hasattr(node.func, "cache_info") and not node.takes_context
        is_fixed = is_pure and node.target_var is None and all(_is_literal(word) for word in words)
    else:
        return None
    return str(node.render(Context())) if is_fixed else None


def _is_literal(expression: FilterExpression) -> bool:
    if expression.filters:
        return False
    return expression.var.lookups is None if isinstance(expression.var, Variable) else True
