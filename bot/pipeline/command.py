"""command: the commands that are answered at once, to their author alone: settings and usage."""

from collections.abc import Sequence

from bot.domain.channels import SETTINGS, models, show_setting
from bot.domain.commands import COMMANDS, CommandCall
from bot.domain.errors import MynahError, SettingInvalid
from bot.domain.money import Dimension, UsageSum, show_dollars
from bot.pipeline.house import House

MONTH_MS = 30 * 24 * 3600 * 1000

MODEL_KINDS = {
    "chat": "chat_model",
    "transcription": "transcription_model",
    "video": "video_model",
    "speech": "speech_model",
}

DENIED = "Only people who may manage this channel can change its settings."


async def carry_out(house: House, call: CommandCall) -> str:
    """Carry out a command and return its answer (Markdown); what goes wrong is told in the answer."""
    command = COMMANDS.get(call.name)
    if command is None:
        return f"I do not know the command {call.name}. I know {', '.join(c.usage for c in COMMANDS.values())}."
    try:
        return await _ANSWERS[call.name](house, call)
    except MynahError as error:
        return error.sentence


async def _model(house: House, call: CommandCall) -> str:
    kind, model = call.options.get("kind", ""), call.options.get("model", "")
    if not kind:
        return await _shown(house, call, list(MODEL_KINDS.values()))
    if kind not in MODEL_KINDS:
        raise SettingInvalid("kind", f"{kind!r} is not one of {', '.join(MODEL_KINDS)}")
    if not model:
        return await _shown(house, call, [MODEL_KINDS[kind]])
    for ref in models(model):
        await house.capabilities(ref)
    return await _change(house, call, MODEL_KINDS[kind], model)


async def _voice(house: House, call: CommandCall) -> str:
    voice = call.options.get("voice", "")
    if voice:
        return await _change(house, call, "voice", voice)
    config = (await house.channels.config(call.place)).config
    voices = (await house.capabilities(config.speech_model[0])).voices
    return f"{await _shown(house, call, ['voice'])}\n{config.speech_model[0]} speaks with: {', '.join(voices) or 'its one voice'}."


async def _settings(house: House, call: CommandCall) -> str:
    name, value = call.options.get("name", ""), call.options.get("value", "")
    if not name:
        return await _shown(house, call, list(SETTINGS))
    if name not in SETTINGS:
        raise SettingInvalid(name, f"there is no such setting; there are {', '.join(SETTINGS)}")
    if not value:
        return f"{await _shown(house, call, [name])}\n{SETTINGS[name].document}"
    return await _change(house, call, name, value)


async def _usage(house: House, call: CommandCall) -> str:
    since = house.clock.now() - MONTH_MS
    sums = await house.ledger.sums(Dimension.MODEL, since=since, place=call.place)
    if not sums:
        return "Nothing was used here in the last 30 days."
    return "\n".join(["The last 30 days in this channel:", *(f"- {usage_line(line)}" for line in sums)])


def usage_line(line: UsageSum) -> str:
    """Write one sum for people."""
    cost = show_dollars(line.cost) if line.unknown_costs < line.calls else "cost unknown"
    unknown = f" (+{line.unknown_costs} of unknown cost)" if 0 < line.unknown_costs < line.calls else ""
    tokens = f", {line.tokens_in + line.tokens_out} tokens" if line.tokens_in or line.tokens_out else ""
    sound = f", {line.audio_ms / 1000:.1f} s of sound" if line.audio_ms else ""
    return f"{line.name}: {line.calls} calls{tokens}{sound}, {cost}{unknown}"


async def _shown(house: House, call: CommandCall, names: Sequence[str]) -> str:
    settled = await house.channels.config(call.place)
    values = ((name, show_setting(getattr(settled.config, name)), settled.origins[name]) for name in names)
    return "\n".join(f"- `{name}` = {value or '(empty)'}  — {origin}" for name, value, origin in values)


async def _change(house: House, call: CommandCall, name: str, value: str) -> str:
    if not call.may_manage:
        return DENIED
    scope = channel_scope(call)
    if value == "default":
        await house.channels.unset(scope, name, by=call.author.id)
    else:
        await house.channels.set(scope, name, value, by=call.author.id)
    return f"Done.\n{await _shown(house, call, [name])}"


def channel_scope(call: CommandCall) -> str:
    """Return the scope of the channel in which a command was used, also when it was used in a thread of it."""
    return call.place.scopes[1]


_ANSWERS = {"model": _model, "voice": _voice, "settings": _settings, "usage": _usage}
