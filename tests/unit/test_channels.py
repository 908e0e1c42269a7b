"""Settings of channels: layers, origins, texts."""

import pytest
from hypothesis import given, strategies as st

from bot.domain.channels import (
    SETTINGS,
    ChannelConfig,
    ConfigLayer,
    ReplyAs,
    Setting,
    parse_setting,
    settle,
    show_setting,
)
from bot.domain.errors import SettingInvalid


def test_nothing_set_is_all_defaults():
    settled = settle([])
    assert settled.config == ChannelConfig()
    assert set(settled.origins.values()) == {"default"}


def test_the_narrowest_scope_wins_and_every_value_knows_its_origin():
    settled = settle(
        [
            ConfigLayer(scope="service", values={"reply": "text", "language": "de"}),
            ConfigLayer(scope="slack:T", values={"reply": "voice"}),
            ConfigLayer(scope="slack:T:C", values={"max_tokens": "50"}),
        ]
    )
    assert settled.config.reply is ReplyAs.VOICE
    assert settled.config.max_tokens == 50
    assert {name: settled.origins[name] for name in ("reply", "language", "max_tokens", "voice")} == {
        "reply": "slack:T",
        "language": "service",
        "max_tokens": "slack:T:C",
        "voice": "default",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reply", "loudly"),
        ("temperature", "3"),
        ("temperature", "warm"),
        ("max_tokens", "1.5"),
        ("chat_model", "gpt"),
        ("chat_model", " , "),
        ("reasoning", "perhaps"),
        ("colour", "red"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_the_setting(name: str, text: str):
    with pytest.raises(SettingInvalid) as caught:
        parse_setting(name, text)
    assert caught.value.name == name
    assert name in caught.value.sentence


@given(st.sampled_from([s for s in SETTINGS.values() if s.default is not None]))
def test_what_is_shown_can_be_read_again(setting: Setting):
    assert parse_setting(setting.name, show_setting(setting.default)) == setting.default


def test_every_setting_is_documented_in_one_sentence():
    assert set(SETTINGS) == set(ChannelConfig.__dataclass_fields__)
    for setting in SETTINGS.values():
        assert setting.document.endswith(".")
