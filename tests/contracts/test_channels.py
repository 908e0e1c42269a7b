"""What every implementation of `Channels` does."""

from dataclasses import replace

import pytest

from bot.domain.channels import DEFAULT_ORIGIN, SERVICE_ORIGIN, ReplyAs
from bot.domain.errors import SettingInvalid
from tests.contracts.samples import OTHER_PLACE, PLACE
from tests.contracts.storage import Storage

WORKSPACE, CHANNEL, THREAD = PLACE.scopes


async def test_without_settings_the_service_and_the_defaults_hold(storage: Storage):
    settled = await storage.channels.config(PLACE)
    assert settled.config.reply is ReplyAs.TEXT
    assert settled.origins["reply"] == SERVICE_ORIGIN
    assert settled.config.temperature is None
    assert settled.origins["temperature"] == DEFAULT_ORIGIN


async def test_the_narrower_scope_wins(storage: Storage):
    await storage.channels.set(THREAD, "max_tokens", "50", by="U1")
    await storage.channels.set(WORKSPACE, "max_tokens", "70", by="U1")
    await storage.channels.set(CHANNEL, "max_tokens", "60", by="U1")
    settled = await storage.channels.config(PLACE)
    assert (settled.config.max_tokens, settled.origins["max_tokens"]) == (50, THREAD)
    settled = await storage.channels.config(replace(PLACE, thread=None))
    assert (settled.config.max_tokens, settled.origins["max_tokens"]) == (60, CHANNEL)
    settled = await storage.channels.config(OTHER_PLACE)
    assert (settled.config.max_tokens, settled.origins["max_tokens"]) == (70, WORKSPACE)
    settled = await storage.channels.config(replace(PLACE, workspace="T2"))
    assert (settled.config.max_tokens, settled.origins["max_tokens"]) == (500, SERVICE_ORIGIN)


async def test_the_last_value_holds(storage: Storage):
    for value in ("voice", "both"):
        await storage.channels.set(CHANNEL, "reply", value, by="U1")
        assert (await storage.channels.config(PLACE)).config.reply is ReplyAs(value)


async def test_a_value_that_is_taken_back_holds_no_longer(storage: Storage):
    await storage.channels.set(CHANNEL, "reply", "voice", by="U1")
    assert await storage.channels.unset(CHANNEL, "reply", by="U1") is True
    assert await storage.channels.unset(CHANNEL, "reply", by="U1") is False
    assert await storage.channels.unset(CHANNEL, "language", by="U1") is False
    assert (await storage.channels.config(PLACE)).origins["reply"] == SERVICE_ORIGIN


@pytest.mark.parametrize(("name", "value"), [("reply", "sung"), ("max_tokens", "-1"), ("no_such_setting", "1")])
async def test_what_is_no_setting_is_refused(storage: Storage, name: str, value: str):
    with pytest.raises(SettingInvalid) as caught:
        await storage.channels.set(CHANNEL, name, value, by="U1")
    assert caught.value.name == name
    assert (await storage.channels.config(PLACE)).config.reply is ReplyAs.TEXT


async def test_the_service_is_set_in_its_file(storage: Storage):
    with pytest.raises(SettingInvalid, match="settings file"):
        await storage.channels.set(SERVICE_ORIGIN, "reply", "voice", by="U1")


async def test_what_another_process_sets_holds_here_within_a_second(storage: Storage):
    await storage.channels.config(PLACE)
    await storage.elsewhere.set(CHANNEL, "reply", "voice", by="U1")
    storage.clock.advance(1)
    assert (await storage.channels.config(PLACE)).config.reply is ReplyAs.VOICE
    await storage.elsewhere.unset(CHANNEL, "reply", by="U1")
    storage.clock.advance(1)
    assert (await storage.channels.config(PLACE)).config.reply is ReplyAs.TEXT


async def test_several_values_change_at_once_each_with_a_line_in_the_history(storage: Storage):
    await storage.channels.set(CHANNEL, "voice", "alto", by="U1")
    await storage.channels.change(CHANNEL, {"reply": "voice", "voice": None, "buttons": "off"}, by="U2")
    settled = await storage.channels.config(PLACE)
    assert (settled.config.reply, settled.config.voice, settled.config.buttons) == (ReplyAs.VOICE, "", False)
    newest = await storage.audit.newest(3, CHANNEL)
    assert {(change.name, change.old, change.new, change.by) for change in newest} == {
        ("reply", None, "voice", "U2"),
        ("voice", "alto", None, "U2"),
        ("buttons", None, "off", "U2"),
    }


async def test_one_value_that_cannot_be_set_leaves_all_as_they_were(storage: Storage):
    with pytest.raises(SettingInvalid, match="max_tokens"):
        await storage.channels.change(CHANNEL, {"reply": "voice", "max_tokens": "many"}, by="U1")
    settled = await storage.channels.config(PLACE)
    assert settled.config.reply is ReplyAs.TEXT
    assert list(await storage.audit.newest(3, CHANNEL)) == []
