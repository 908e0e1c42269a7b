"""What an agent shows beside its messages: that it works, with a button to stop it, and what the conversation is about.

    a session    agents.sessions.setStatus, with a Stop button and a title     where the app is an agent
    a status     assistant.threads.setStatus, words under the thread           where it is an assistant of the older kind
    a reaction   reactions.add                                                 everywhere else

https://docs.slack.dev/ai/agent-sessions
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.clients import Clients, WorkspaceClient
from adapters.slack.manifest import PROMPTS
from adapters.slack.missing import Missing
from adapters.slack.outcomes import SlackRefusal, insist, write
from adapters.slack.pace import patience
from bot.domain.errors import PlatformProblem, PostNotDone
from bot.domain.messages import Message, Place
from bot.ports import Stage
from bot.words import Phrase, phrase, say

log = structlog.get_logger()

SESSIONS, STATUSES, TITLES, SUGGESTIONS = "sessions", "statuses", "titles", "suggestions"
"""Features that a workspace or a kind of channel may lack."""

STATUS: Mapping[Stage, Phrase] = {
    Stage.FETCHING: phrase("is fetching your recording…"),
    Stage.CONVERTING: phrase("is converting the sound…"),
    Stage.LISTENING: phrase("is listening…"),
    Stage.THINKING: phrase("is thinking…"),
    Stage.SPEAKING: phrase("is speaking…"),
    Stage.POSTING: phrase("is writing…"),
}
REACTION = "eyes"

PATIENCE_SECONDS = 1.0
"""What waits longer for its moment is not worth showing."""

CLEAR_PATIENCE_SECONDS = 5.0
"""What says that somebody is at work should go away, since Slack leaves a session as it is."""

TITLE_LIMIT = 60
"""Characters of a title; Slack takes 200, and shows fewer."""

UNTITLED = phrase("Voice note")
"""What a conversation is called that begins with a recording, until somebody has listened to it."""


class Presence:
    """What is shown of the work on one message; its failures are logged, never raised."""

    def __init__(self, client: WorkspaceClient, missing: Missing, message: Message) -> None:
        """Prepare; nothing is shown yet.

        Args:
            client: of the message's workspace.
            missing: remembers what is not offered there.
            message: what is worked on.
        """
        self._client = client
        self._missing = missing
        self._message = message
        self._place = message.place
        self._title = title_of(message.text) or say(UNTITLED)
        self._in_session = self._with_status = self._reacted = False

    async def show(self, stage: Stage) -> None:
        """Show that somebody is at work, in the best way that is offered here."""
        with patience(PATIENCE_SECONDS):
            if not self._in_session and self._offered(SESSIONS):
                await self._begin_session()
            if not self._in_session and self._offered(STATUSES):
                await self._set_status(say(STATUS[stage]))
            if not (self._in_session or self._with_status or self._reacted):
                await self._react(add=True)

    async def name(self, words: str) -> None:
        """Name the conversation, if this message began it and it has no better name yet."""
        title = title_of(words)
        if not title or title == self._title or self._message.key != self._thread:
            return
        self._title = title
        about = {"channel_id": self._place.channel, "thread_ts": self._thread, "title": title}
        if self._in_session:
            await self._try(SESSIONS, self._client.agents_sessions_rename(**about))
        elif self._place.direct and self._offered(TITLES):
            await self._try(TITLES, self._client.assistant_threads_setTitle(**about))

    async def clear(self) -> None:
        """Show that nobody is at work any more; what fails is tried again, for it would be shown for ever."""
        if self._in_session:
            await self._insist(SESSIONS, lambda: self._session("active"))
        if self._with_status:
            await self._insist(STATUSES, lambda: self._status(""))
        if self._reacted:
            await self._insist("", lambda: self._reaction(add=False))

    async def _insist(self, feature: str, call: Callable[[], Awaitable[AsyncSlackResponse]]) -> None:
        try:
            await insist(call)
        except SlackRefusal as error:
            self._missing.note(feature, self._place, error)
        except PostNotDone as error:
            log.warning("still shown", feature=feature, reason=error.reason)

    @property
    def _thread(self) -> str:
        return self._place.thread or self._message.key

    def _offered(self, feature: str) -> bool:
        return not self._missing.is_known(feature, self._place)

    async def _begin_session(self) -> None:
        """Begin a session; its title and who began it are heard only by a thread that has none."""
        author = {} if self._message.author.is_bot else {"initiator_user_id": self._message.author.id}
        self._in_session = True  # noted before, for the call may be cancelled when it has had its effect
        self._in_session = await self._set_session("processing", title=self._title, **author)

    async def _set_session(self, status: str, **about: str) -> bool:
        return await self._try(SESSIONS, self._session(status, **about))

    def _session(self, status: str, **about: str) -> Awaitable[AsyncSlackResponse]:
        return self._client.agents_sessions_setStatus(
            channel_id=self._place.channel, thread_ts=self._thread, status=status, **about
        )

    async def _set_status(self, words: str) -> None:
        self._with_status = bool(words)  # noted before, as above
        if not await self._try(STATUSES, self._status(words)):
            self._with_status = False

    def _status(self, words: str) -> Awaitable[AsyncSlackResponse]:
        return self._client.assistant_threads_setStatus(
            channel_id=self._place.channel, thread_ts=self._thread, status=words
        )

    async def _react(self, *, add: bool) -> None:
        self._reacted = add
        await self._try("", self._reaction(add=add))

    def _reaction(self, *, add: bool) -> Awaitable[AsyncSlackResponse]:
        method = self._client.reactions_add if add else self._client.reactions_remove
        return method(channel=self._place.channel, name=REACTION, timestamp=self._message.key)

    async def _try(self, feature: str, call: Awaitable[AsyncSlackResponse]) -> bool:
        return await _tried(self._missing, feature, self._place, call)


class Agents:
    """What we show of ourselves as an agent, in all workspaces."""

    def __init__(self, clients: Clients, missing: Missing) -> None:
        """Prepare.

        Args:
            clients: by workspace.
            missing: remembers who has no agents.
        """
        self._clients = clients
        self._missing = missing

    def presence(self, message: Message) -> Presence:
        """Return what shows that a message is worked on."""
        return Presence(self._clients.of(message.place.workspace), self._missing, message)

    async def suggest(self, place: Place) -> None:
        """Suggest what could be asked, in the language that is spoken, to who looks at an empty conversation with us.

        https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts: an agent names no thread.

        Args:
            place: the direct messages; with a thread only for an assistant of the older kind.
        """
        if self._missing.is_known(SUGGESTIONS, place):
            return
        thread = {"thread_ts": place.thread} if place.thread else {}
        prompts = [{name: say(words) for name, words in prompt.items()} for prompt in PROMPTS]
        call = self._clients.of(place.workspace).assistant_threads_setSuggestedPrompts(
            channel_id=place.channel, prompts=prompts, **thread
        )
        with patience(PATIENCE_SECONDS):
            await _tried(self._missing, SUGGESTIONS, place, call)


async def _tried(missing: Missing, feature: str, place: Place, call: Awaitable[AsyncSlackResponse]) -> bool:
    """Make a call whose failure harms nobody; returns whether it may have had its effect."""
    try:
        await write(call)
    except SlackRefusal as error:
        missing.note(feature, place, error)
        return False
    except PostNotDone as error:
        log.info("not shown", feature=feature, reason=error.reason)
        return False
    except PlatformProblem as error:
        log.info("perhaps not shown", feature=feature, reason=error.reason)
    return True


def title_of(words: str) -> str:
    """Return what a conversation is called: the first words of what it began with, on one line."""
    line = " ".join(words.split())
    if len(line) <= TITLE_LIMIT:
        return line
    return f"{line[: TITLE_LIMIT - 1].rpartition(' ')[0] or line[: TITLE_LIMIT - 1]}…"
