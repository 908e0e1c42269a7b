"""The Web API methods that the fake serves: one table."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.slack import oauth
from tests.fakes.slack.calls import Call
from tests.fakes.slack.methods import (
    agents,
    app,
    chat,
    conversations,
    modals,
    people,
    reactions,
    streams,
    uploads,
)
from tests.fakes.slack.world import Json


@dataclass(frozen=True, kw_only=True)
class Method:
    """How to run a method, and who may."""

    run: Callable[[Call], Json]
    """Returns the answer without `ok`; raises SlackError."""
    scope: str = ""
    """The scope that the token needs; methods whose scope depends on the conversation ask for it themselves."""
    token_kind: str = "bot"
    """`bot`, `app`, or nothing for a method without a token."""


METHODS = {
    "api.test": Method(run=app.api_test, token_kind=""),
    "auth.test": Method(run=app.auth_test),
    "oauth.v2.access": Method(run=oauth.access, token_kind=""),
    "apps.connections.open": Method(run=app.open_connection, scope="connections:write", token_kind="app"),
    "team.info": Method(run=app.team_info, scope="team:read"),
    "chat.postMessage": Method(run=chat.post_message, scope="chat:write"),
    "chat.postEphemeral": Method(run=chat.post_ephemeral, scope="chat:write"),
    "chat.update": Method(run=chat.update, scope="chat:write"),
    "chat.delete": Method(run=chat.delete, scope="chat:write"),
    "chat.getPermalink": Method(run=chat.get_permalink),
    "chat.startStream": Method(run=streams.start, scope="chat:write"),
    "chat.appendStream": Method(run=streams.append, scope="chat:write"),
    "chat.stopStream": Method(run=streams.stop, scope="chat:write"),
    "conversations.info": Method(run=conversations.info),
    "conversations.history": Method(run=conversations.history),
    "conversations.replies": Method(run=conversations.replies),
    "conversations.list": Method(run=conversations.list_all),
    "users.conversations": Method(run=conversations.list_own),
    "conversations.members": Method(run=conversations.members),
    "conversations.open": Method(run=conversations.open_direct),
    "conversations.join": Method(run=conversations.join, scope="channels:join"),
    "users.info": Method(run=people.user_info, scope="users:read"),
    "users.list": Method(run=people.list_users, scope="users:read"),
    "usergroups.users.list": Method(run=people.list_group_members, scope="usergroups:read"),
    "bots.info": Method(run=people.bot_info, scope="users:read"),
    "files.info": Method(run=uploads.info, scope="files:read"),
    "files.getUploadURLExternal": Method(run=uploads.get_url, scope="files:write"),
    "files.completeUploadExternal": Method(run=uploads.complete, scope="files:write"),
    "files.delete": Method(run=uploads.delete, scope="files:write"),
    "reactions.add": Method(run=reactions.add, scope="reactions:write"),
    "reactions.remove": Method(run=reactions.remove, scope="reactions:write"),
    "assistant.threads.setStatus": Method(run=agents.set_status, scope="chat:write"),
    "assistant.threads.setTitle": Method(run=agents.set_title, scope="assistant:write"),
    "assistant.threads.setSuggestedPrompts": Method(run=agents.set_prompts, scope="assistant:write"),
    "agents.sessions.setStatus": Method(run=agents.set_session_status, scope="chat:write"),
    "agents.sessions.rename": Method(run=agents.rename_session, scope="chat:write"),
    "views.open": Method(run=modals.open_view),
    "views.push": Method(run=modals.open_view),
    "views.update": Method(run=modals.update_view),
    "views.publish": Method(run=modals.publish_home),
}
