"""The thinnest bot for Discord: discord.py and one httpx client, nothing stored.

python -m benchmarks.bare.discord API_URL GATEWAY_URL TOKEN MODEL_URL
"""

import sys

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from benchmarks.bare.model import Content, ask, open_client, sound


class Bare(discord.Client):
    """Answers mentions and direct messages by replies."""

    def __init__(self, model_url: str) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self._model = open_client(model_url)

    async def on_message(self, message: discord.Message) -> None:
        """Answer: https://discordpy.readthedocs.io/en/stable/api.html#discord.on_message."""
        if message.author.bot or not (message.guild is None or self.user in message.mentions):
            return
        await message.reply(await ask(self._model, await _content(message)))


async def _content(message: discord.Message) -> Content:
    for file in message.attachments:
        return sound(await file.read(), "ogg" if file.filename.endswith(".ogg") else "m4a")
    return message.content


def main(api_url: str, gateway_url: str, token: str, model_url: str) -> None:
    """Run the bot until it is stopped."""
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    Bare(model_url).run(token, log_handler=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
