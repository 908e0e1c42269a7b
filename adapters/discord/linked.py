"""A link that an admin gives -> the message behind it, as it would have come in."""

from adapters.discord.client import Client
from adapters.discord.outcomes import read
from adapters.discord.translate import LINKED, spot_of, to_link, to_message
from bot.domain.errors import PostRefused
from bot.domain.messages import Message
from bot.words import phrase

NOT_SAID = phrase("Nobody wrote that: it is a notice of Discord.")


async def linked(client: Client, link: str) -> Message | None:
    """Return the message that a link leads to; raises as `Linked.linked` does."""
    place = to_link(link)
    if place is None:
        return None
    server = place.handle[LINKED]
    spot = spot_of(await read(client.fetch_channel(int(place.channel))), int(server) if server.isdigit() else None)
    channel = client.get_partial_messageable(int(place.channel))
    found = await read(channel.fetch_message(int(place.key)))
    message = to_message(found, spot, client.me) if spot else None
    if message is None:
        raise PostRefused(NOT_SAID)
    return message
