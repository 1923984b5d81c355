"""One module a page: parse, call one thing of the core, render."""
