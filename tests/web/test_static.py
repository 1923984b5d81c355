"""What is shipped to the browser is what the manifest says, and every icon a page names exists."""

import hashlib
import json
import re
from pathlib import Path

from config.environment import BASE

STATIC = BASE / "static"
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))


def test_vendored_files_are_untouched() -> None:
    manifest = json.loads((STATIC / "vendor" / "manifest.json").read_text())
    for name, entry in manifest.items():
        assert entry["version"] and entry["licence"] and (STATIC / "vendor" / entry["licence_file"]).is_file()
        if "sha256" in entry:
            assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == entry["sha256"]
    listed = {name for name in manifest if "/" not in name} | {"manifest.json"} | {entry["licence_file"] for entry in manifest.values()}
    assert {path.name for path in (STATIC / "vendor").iterdir()} <= listed


def test_every_icon_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="i-([a-z0-9-]+)"', (STATIC / "icons.svg").read_text()))
    named = {name for path in TEMPLATES for name in re.findall(r'\{% icon "([^"]+)"', path.read_text())}
    assert named and named <= sprite


def test_templates_hold_nothing_the_policy_forbids() -> None:
    for path in TEMPLATES:
        if path.name != "letter.html":
            assert not re.search(r'\sstyle="|<style|\son[a-z]+="|hx-on|javascript:|hx-vals=.js:', path.read_text()), path.name


def test_scripts_make_no_code_from_text() -> None:
    for path in sorted((STATIC / "js").glob("*.js")):
        assert not re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", Path(path).read_text()), path.name
