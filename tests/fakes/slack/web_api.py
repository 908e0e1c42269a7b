"""`/api/METHOD`: who calls, whether the call is well formed, and what its method answers."""

import re
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from tests.fakes.slack.calls import Call, read_arguments
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.fake import FAKE, Fake
from tests.fakes.slack.identity import Token
from tests.fakes.slack.methods import METHODS, Method
from tests.fakes.slack.world import Json, now

ERRORS_BY_FIELD = {
    "blocks": "invalid_blocks",
    "chunks": "invalid_chunks",
    "metadata": "invalid_metadata_format",
    "markdown_text": "msg_too_long",
}
WRITING = {"chat.postMessage", "chat.postEphemeral", "chat.update"}
CONTENT = {"text", "blocks", "attachments", "markdown_text", "file_ids", "metadata"}


async def handle(request: web.Request) -> web.Response:
    """Answer one call, https://docs.slack.dev/apis/web-api/#responses."""
    fake, name, value = request.app[FAKE], request.match_info["method"], ""
    record = request["record"]
    try:
        value, arguments = await read_arguments(request, name)
        record["arguments"] = arguments
        record["opens"] = _opened(fake, value)
        wait = fake.limits.wait_seconds(name, str(arguments.get("channel", "")))
        if wait:
            return _too_many(wait, record)
        answer = {"ok": True, **_perform(fake, name, arguments, value)}
    except SlackError as error:
        record["error"] = error.name
        answer = {"ok": False, "error": error.name, **error.extra}
    return web.json_response(answer, headers=_headers(fake.world.tokens.get(value)))


def _perform(fake: Fake, name: str, arguments: Json, value: str) -> Json:
    """Check a call in Slack's order, token first, and run it."""
    method = METHODS.get(name)
    if method is None:
        fake.world.violate(f"{name}: unknown method")
        raise SlackError("unknown_method")
    if any(fnmatchcase(name, pattern) for pattern in fake.options.missing):
        raise SlackError("unknown_method")
    call = Call(fake=fake, method=name, arguments=arguments, token=_checked(fake, value, method))
    if method.scope:
        call.need_scope(method.scope)
    if problems := fake.checks.problems(name, arguments):
        raise _malformed(fake, call, problems)
    return method.run(call)


def _checked(fake: Fake, value: str, method: Method) -> Token:
    """The token of a call; raises SlackError when it opens nothing here."""
    token = fake.world.tokens.get(value)
    if not method.token_kind:
        return token or Token(value=value, kind="none", scopes=frozenset())
    if token is None:
        raise SlackError("invalid_auth" if value else "not_authed")
    if token.revoked:
        raise SlackError("token_revoked")
    if not token.holds(now()):
        raise SlackError("token_expired")
    if token.kind != method.token_kind:
        raise SlackError("not_allowed_token_type")
    return token


def _opened(fake: Fake, value: str) -> str:
    """Which workspace or organisation the token of a call opens; empty for neither."""
    token = fake.world.tokens.get(value)
    return (token.organisation or token.team) if token and token.kind == "bot" else ""


def _malformed(fake: Fake, call: Call, problems: list[str]) -> SlackError:
    for problem in problems:
        fake.world.violate(f"{call.method}: {problem}")
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError(_error_name(call, problems[0]), response_metadata={"messages": messages})


def _error_name(call: Call, problem: str) -> str:
    """The name that Slack has for what is wrong with a message, else the one for any malformed call."""
    given = set(call.arguments)
    if "markdown_text" in given and given & {"text", "blocks"}:
        return "markdown_text_conflict"
    if call.method in WRITING and not given & CONTENT:
        return "no_text"
    return ERRORS_BY_FIELD.get(re.split("[:/]", problem, maxsplit=1)[0], "invalid_arguments")


def _too_many(seconds: int, record: Json) -> web.Response:
    record["error"] = "ratelimited"
    answer = {"ok": False, "error": "ratelimited"}
    return web.json_response(answer, status=429, headers={"Retry-After": str(seconds)})


def _headers(token: Token | None) -> dict[str, Any]:
    """The granted scopes, which bolt reads from `auth.test`."""
    return {"x-oauth-scopes": ",".join(sorted(token.scopes))} if token else {}
