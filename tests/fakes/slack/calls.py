"""One Web API call: its arguments from query, form and JSON, and who makes it."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import Fake
from tests.fakes.slack.identity import Team, Token
from tests.fakes.slack.schemas import METHODS
from tests.fakes.slack.world import Channel, Json, World

FLAGS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a method gets to work with."""

    fake: Fake
    method: str
    arguments: Json
    token: Token

    @property
    def world(self) -> World:
        """The workspaces."""
        return self.fake.world

    @property
    def teams(self) -> list[Team]:
        """The workspaces that the token opens."""
        return [team for team in self.world.teams.values() if self.token.opens(team)]

    @property
    def team(self) -> Team:
        """The workspace of the token; of an organisation's the one that the call names. Raises `missing_argument`."""
        if not self.token.organisation:
            return self.world.teams[self.token.team]
        named = next((team for team in self.teams if team.id == self.arguments.get("team_id")), None)
        if named is None:
            raise SlackError("missing_argument")
        return named

    def is_own(self, user: str) -> bool:
        """Whether somebody is the app itself."""
        return any(user == team.bot_user for team in self.teams)

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or the default."""
        return self.arguments.get(name, default)

    def need_scope(self, *scopes: str) -> None:
        """Raise `missing_scope` when the token lacks all of these; one is enough."""
        if not self.token.scopes.intersection(scopes):
            provided = ",".join(sorted(self.token.scopes))
            raise SlackError("missing_scope", needed=scopes[0], provided=provided)

    def channel(self, name: str = "channel") -> Channel:
        """The conversation that an argument names, as far as the app may know of it; raises `channel_not_found`."""
        channel = self.world.channels.get(self.arguments[name])
        if channel is None or not self.sees(channel):
            raise SlackError("channel_not_found")
        return channel

    def sees(self, channel: Channel) -> bool:
        """Whether the app may know of a conversation, with this token."""
        return self.token.opens(channel.team) and (channel.kind == "public" or channel.has_bot)

    def own_message(self, refusal: str) -> tuple[Channel, Json]:
        """The app's message at `channel` and `ts`; raises `message_not_found`, or `refusal` when it is another's."""
        channel = self.channel()
        message = channel.messages.get(self.arguments["ts"])
        if message is None:
            raise SlackError("message_not_found")
        if "bot_id" not in message:
            raise SlackError(refusal)
        return channel, message


async def read_arguments(request: web.Request, method: str) -> tuple[str, Json]:
    """Merge query, form and JSON as Slack does; returns the token and the other arguments.

    See https://docs.slack.dev/apis/web-api/#basics. Raises SlackError for a body that is no JSON object.
    """
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= await _read_json(request)
    elif request.body_exists:
        arguments |= dict(await request.post())
    token = arguments.pop("token", "") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    properties = METHODS.get(method, {}).get("properties", {})
    if "team_id" not in properties:
        arguments.pop("team_id", None)
    return token, {name: _typed(value, properties.get(name, {})) for name, value in arguments.items()}


async def _read_json(request: web.Request) -> Json:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body


def _typed(value: Any, schema: Json) -> Any:
    """Give a text from a query or form the type that its argument has; leave what does not fit."""
    if not isinstance(value, str):
        return value
    match schema.get("type"):
        case "boolean":
            return FLAGS.get(value.lower(), value)
        case "integer":
            return int(value) if value.isdecimal() else value
        case "array" | "object" | None if value[:1] in {"{", "["}:
            return _decoded(value)
    return value


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
