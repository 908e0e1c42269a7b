"""plan_turn: which steps a turn takes."""

import pytest

from bot.domain.audio import AudioLimits, How, MediaFacts, MediaFormat
from bot.domain.channels import ChannelConfig, OnMedia, ReplyAs, models
from bot.domain.errors import MediaTooLong, ModelCannot
from bot.domain.messages import Addressed, Attachment, Author, BlobRef, FetchedMedia, Message, Place
from bot.domain.models import Capabilities, Modality, ModelRef
from bot.domain.money import CallKind
from bot.domain.plan import Plan, Want, plan_turn

SERVICE = AudioLimits(max_bytes=100_000_000, max_seconds=7200)
EARS = AudioLimits(max_bytes=14_000_000, max_seconds=600)
CATALOGUE = {
    ModelRef.parse("local/chat"): Capabilities(kinds=frozenset({CallKind.CHAT}), free=True),
    ModelRef.parse("local/hear"): Capabilities(
        kinds=frozenset({CallKind.TRANSCRIPTION}), audio_formats=(MediaFormat.WAV,), audio_limits=SERVICE, free=True
    ),
    ModelRef.parse("local/speak"): Capabilities(kinds=frozenset({CallKind.SPEECH}), free=True),
    ModelRef.parse("cloud/omni"): Capabilities(
        kinds=frozenset({CallKind.CHAT}),
        inputs=frozenset({Modality.TEXT, Modality.AUDIO}),
        audio_formats=(MediaFormat.MP3, MediaFormat.WAV),
        audio_limits=EARS,
    ),
    ModelRef.parse("cloud/eyes"): Capabilities(
        kinds=frozenset({CallKind.CHAT}),
        inputs=frozenset({Modality.TEXT, Modality.AUDIO, Modality.VIDEO, Modality.IMAGE}),
        audio_formats=(MediaFormat.MP3,),
        audio_limits=EARS,
        picture_formats=(MediaFormat.PNG,),
        video_formats=(MediaFormat.MP4,),
        video_links=True,
        most_bytes=1_000_000,
    ),
    ModelRef.parse("cloud/voice"): Capabilities(
        kinds=frozenset({CallKind.CHAT, CallKind.SPEECH}), outputs=frozenset({Modality.TEXT, Modality.AUDIO})
    ),
}
EYES = {"chat_model": models("cloud/eyes, local/chat")}


def config(**values: object) -> ChannelConfig:
    named = {
        "chat_model": models("local/chat"),
        "transcription_model": models("local/hear"),
        "video_model": models("local/hear"),
        "speech_model": models("local/speak"),
    }
    return ChannelConfig(**{**named, **values})  # type: ignore[arg-type]


def media(
    *, fmt: MediaFormat = MediaFormat.OGG, codec: str = "opus", seconds: float | None = 5.0, video: bool = False
) -> FetchedMedia:
    facts = MediaFacts(
        format=fmt,
        container=fmt.value,
        codec=codec,
        rate=48_000,
        channels=1,
        seconds=seconds,
        bytes=20_000,
        has_video=video,
    )
    attachment = Attachment(id="a", voice_note=not video)
    return FetchedMedia(attachment=attachment, blob=BlobRef("b"), path="/b", facts=facts)


def picture(*, fmt: MediaFormat = MediaFormat.PNG, size: int = 20_000) -> FetchedMedia:
    facts = MediaFacts(
        format=fmt, container=fmt.value, codec="", rate=0, channels=0, seconds=None, bytes=size, has_video=False
    )
    return FetchedMedia(attachment=Attachment(id="p"), blob=BlobRef("p"), path="/p", facts=facts)


def plan(item: FetchedMedia | None = None, *, text: str = "", command: str | None = None, **values: object) -> Plan:
    message = Message(
        key="1",
        place=Place(platform="slack", workspace="T", channel="C"),
        author=Author(id="U"),
        text=text,
        attachments=(item.attachment,) if item else (),
        addressed=Addressed.DIRECT,
        command=command,
    )
    return plan_turn(message, [item] if item else [], config(**values), CATALOGUE, SERVICE)


def test_a_voice_note_is_transcribed_answered_and_spoken_by_default():
    made = plan(media())
    assert [(item.want, item.show) for item in made.listen] == [(Want.READ, True)]
    assert made.listen[0].conversion.format is MediaFormat.WAV
    assert made.listen[0].conversion.how is How.CONVERTED
    assert made.answer == models("local/chat")
    assert made.speak == models("local/speak")
    assert made.text


def test_written_words_are_answered_in_writing():
    made = plan(text="Hello?")
    assert (made.listen, made.answer, made.speak) == ((), models("local/chat"), ())


def test_a_channel_that_only_transcribes_asks_no_chat_model():
    made = plan(media(), voice_notes=OnMedia.TRANSCRIBE)
    assert [item.want for item in made.listen] == [Want.TRANSCRIBE]
    assert (made.answer, made.speak) == ((), ())


def test_words_beside_a_recording_are_an_instruction_that_is_answered():
    made = plan(media(), text="Sum this up", voice_notes=OnMedia.TRANSCRIBE)
    assert [item.want for item in made.listen] == [Want.READ]
    assert made.answer


def test_an_ignored_recording_is_not_listened_to():
    made = plan(media(), voice_notes=OnMedia.IGNORE)
    assert (made.listen, made.answer) == ((), ())


def test_a_chat_model_that_hears_gets_the_sound_itself_where_no_transcript_is_shown():
    made = plan(media(), voice_notes=OnMedia.ANSWER, chat_model=models("cloud/omni"))
    assert [(item.want, item.show) for item in made.listen] == [(Want.HEAR, False)]
    assert made.listen[0].conversion.format is MediaFormat.MP3


def test_a_chat_model_that_hears_can_write_down_what_was_said():
    made = plan(media(), transcription_model=models("cloud/omni"))
    assert made.listen[0].models == models("cloud/omni")


def test_what_every_listed_model_takes_is_preferred_so_that_a_fallback_needs_no_second_conversion():
    made = plan(media(), transcription_model=models("cloud/omni, local/hear"))
    assert made.listen[0].conversion.format is MediaFormat.WAV


def test_a_format_that_the_model_takes_passes_untouched():
    made = plan(media(fmt=MediaFormat.MP3, codec="mp3"), transcription_model=models("cloud/omni"))
    assert made.listen[0].conversion.how is How.AS_IS


def test_a_recording_longer_than_one_request_is_cut():
    made = plan(media(seconds=1500.0), transcription_model=models("cloud/omni"))
    assert made.listen[0].conversion.segment_seconds == EARS.max_seconds


def test_videos_have_their_own_setting_and_model():
    made = plan(media(fmt=MediaFormat.MP4, codec="aac", video=True))
    assert [(item.want, item.show) for item in made.listen] == [(Want.TRANSCRIBE, True)]
    assert made.answer == ()


def test_a_command_says_what_it_wants_whatever_the_channel_does():
    assert plan(media(), command="transcribe", voice_notes=OnMedia.ANSWER).answer == ()
    assert plan(media(), command="ask", text="What is it about?", voice_notes=OnMedia.IGNORE).answer


def test_say_speaks_word_for_word_and_asks_no_model():
    made = plan(command="say", text="Lunch is ready")
    assert (made.say, made.answer, made.text) == ("Lunch is ready", (), False)


@pytest.mark.parametrize(
    ("reply", "spoken", "text"), [("text", False, True), ("voice", True, False), ("both", True, True)]
)
def test_the_channel_says_how_to_reply(reply: str, spoken: bool, text: bool):
    made = plan(text="Hello?", reply=ReplyAs(reply))
    assert (bool(made.speak), made.text) == (spoken, text)


def test_a_channel_whose_models_cannot_do_it_says_so():
    with pytest.raises(ModelCannot, match="cannot hear"):
        plan(media(), transcription_model=models("local/chat"))
    with pytest.raises(ModelCannot, match="chat"):
        plan(text="Hello?", chat_model=models("nowhere/none"))


def test_a_recording_that_says_itself_that_it_is_too_long_is_refused():
    with pytest.raises(MediaTooLong):
        plan(media(seconds=8000.0))


# --- what is seen ---------------------------------------------------------------------


def test_a_picture_is_shown_to_a_chat_model_that_sees():
    made = plan(picture(), text="What is this?", **EYES)
    assert [file.path for file in made.look.pictures] == ["/p"]
    assert (made.look.unseen, made.listen, made.answer) == (0, (), models("cloud/eyes, local/chat"))


def test_a_picture_alone_is_answered_too():
    assert plan(picture(), **EYES).look.pictures


@pytest.mark.parametrize("item", [picture(), picture(fmt=MediaFormat.GIF), picture(size=1_000_001)])
def test_words_beside_a_picture_that_nobody_can_be_shown_are_answered_alone(item: FetchedMedia):
    chosen = {} if item.facts.format is MediaFormat.PNG and item.facts.bytes == 20_000 else EYES
    made = plan(item, text="What is this?", **chosen)
    assert (made.look.pictures, made.look.unseen, bool(made.answer)) == ((), 1, True)


def test_a_picture_alone_that_nobody_can_see_is_refused():
    with pytest.raises(ModelCannot, match="local/chat cannot see") as caught:
        plan(picture())
    assert caught.value.needs == Modality.IMAGE


def test_a_video_that_is_to_be_answered_goes_to_a_chat_model_that_watches():
    video = media(fmt=MediaFormat.MP4, codec="aac", video=True)
    made = plan(video, videos=OnMedia.ANSWER, **EYES)
    assert ([file.path for file in made.look.videos], made.listen) == (["/b"], ())


@pytest.mark.parametrize("wish", [OnMedia.TRANSCRIBE, OnMedia.BOTH])
def test_a_video_whose_words_are_wanted_is_listened_to(wish: OnMedia):
    made = plan(media(fmt=MediaFormat.MP4, codec="aac", video=True), videos=wish, **EYES)
    assert (len(made.listen), made.look.videos) == (1, ())


def test_a_video_in_a_format_that_is_not_watched_is_listened_to():
    made = plan(media(fmt=MediaFormat.WEBM, codec="opus", video=True), videos=OnMedia.ANSWER, **EYES)
    assert (len(made.listen), made.look.videos) == (1, ())


def test_addresses_of_videos_are_handed_on_where_the_provider_fetches_them():
    text = "Sum up https://youtu.be/dQw4w9WgXcQ, please"
    assert plan(text=text, **EYES).look.links == ("https://youtu.be/dQw4w9WgXcQ",)
    assert plan(text=text).look.links == ()


# --- who speaks -----------------------------------------------------------------------

SPEAKS = {"chat_model": models("cloud/voice"), "speech_model": models("cloud/voice, local/speak")}


def test_a_model_that_answers_and_speaks_does_both_at_once():
    assert plan(text="Hello?", reply=ReplyAs.BOTH, **SPEAKS).aloud
    assert not plan(text="Hello?", reply=ReplyAs.TEXT, **SPEAKS).aloud
    assert not plan(text="Hello?", reply=ReplyAs.BOTH, chat_model=models("cloud/voice")).aloud
