"""`/mynah model`, `/mynah voice` and `/mynah settings`: what a channel is set to."""

import asyncio
from collections.abc import Sequence

from bot.domain.channels import (
    DEFAULT_ORIGIN,
    SERVICE_ORIGIN,
    SETTINGS,
    ChannelConfig,
    UnknownPrice,
    models,
    show_setting,
)
from bot.domain.commands import CommandCall
from bot.domain.errors import SettingInvalid
from bot.domain.models import Capabilities, ModelRef
from bot.domain.prices import shortcoming, show_price
from bot.pipeline.commands.places import DENIED, channel_scope
from bot.pipeline.house import House
from bot.words import phrase, say

MODEL_KINDS = {
    "chat": "chat_model",
    "transcription": "transcription_model",
    "video": "video_model",
    "speech": "speech_model",
}

LACKING = {
    "cannot chat": phrase("{model} cannot chat."),
    "cannot hear": phrase("{model} cannot hear."),
    "cannot speak": phrase("{model} cannot speak."),
}
LACKING_WITH_CHOICE = {
    "cannot chat": phrase("{model} cannot chat; choose one of {models}."),
    "cannot hear": phrase("{model} cannot hear; choose one of {models}."),
    "cannot speak": phrase("{model} cannot speak; choose one of {models}."),
}
"""What is said of a model that was chosen for what it cannot do."""

SUGGESTION_SECONDS = 1.0
"""How long gateways may take to tell what else there is: a platform does not wait for an answer for long."""


async def model(house: House, call: CommandCall) -> str:
    """Answer `/mynah model`: show the models of a channel, or choose others."""
    kind, names = call.options.get("kind", ""), call.options.get("model", "")
    if not kind:
        return await _shown(house, call, list(MODEL_KINDS.values()))
    if kind not in MODEL_KINDS:
        raise SettingInvalid(
            "kind", phrase("{text} is not one of {choices}", text=repr(kind), choices=", ".join(MODEL_KINDS))
        )
    if not names or names == "default":
        return await (
            _change(house, call, MODEL_KINDS[kind], names) if names else _shown(house, call, [MODEL_KINDS[kind]])
        )
    chosen = [(ref, await house.capabilities(ref)) for ref in models(names)]
    answer = await _change(house, call, MODEL_KINDS[kind], names)
    return (
        answer
        if not _may_change(call, MODEL_KINDS[kind])
        else "\n".join((answer, *await _about(house, call, kind, chosen)))
    )


async def _about(
    house: House, call: CommandCall, kind: str, chosen: Sequence[tuple[ModelRef, Capabilities]]
) -> Sequence[str]:
    """Say what the chosen models cost, and what is to be minded about them."""
    config = (await house.channels.config(call.place)).config
    lines = [f"- {ref}: {_cost(can, config)}" for ref, can in chosen]
    for ref, can in chosen:
        lacks, needs = shortcoming(kind, can)
        if lacks:
            lines.append(await _lacking(house, ref, lacks, needs))
    return lines


def _cost(can: Capabilities, config: ChannelConfig) -> str:
    if can.free or can.price is not None:
        return show_price(can)
    if config.unknown_price is UnknownPrice.REFUSE:
        return say("⚠️ nobody says what it charges, so it is not asked here, until `unknown_price` is set to allow")
    return say("⚠️ nobody says what it charges, so budgets cannot hold anything back for it beforehand")


async def _lacking(house: House, ref: ModelRef, lacks: str, needs: str) -> str:
    able = await _choices(house, needs)
    if not able:
        return f"⚠️ {say(LACKING[lacks].template, model=ref)}"
    return f"⚠️ {say(LACKING_WITH_CHOICE[lacks].template, model=ref, models=able)}"


async def _choices(house: House, needs: str) -> str:
    """Name some models that can; nothing where the gateways take too long to say."""
    try:
        async with asyncio.timeout(SUGGESTION_SECONDS):
            able = await house.able(needs)
    except TimeoutError:
        return ""
    return ", ".join(able)


async def voice(house: House, call: CommandCall) -> str:
    """Answer `/mynah voice`: show the voices that there are, or choose one."""
    chosen = call.options.get("voice", "")
    if chosen:
        return await _change(house, call, "voice", chosen)
    speaker = (await house.channels.config(call.place)).config.speech_model[0]
    voices = (await house.capabilities(speaker)).voices
    shown = await _shown(house, call, ["voice"])
    if not voices:
        return f"{shown}\n{say('{model} speaks with: its one voice.', model=speaker)}"
    return f"{shown}\n{say('{model} speaks with: {voices}.', model=speaker, voices=', '.join(voices))}"


async def settings(house: House, call: CommandCall) -> str:
    """Answer `/mynah settings`: show or change what the channel is set to."""
    name, value = call.options.get("name", ""), call.options.get("value", "")
    if not name:
        return await _shown(house, call, list(SETTINGS))
    if name not in SETTINGS:
        raise SettingInvalid(name, phrase("there is no such setting; there are {names}", names=", ".join(SETTINGS)))
    if not value:
        return f"{await _shown(house, call, [name])}\n{say(SETTINGS[name].document)}"
    return await _change(house, call, name, value)


async def _shown(house: House, call: CommandCall, names: Sequence[str]) -> str:
    settled = await house.channels.config(call.place)
    values = ((name, show_setting(getattr(settled.config, name)), settled.origins[name]) for name in names)
    return "\n".join(f"- `{name}` = {value or say('(empty)')}  — {_origin(origin)}" for name, value, origin in values)


def _origin(scope: str) -> str:
    """Return where a value comes from: a scope by its name, and in words what has none."""
    words = {DEFAULT_ORIGIN: phrase("default"), SERVICE_ORIGIN: phrase("service")}
    return say(words[scope]) if scope in words else scope


def _may_change(call: CommandCall, name: str) -> bool:
    return call.may_manage and not (call.place.direct and SETTINGS[name].guarded)


async def _change(house: House, call: CommandCall, name: str, value: str) -> str:
    if not _may_change(call, name):
        return say(DENIED)
    if value == "default":
        await house.channels.unset(channel_scope(call), name, by=call.author.id)
    else:
        await house.channels.set(channel_scope(call), name, value, by=call.author.id)
    return f"{say('Done.')}\n{await _shown(house, call, [name])}"
