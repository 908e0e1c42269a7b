"""Modals of settings and Home tabs: opened, filled in and shown again.

All of it is done before Slack is answered, within three seconds: a modal must open in that time, and a form that was sent
is answered with what is wrong in it. Whether somebody may manage a channel is asked again when they send its form.
https://docs.slack.dev/surfaces/modals
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import Clients
from adapters.slack.home import home_place, to_home_view, to_wish
from adapters.slack.outcomes import insist, read, write
from adapters.slack.panel import (
    ROOM,
    Filled,
    option,
    settings_call,
    to_author,
    to_filled_settings,
    to_settings_view,
    to_told_view,
)
from adapters.slack.presses import LOOK_SECONDS, SAY_SECONDS, MayManage, open_view
from adapters.slack.translate import PLATFORM, Identity
from bot.domain.commands import CommandCall
from bot.domain.errors import MynahError, PlatformProblem
from bot.domain.messages import Addressed, Author, Message, Place
from bot.domain.panel import EMPTY, TAKE_BACK, Outcome
from bot.ports import Intake
from bot.words import say, speaking

log = structlog.get_logger()

SUGGEST_SECONDS = 2.5
"""Choices must be there within three seconds, https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload."""

PUBLISH_SECONDS = 1.0
"""How long it may take to show a Home tab again, after something changed."""

MOST_CHANNELS = 200
"""Of those that we are in, that an admin is told of."""

NOT_NAMED: Mapping[str, str | None] = {EMPTY: "", TAKE_BACK: None, "": None}
"""What stands in the field of the voice and is no voice's name."""

MayAdminister = Callable[[str, Identity], Awaitable[bool]]
"""Whether somebody is in charge of the workspace: person, and who we are."""

Show = Callable[..., Awaitable[AsyncSlackResponse]]
"""A method of Slack's that shows a view."""


class Panels:
    """Shows settings and Home tabs, and hands to the intake what is done there."""

    def __init__(self, clients: Clients, intake: Intake, may_manage: MayManage, may_administer: MayAdminister) -> None:
        self._clients = clients
        self._intake = intake
        self._may_manage = may_manage
        self._may_administer = may_administer

    # --- settings ------------------------------------------------------------

    async def open(self, call: CommandCall, trigger: str, *, home: bool = False) -> str:
        """Open the settings of a channel; returns why there are none, empty when they are open.

        Raises:
            PlatformProblem: Slack did not open them.
        """
        form = await self._intake.settings(call)
        if form.refusal:
            return form.refusal
        view = to_settings_view(form, call.place.channel, home=home)
        client = self._clients.of(call.place.workspace)
        await open_view(lambda: client.views_open(trigger_id=trigger, view=view))
        return ""

    async def on_settings(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Take the settings that somebody sent: say what is wrong by field, or what was changed."""
        filled = to_filled_settings(body, me)
        try:
            outcome = await self._changed(filled, me)
        except MynahError as error:
            first = next(iter(filled.values), "")
            await ack(response_action="errors", errors={first: error.sentence})
            return
        if filled.home and outcome.changed:
            await self._publish_in_time(filled.call.author, me, PUBLISH_SECONDS)
        await _answer(ack, outcome)

    async def _changed(self, filled: Filled, me: Identity) -> Outcome:
        may_manage = await self._manages(filled.call, me)
        call = replace(filled.call, may_manage=may_manage)
        return await self._intake.change_settings(call, filled.values, shown=filled.shown)

    async def _manages(self, call: CommandCall, me: Identity) -> bool:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._may_manage(call.place.channel, call.author.id, me)
        except (PlatformProblem, TimeoutError) as error:
            log.warning("not known who manages the channel", channel=call.place.channel, reason=str(error))
            return False

    async def on_typed(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Tell what fits what somebody types into a menu of the settings; nothing, when that takes too long."""
        filled = to_filled_settings(body, me)
        name, typed = str(body["action_id"]), str(body.get("value") or "")
        options: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                call = filled.call
                found = await self._intake.suggest(
                    name, typed, place=call.place, author=call.author, room=ROOM, filled=filled.values
                )
                options = [option(choice) for choice in found]
        except (MynahError, TimeoutError) as error:
            log.warning("no choices", field=name, reason=str(error))
        await ack(options=options)

    # --- voices --------------------------------------------------------------

    async def on_listen(self, ack: AsyncAck, body: dict[str, Any], me: Identity) -> None:
        """Let the voice that is chosen in the modal speak, in a direct message to who wants to hear it."""
        filled = to_filled_settings(body, me)
        try:
            refusal = await self._speak(filled, me)
            if refusal:
                async with asyncio.timeout(SAY_SECONDS):
                    await self._tell(filled.call, refusal, self._clients.of(me.team).views_push, body)
        except (MynahError, TimeoutError) as error:
            log.warning("voice not heard", reason=str(error))
        await ack()

    async def _speak(self, filled: Filled, me: Identity) -> str:
        """Let the voice speak; returns why it may not, empty when it does."""
        client, author = self._clients.of(me.team), filled.call.author
        opened = await read(client.conversations_open(users=[author.id]))
        place = Place(platform=PLATFORM, workspace=me.team, channel=str(opened["channel"]["id"]), direct=True)
        refusal = await self._intake.refusal(place, author)
        if refusal:
            return refusal
        with speaking(await self._intake.language(place, author)):
            text, words = say("This is how replies sound with this voice:"), say("Good morning! This is how I sound.")
        root = str((await write(client.chat_postMessage(channel=place.channel, text=text, parse="none")))["ts"])
        chosen = filled.values.get("voice", "")
        message = Message(
            key=root,
            place=replace(place, thread=root),
            author=author,
            text=words,
            addressed=Addressed.COMMAND,
            command="say",
            speaker=filled.values.get("speech_model", "").partition(",")[0],
            voice=NOT_NAMED.get(chosen, chosen),
        )
        try:
            await self._intake.accept(message)
        except MynahError:  # nobody will speak below it
            await write(client.chat_delete(channel=place.channel, ts=root))
            raise
        return ""

    # --- the Home tab --------------------------------------------------------

    async def publish(self, author: Author, me: Identity) -> None:
        """Show somebody's Home tab as things are now, https://docs.slack.dev/reference/methods/views.publish.

        Raises:
            PlatformProblem: it was not, or perhaps not, shown.
        """
        client, channels = self._clients.of(me.team), await self._channels(author, me)
        home = await self._intake.home(home_place(me), author, channels=channels)
        view = to_home_view(home)
        await insist(lambda: client.views_publish(user_id=author.id, view=view))

    async def _channels(self, author: Author, me: Identity) -> Sequence[str] | None:
        """Return the channels that we are in, for an admin, https://docs.slack.dev/reference/methods/users.conversations."""
        if not await self._may_administer(author.id, me):
            return None
        types = "public_channel,private_channel"
        call = self._clients.of(me.team).users_conversations(types=types, exclude_archived=True, limit=MOST_CHANNELS)
        return [str(channel["id"]) for channel in (await read(call))["channels"]]

    async def _publish_in_time(self, author: Author, me: Identity, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.publish(author, me)
        except (MynahError, TimeoutError) as error:
            log.warning("home not shown", reason=str(error))

    async def on_home(self, event: dict[str, Any], me: Identity) -> None:
        """Show the Home tab to who opens it, https://docs.slack.dev/reference/events/app_home_opened."""
        await self._publish_in_time(Author(id=str(event["user"])), me, SUGGEST_SECONDS)

    async def on_wish(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], me: Identity) -> None:
        """Keep what somebody chose for themselves on their Home tab, and show it."""
        author = to_author(body)
        await self._intake.command(to_wish(action, author, me))
        await self._publish_in_time(author, me, PUBLISH_SECONDS)
        await ack()

    async def on_channel(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], me: Identity) -> None:
        """Open the settings of a channel from the Home tab, or say why not."""
        call = settings_call(str(action["value"]), to_author(body), me)
        try:
            call = replace(call, may_manage=await self._manages(call, me))
            async with asyncio.timeout(SAY_SECONDS):
                refusal = await self.open(call, str(body.get("trigger_id") or ""), home=True)
                if refusal:
                    await self._tell(call, refusal, self._clients.of(me.team).views_open, body)
        except (MynahError, TimeoutError) as error:
            log.warning("settings not opened", reason=str(error))
        await ack()

    async def _tell(self, call: CommandCall, text: str, show: Show, body: Mapping[str, Any]) -> None:
        """Say something in a modal: one that opens, or one that is pushed above that which is open.

        See https://docs.slack.dev/reference/methods/views.push.
        """
        view = to_told_view(await self._intake.language(call.place, call.author), [text])
        await open_view(lambda: show(trigger_id=str(body.get("trigger_id") or ""), view=view))


async def _answer(ack: AsyncAck, outcome: Outcome) -> None:
    """Answer a form that was sent, https://docs.slack.dev/surfaces/modals#handling_submissions."""
    told = [outcome.form.refusal] if outcome.form.refusal else outcome.changed
    if outcome.problems:
        await ack(response_action="errors", errors=dict(outcome.problems))
    elif told:
        await ack(response_action="update", view=to_told_view(outcome.form.language, told))
    else:
        await ack()
