"""`/mynah me`: what somebody wishes for themselves, whatever their channel is set to."""

from bot.domain.budgets import user_scope
from bot.domain.channels import ReplyAs
from bot.domain.commands import CommandCall
from bot.domain.people import Person, Voice, parse_wish
from bot.pipeline.house import House
from bot.pipeline.people import config_for, known_of, language_of
from bot.words import ENGLISH, LANGUAGES, language_of as code_of, phrase, say, speaking

VOICES = {
    Voice.ON: phrase("You hear my replies, too, wherever the channel lets me speak."),
    Voice.OFF: phrase("My replies to you are written, never spoken."),
    Voice.CHANNEL: phrase("Whether my replies to you are spoken is up to the channel."),
}


async def me(house: House, call: CommandCall) -> str:
    """Answer `/mynah me`: show what somebody wishes, or keep another wish."""
    words = " ".join(call.options.values()).split()
    if words:
        await house.people.wish(user_scope(call.place, call.author), parse_wish(words))
    with speaking(await language_of(house, call.place, call.author)):
        return await _shown(house, call, changed=bool(words))


async def _shown(house: House, call: CommandCall, *, changed: bool) -> str:
    known = await known_of(house, call.place, call.author)
    lines = [f"- {say(VOICES[known.voice])}", f"- {await _language(house, call, known)}"]
    if known.voice is Voice.ON and (await config_for(house, call.place, call.author)).reply is ReplyAs.TEXT:
        lines.append(f"- {say('In this channel I write only.')}")
    where = say("This holds in this workspace.") if call.place.workspace else say("This holds everywhere.")
    done = [say("Done.")] if changed else []
    return "\n".join([*done, *lines, where, say("Change it with `/mynah me on`, `off`, `channel`, `de` or `auto`.")])


async def _language(house: House, call: CommandCall, known: Person) -> str:
    code = code_of(await language_of(house, call.place, call.author)) or ENGLISH
    name = LANGUAGES.get(code, code)
    if known.language:
        return say("I speak {language} to you, as you wish.", language=name)
    return say("I speak {language} to you, as far as I know yours.", language=name)
