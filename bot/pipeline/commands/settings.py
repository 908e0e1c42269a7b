"""`/model`, `/voice` and `/settings`: what a channel is set to."""

import asyncio
from collections.abc import Sequence

from bot.domain.channels import SETTINGS, ChannelConfig, UnknownPrice, models, show_setting
from bot.domain.commands import CommandCall
from bot.domain.errors import SettingInvalid
from bot.domain.models import Capabilities, ModelRef
from bot.domain.prices import shortcoming, show_price
from bot.pipeline.commands.places import DENIED, channel_scope
from bot.pipeline.house import House

MODEL_KINDS = {
    "chat": "chat_model",
    "transcription": "transcription_model",
    "video": "video_model",
    "speech": "speech_model",
}

SUGGESTION_SECONDS = 1.0
"""How long gateways may take to tell what else there is: a platform does not wait for an answer for long."""


async def model(house: House, call: CommandCall) -> str:
    """Answer `/model`: show the models of a channel, or choose others."""
    kind, names = call.options.get("kind", ""), call.options.get("model", "")
    if not kind:
        return await _shown(house, call, list(MODEL_KINDS.values()))
    if kind not in MODEL_KINDS:
        raise SettingInvalid("kind", f"{kind!r} is not one of {', '.join(MODEL_KINDS)}")
    if not names or names == "default":
        return await (
            _change(house, call, MODEL_KINDS[kind], names) if names else _shown(house, call, [MODEL_KINDS[kind]])
        )
    chosen = [(ref, await house.capabilities(ref)) for ref in models(names)]
    answer = await _change(house, call, MODEL_KINDS[kind], names)
    return answer if answer == DENIED else "\n".join((answer, *await _about(house, call, kind, chosen)))


async def _about(
    house: House, call: CommandCall, kind: str, chosen: Sequence[tuple[ModelRef, Capabilities]]
) -> Sequence[str]:
    """Say what the chosen models cost, and what is to be minded about them."""
    config = (await house.channels.config(call.place)).config
    lines = [f"- {ref}: {_cost(can, config)}" for ref, can in chosen]
    for ref, can in chosen:
        lacks, needs = shortcoming(kind, can)
        if lacks:
            lines.append(f"⚠️ {ref} {lacks}{await _choices(house, needs)}.")
    return lines


def _cost(can: Capabilities, config: ChannelConfig) -> str:
    if can.free or can.price is not None:
        return show_price(can)
    if config.unknown_price is UnknownPrice.REFUSE:
        return "⚠️ nobody says what it charges, so it is not asked here, until `unknown_price` is set to allow"
    return "⚠️ nobody says what it charges, so budgets cannot hold anything back for it beforehand"


async def _choices(house: House, needs: str) -> str:
    """Name some models that can; nothing where the gateways take too long to say."""
    try:
        async with asyncio.timeout(SUGGESTION_SECONDS):
            able = await house.able(needs)
    except TimeoutError:
        return ""
    return f"; choose one of {', '.join(able)}" if able else ""


async def voice(house: House, call: CommandCall) -> str:
    """Answer `/voice`: show the voices that there are, or choose one."""
    chosen = call.options.get("voice", "")
    if chosen:
        return await _change(house, call, "voice", chosen)
    speaker = (await house.channels.config(call.place)).config.speech_model[0]
    voices = (await house.capabilities(speaker)).voices
    return f"{await _shown(house, call, ['voice'])}\n{speaker} speaks with: {', '.join(voices) or 'its one voice'}."


async def settings(house: House, call: CommandCall) -> str:
    """Answer `/settings`: show or change what the channel is set to."""
    name, value = call.options.get("name", ""), call.options.get("value", "")
    if not name:
        return await _shown(house, call, list(SETTINGS))
    if name not in SETTINGS:
        raise SettingInvalid(name, f"there is no such setting; there are {', '.join(SETTINGS)}")
    if not value:
        return f"{await _shown(house, call, [name])}\n{SETTINGS[name].document}"
    return await _change(house, call, name, value)


async def _shown(house: House, call: CommandCall, names: Sequence[str]) -> str:
    settled = await house.channels.config(call.place)
    values = ((name, show_setting(getattr(settled.config, name)), settled.origins[name]) for name in names)
    return "\n".join(f"- `{name}` = {value or '(empty)'}  — {origin}" for name, value, origin in values)


async def _change(house: House, call: CommandCall, name: str, value: str) -> str:
    if not call.may_manage or (call.place.direct and SETTINGS[name].guarded):
        return DENIED
    if value == "default":
        await house.channels.unset(channel_scope(call), name, by=call.author.id)
    else:
        await house.channels.set(channel_scope(call), name, value, by=call.author.id)
    return f"Done.\n{await _shown(house, call, [name])}"
