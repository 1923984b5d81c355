"""Settings: the variable wins over the file, and a bad value is named."""

from pathlib import Path

import pytest

from config.environment import SETTINGS, BadSetting, describe, load


def test_defaults_are_the_documented_ports(tmp_path: Path) -> None:
    found = load({"FACTEUR_DATA": str(tmp_path)})
    assert (found.smtp_port, found.imap_port, found.http_port) == (2525, 2143, 8000)
    assert found.data == tmp_path
    assert found.hostname


def test_variable_wins_over_file(tmp_path: Path) -> None:
    (tmp_path / "facteur.toml").write_text(
        'imap_port = 1143\nsmtp_port = 1025\nroutes = ["a.example=127.0.0.1:26", "b.example=127.0.0.1:27"]\n'
    )
    found = load({"FACTEUR_DATA": str(tmp_path), "FACTEUR_SMTP_PORT": "2026"})
    assert (found.imap_port, found.smtp_port) == (1143, 2026)
    assert found.routes == ("a.example=127.0.0.1:26", "b.example=127.0.0.1:27")


@pytest.mark.parametrize(("name", "value"), [("FACTEUR_IMAP_PORT", "imap"), ("FACTEUR_HTTP_PORT", "70000"), ("FACTEUR_DEBUG", "perhaps")])
def test_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        load({"FACTEUR_DATA": str(tmp_path), name: value})


@pytest.mark.parametrize("text", ["no_such_setting = 1\n", "imap_port = \n"])
def test_bad_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "facteur.toml").write_text(text)
    with pytest.raises(BadSetting, match=r"facteur\.toml"):
        load({"FACTEUR_DATA": str(tmp_path)})


def test_every_setting_has_a_field_and_a_meaning() -> None:
    found = load({"FACTEUR_DATA": "/nonexistent"})
    assert all(hasattr(found, setting.name) and setting.meaning for setting in SETTINGS)


def test_the_page_of_settings_is_the_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
    assert page.read_text("utf-8") == describe(), "run: python -m config.environment > docs/settings.md"
