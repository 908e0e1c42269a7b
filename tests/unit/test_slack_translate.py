"""Slack's words and ours, both ways: nothing that a model can say calls anybody, and nothing that people say is lost."""

import pytest
from hypothesis import given, strategies as st

from adapters.slack.adapter import SlackPlatform
from adapters.slack.translate import (
    MARKDOWN_LIMIT,
    PLAIN_LIMIT,
    SUMMARY_LIMIT,
    Identity,
    carried_post,
    escaped,
    from_post_id,
    harmless_markdown,
    readable,
    to_answer,
    to_attachment,
    to_message,
    to_metadata,
    to_post,
    to_post_id,
    upload_name,
)
from bot.domain.messages import Addressed

ME = Identity(team="T1", user="UME", bot="BME")

CLIP = {
    "id": "F1",
    "name": "audio_message.webm",
    "mimetype": "audio/webm",
    "filetype": "webm",
    "size": 51648,
    "mode": "hosted",
    "is_external": False,
    "subtype": "slack_audio",
    "url_private": "https://files.slack.com/files-tmb/T1-F1-4b/audio_message_audio.mp4",
    "url_private_download": "https://files.slack.com/files-tmb/T1-F1-4b/download/audio_message_audio.mp4",
    "duration_ms": 3177,
}
VOICE_NOTE = {
    "type": "message",
    "subtype": "file_share",
    "text": "",
    "user": "U1",
    "channel": "C1",
    "channel_type": "channel",
    "ts": "1686168182.722449",
    "event_ts": "1686168182.722449",
    "files": [CLIP],
}
MENTION = {"type": "message", "text": "<@UME> hi", "user": "U1", "channel": "C1", "ts": "1686168182.722449"}

SPECIALS = st.sampled_from(
    ["<!channel>", "<!here|here>", "<!everyone>", "<@U0123ABCD>", "<#C0123ABCD|general>", "<!subteam^S1|@all>"]
)
ENTITIES = st.sampled_from(
    ["&lt;!here&gt;", "&amp;lt;", "&#60;!channel&#62;", "&", "<", ">", "&copy;", "```", "> ", "<https://x.y|z>"]
)
SAID = st.lists(SPECIALS | ENTITIES | st.text(max_size=20), max_size=30).map("".join)


# --- what goes out ---


@given(SAID)
def test_nothing_that_a_model_says_calls_anybody(said: str):
    post = to_post(said)
    shown = [post["text"], *(block["text"] for block in post["blocks"])]
    assert not any("<" in text for text in shown)
    assert post["parse"] == "none"
    assert post["link_names"] is False


@given(SAID)
def test_a_text_is_shown_as_it_was_said(said: str):
    assert undone(harmless_markdown(said)) == said
    assert undone(escaped(said)) == said


@given(st.text(alphabet="<>&;lt a", max_size=SlackPlatform.abilities.text_limit) | SAID)
def test_every_text_within_the_limit_fits_into_one_post(said: str):
    post = to_post(said)
    assert len(post["text"]) <= SUMMARY_LIMIT
    if any(block["type"] == "markdown" for block in post["blocks"]):
        assert sum(len(block["text"]) for block in post["blocks"]) <= MARKDOWN_LIMIT
    else:
        assert all(0 < len(block["text"]["text"]) <= PLAIN_LIMIT for block in post["blocks"])


@pytest.mark.parametrize("worst", ["<", "&lt;", "a <b", "```\n<<<<<<\n```\n"])
def test_the_worst_text_of_full_length_is_shown_plain(worst: str):
    said = (worst * SlackPlatform.abilities.text_limit)[: SlackPlatform.abilities.text_limit]
    texts = [block["text"] for block in to_post(said)["blocks"]]
    assert {text["type"] for text in texts} == {"plain_text"}
    assert "".join(text["text"] for text in texts) == said


def test_markdown_keeps_its_marks():
    said = "# A\n\n> quoted **bold** [link](https://x.y/?a=1&b=2)\n\n```\nif a < b && c > d\n```"
    assert harmless_markdown(said) == said.replace("a < b", "a &lt; b")


def test_a_summary_does_not_end_within_an_entity():
    for length in range(SUMMARY_LIMIT - 6, SUMMARY_LIMIT + 1):
        summary = to_post("a" * length + "<b>")["text"]
        assert len(summary) <= SUMMARY_LIMIT
        assert "&" not in summary or summary.endswith((";", "b"))


def undone(text: str) -> str:
    """Read the three entities as Slack does, once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# --- how posts are found ---


def test_an_answer_that_one_person_sees_shows_people_by_name_and_calls_nobody_else():
    answer = to_answer("- <@U024BE7LD>: free, <!channel> <@bad> <#C1> &lt;@U1>")
    shown = "- <@U024BE7LD>: free, &lt;!channel> &lt;@bad> &lt;#C1> &amp;lt;@U1>"
    assert [block["text"] for block in answer["blocks"]] == [shown]
    assert answer["text"] == shown.replace("l> ", "l&gt; ").replace("d> ", "d&gt; ").replace("1>", "1&gt;")
    assert set(answer) == {"text", "blocks"}
    plain = to_answer("<@U024BE7LD>" + "<" * MARKDOWN_LIMIT)["blocks"]
    assert plain[0]["text"]["text"].startswith("<@U024BE7LD><<")


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_a_post_is_found_by_its_own_key_only(key: str, other: str):
    text = {"ts": "1.000001", "user": "UME", "metadata": to_metadata(key)}
    clip = {"ts": "1.000002", "bot_id": "BME", "files": [{"id": "F1", "name": upload_name(key, "reply.mp3")}]}
    assert carried_post(text, "C1", key, ME) == to_post_id("C1", "1.000001")
    assert carried_post(clip, "C1", key, ME) == to_post_id("C1", "1.000002", "F1")
    if other != key:
        assert carried_post(text, "C1", other, ME) is None
        assert carried_post(clip, "C1", other, ME) is None


def test_what_others_post_is_never_taken_for_ours():
    assert carried_post({"ts": "1.1", "user": "U1", "metadata": to_metadata("k")}, "C1", "k", ME) is None
    forged = {"ts": "1.1", "user": "U1", "bot_id": "B9", "files": [{"id": "F1", "name": upload_name("k", "reply.mp3")}]}
    assert carried_post(forged, "C1", "k", ME) is None


def test_a_clip_keeps_the_extension_that_chooses_the_player():
    assert upload_name("k", "reply.mp3").endswith(".mp3")
    assert upload_name("k", "reply.mp3") != upload_name("l", "reply.mp3")


@pytest.mark.parametrize("files", [(), ("F1",), ("F1", "F2", "F3")])
def test_a_post_id_can_be_read_again(files: tuple[str, ...]):
    assert from_post_id(to_post_id("C1", "1.2", *files)) == ("C1", "1.2", files)


# --- what comes in ---


def test_a_voice_note_becomes_a_message():
    message = to_message(VOICE_NOTE, ME)
    assert message is not None
    assert message.job_id == "slack:T1:C1:1686168182.722449"
    assert message.place.thread == message.key
    assert message.addressed is Addressed.OVERHEARD
    (note,) = message.attachments
    assert note.voice_note
    assert (note.declared_type, note.declared_bytes, note.declared_seconds) == ("audio/webm", 51648, 3.177)
    assert note.handle == {"url": CLIP["url_private_download"]}
    assert note.may_be_media


def test_both_events_of_a_mention_are_one_job_and_one_message():
    told = to_message({**MENTION, "channel_type": "channel"}, ME)
    mentioned = to_message({**MENTION, "type": "app_mention"}, ME)
    assert told == mentioned
    assert told is not None
    assert (told.text, told.addressed) == ("hi", Addressed.MENTION)


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_these_subtypes_say_something(subtype: str):
    assert to_message({**MENTION, "subtype": subtype}, ME) is not None


@pytest.mark.parametrize(
    "subtype", ["message_changed", "message_deleted", "channel_join", "channel_topic", "pinned_item"]
)
def test_these_subtypes_say_nothing(subtype: str):
    assert to_message({**MENTION, "subtype": subtype}, ME) is None


@pytest.mark.parametrize(
    "broken", [{}, {"type": "message"}, {"ts": "1.2"}, {"channel": "C1"}, {**MENTION, "hidden": True}]
)
def test_what_is_no_message_is_none(broken: dict[str, object]):
    assert to_message(broken, ME) is None


@pytest.mark.parametrize(
    "event",
    [
        {**MENTION, "bot_id": "B9"},
        {**MENTION, "subtype": "bot_message", "user": None, "username": "robot"},
        {**MENTION, "user": "UME"},
    ],
)
def test_bots_are_marked_ourselves_included(event: dict[str, object]):
    message = to_message(event, ME)
    assert message is not None
    assert message.author.is_bot


def test_a_reply_belongs_to_its_thread_and_a_direct_message_is_direct():
    reply = to_message({**MENTION, "channel": "D1", "ts": "2.000000", "thread_ts": "1.000000"}, ME)
    assert reply is not None
    assert (reply.place.thread, reply.place.direct, reply.addressed) == ("1.000000", True, Addressed.DIRECT)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("<@UME> what is 1 &lt; 2 &amp;&amp; 3 &gt; 2?", "what is 1 < 2 && 3 > 2?"),
        ("<@UME>: hello", "hello"),
        ("<@UME|mynah>, hello", "hello"),
        (
            "ask <@U2|Bob> or <@U3> in <#C2|general> <!here> <!subteam^S1|@team>",
            "ask Bob or @U3 in #general @here @team",
        ),
        (
            "see <https://x.y/?a=1&amp;b=2|the page> and <https://z.y>",
            "see the page (https://x.y/?a=1&b=2) and https://z.y",
        ),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("&amp;lt;", "&lt;"),
        ("<|>", ""),
    ],
)
def test_a_text_reads_as_people_see_it(raw: str, read: str):
    assert readable(raw, ME) == read


@given(st.text(max_size=100))
def test_what_was_typed_is_read_as_it_was_typed(typed: str):
    assert readable(escaped(typed), ME) == typed.strip().removeprefix(":").removeprefix(",").strip()


# --- files ---


def test_a_stub_of_another_workspace_has_no_address_yet():
    stub = to_attachment({"id": "F1", "mode": "file_access", "file_access": "check_file_info"})
    assert stub is not None
    assert stub.handle == {}
    assert stub.may_be_media


@pytest.mark.parametrize(
    "file",
    [
        {"id": "F1", "mode": "tombstone"},
        {"id": "F1", "mode": "hidden_by_limit"},
        {"mode": "hosted"},
        {**CLIP, "mode": "external", "is_external": True, "mimetype": "application/vnd.google-apps.document"},
    ],
)
def test_what_holds_no_bytes_is_no_attachment(file: dict[str, object]):
    assert to_attachment(file) is None


def test_a_recording_that_is_kept_elsewhere_is_told_about_when_it_is_fetched():
    elsewhere = to_attachment({**CLIP, "mode": "external", "is_external": True, "url_private": "https://drive.example"})
    assert elsewhere is not None
    assert elsewhere.handle == {}


def test_a_name_is_cut():
    named = to_attachment({**CLIP, "name": "n" * 10_000})
    assert named is not None
    assert len(named.name) == 255


def test_a_video_clip_is_no_voice_note():
    video = to_attachment({**CLIP, "subtype": "slack_video", "mimetype": "video/mp4"})
    assert video is not None
    assert not video.voice_note
