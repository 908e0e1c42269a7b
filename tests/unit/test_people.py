"""What people wish for themselves, which language they are spoken to in, and how strangers are let in."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typing_extensions import override

from bot.domain.access import NOT_ALLOWED, NOT_PAIRED
from bot.domain.budgets import user_scope
from bot.domain.channels import ReplyAs
from bot.domain.commands import CommandCall
from bot.domain.errors import ModelInDoubt, ModelRefused, PostNotDone, SettingInvalid
from bot.domain.messages import Addressed, Author, Message, Part, Place, PostId
from bot.domain.pairing import CODE_MS, read_code
from bot.domain.people import LOCALE_HOURS, Voice, Wish, parse_wish, reply_to
from bot.pipeline.house import House
from bot.pipeline.intake import StoredIntake
from bot.pipeline.people import language_of
from bot.ports import Directory
from bot.words import open_catalogues, spoken
from tests.contracts.sounds import tone, write_wav
from tests.doubles.clock import ManualClock
from tests.doubles.gateway import Point
from tests.doubles.house import VOICE_NOTE, TestHouse, message, open_test_house
from tests.doubles.platform import MemoryPlatform

PLACE, ADA = message().place, message().author
CHANNEL = replace(PLACE, channel="general", direct=False)
GRACE = Author(id="G", name="Grace")


@dataclass(kw_only=True)
class Embassy(MemoryPlatform, Directory):
    """A platform that tells of people, and notes in which language it is posted to."""

    locales: dict[str, str] = field(default_factory=dict)
    members: Mapping[str, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    mute: bool = False
    slow: bool = False

    @override
    async def locale(self, person: str, *, workspace: str) -> str:
        await self._answer(person)
        return self.locales.get(person, "")

    @override
    async def groups(self, person: str, *, workspace: str, among: Collection[str]) -> Collection[str]:
        await self._answer(person)
        return [name for name in among if person in self.members.get(name, ())]

    async def _answer(self, person: str) -> None:
        self.asked.append(person)
        if self.slow:
            await asyncio.Event().wait()
        if self.mute:
            raise PostNotDone("it tells nothing")

    @override
    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        self.languages.append(spoken())
        return await super().post(part, answering=answering, key=key)

    @override
    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        self.languages.append(spoken())
        await super().tell(person, text, workspace=workspace)


@dataclass(frozen=True, kw_only=True)
class Scene:
    made: TestHouse
    embassy: Embassy

    @property
    def house(self) -> House:
        return self.made.house

    async def posted(self, *said: Message) -> list[str]:
        """Return what is posted when somebody says something."""
        before = len(self.embassy.posts)
        for each in said:
            await self.made.say(each)
        return [each.text for each in self.embassy.posts.values()][before:]

    async def use(
        self, command: str, by: Author = ADA, place: Place = PLACE, *, in_charge: bool = False, **given: str
    ) -> str:
        call = CommandCall(
            name=command, options=given, place=place, author=by, may_manage=False, may_administer=in_charge
        )
        return await StoredIntake(self.house).command(call)

    def later(self, milliseconds: float) -> None:
        assert isinstance(self.house.clock, ManualClock)
        self.house.clock.advance(milliseconds / 1000)


@pytest.fixture(autouse=True, scope="module")
def catalogues() -> None:
    open_catalogues()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return opened(tmp_path)


def opened(folder: Path, **service: str) -> Scene:
    made, embassy = open_test_house(folder, **service), Embassy()
    embassy.files[VOICE_NOTE.id] = Path(write_wav(folder / "note.wav", tone(1))).read_bytes()
    house = House(**{**vars(made.house), "platforms": {embassy.name: embassy}})
    return Scene(made=TestHouse(**{**vars(made), "house": house, "platform": embassy}), embassy=embassy)


# --- wishes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("off", Wish(voice=Voice.OFF)),
        ("voice ON", Wish(voice=Voice.ON)),
        ("channel", Wish(voice=Voice.CHANNEL)),
        ("de", Wish(language="de")),
        ("pt-BR off", Wish(voice=Voice.OFF, language="pt")),
        ("language Deutsch", Wish(language="de")),
        ("日本語", Wish(language="ja")),
        ("auto", Wish(language="")),
        ("", Wish()),
    ],
)
def test_wishes_are_read_in_any_order(typed: str, wish: Wish):
    assert parse_wish(typed.split()) == wish


def test_what_is_no_wish_is_told():
    with pytest.raises(SettingInvalid, match="klingon"):
        parse_wish(["klingon"])


@pytest.mark.parametrize(
    ("voice", "channel", "reply"),
    [
        (Voice.OFF, ReplyAs.BOTH, ReplyAs.TEXT),
        (Voice.OFF, ReplyAs.VOICE, ReplyAs.TEXT),
        (Voice.OFF, ReplyAs.MIRROR, ReplyAs.TEXT),
        (Voice.ON, ReplyAs.MIRROR, ReplyAs.BOTH),
        (Voice.ON, ReplyAs.TEXT, ReplyAs.TEXT),
        (Voice.ON, ReplyAs.VOICE, ReplyAs.VOICE),
        (Voice.CHANNEL, ReplyAs.MIRROR, ReplyAs.MIRROR),
    ],
)
def test_a_wish_holds_within_what_the_channel_allows(voice: Voice, channel: ReplyAs, reply: ReplyAs):
    assert reply_to(voice, channel) is reply


async def test_who_wants_to_hear_replies_hears_them_and_who_does_not_does_not(scene: Scene):
    note = message("1", "", VOICE_NOTE)
    await scene.use("me", voice="off")
    assert [bool(text) for text in await scene.posted(note)] == [True]
    await scene.use("me", voice="on")
    assert [bool(text) for text in await scene.posted(message("2", "Hello?"))] == [True, False]
    await scene.use("me", voice="channel")
    assert [bool(text) for text in await scene.posted(message("3", "Hello?"))] == [True]
    assert [bool(text) for text in await scene.posted(replace(note, key="4"))] == [True, False]


async def test_what_one_wishes_is_shown_and_is_nobody_elses(scene: Scene):
    assert "up to the channel" in await scene.use("me")
    done = await scene.use("me", voice="off", language="de")
    assert done.startswith("Erledigt.")
    assert "geschrieben, nie gesprochen" in done
    assert "Ich spreche Deutsch mit dir" in done
    assert "I speak English to you, as far as I know yours." in await scene.use("me", by=GRACE)
    assert "„klingon“ ist weder" in await scene.use("me", language="klingon")


async def test_a_channel_of_texts_stays_one(tmp_path: Path):
    scene = opened(tmp_path, reply="text")
    assert "In this channel I write only." in await scene.use("me", voice="on")
    assert len(await scene.posted(message("1", "Hello?"))) == 1


async def test_what_is_wished_in_direct_messages_of_no_workspace_holds_everywhere(scene: Scene):
    nowhere = replace(PLACE, workspace="")
    assert "This holds everywhere." in await scene.use("me", place=nowhere, voice="off")
    assert "never spoken" in await scene.use("me")
    assert "This holds in this workspace." in await scene.use("me", voice="on")
    assert "never spoken" in await scene.use("me", place=nowhere)
    assert "You hear my replies" in await scene.use("me")


async def test_wishes_are_forgotten_with_everything_else(scene: Scene):
    await scene.use("me", voice="off")
    assert "What you wish for yourself" in await scene.use("privacy")
    assert "are forgotten" in await scene.use("forget")
    assert not (await scene.house.people.known(user_scope(PLACE, ADA))).wishes
    assert "are forgotten" not in await scene.use("forget")


# --- languages -------------------------------------------------------------------


async def spoken_to(scene: Scene, author: Author, place: Place = PLACE) -> str:
    return await language_of(scene.house, place, author)


async def test_the_wish_wins_then_what_the_platform_tells_then_that_of_the_place(scene: Scene):
    told = replace(ADA, locale="fr", locale_here="es-ES")
    assert await spoken_to(scene, ADA) == ""
    assert await spoken_to(scene, replace(ADA, locale_here="es-ES")) == "es-ES"
    assert await spoken_to(scene, told) == "fr"
    assert await spoken_to(scene, replace(ADA, locale_here="es-ES")) == "fr", "it is remembered"
    await scene.use("me", language="de")
    assert await spoken_to(scene, told) == "de"
    await scene.use("me", language="auto")
    assert await spoken_to(scene, told) == "fr"


async def test_the_platform_is_asked_once_in_hours(scene: Scene):
    scene.embassy.locales["U"] = "de-DE"
    assert [await spoken_to(scene, ADA) for _ in range(3)] == ["de-DE"] * 3
    assert scene.embassy.asked == ["U"]
    scene.embassy.locales["U"] = "ja-JP"
    scene.later(LOCALE_HOURS * 3_600_000 + 1)
    assert await spoken_to(scene, ADA) == "ja-JP"
    scene.embassy.mute = True
    scene.later(LOCALE_HOURS * 3_600_000 + 1)
    assert await spoken_to(scene, ADA) == "ja-JP", "what it told last stands"


@pytest.mark.parametrize("trouble", ["mute", "slow"])
async def test_a_platform_that_does_not_tell_holds_nobody_up(scene: Scene, trouble: str):
    setattr(scene.embassy, trouble, True)
    async with asyncio.timeout(5):
        assert await scene.posted(message("1", "Hello?")) == ["Good morning to you, too."]
    assert scene.embassy.languages[0] == "en"


async def test_turns_their_problems_and_refusals_are_in_the_authors_language(scene: Scene):
    scene.embassy.locales |= {"U": "de-DE", "G": "fr-FR"}
    await scene.posted(message("1", "Hello?"))
    scene.made.gateway.fail(Point.SENT, ModelRefused("no", model="scripted/mind"))
    await scene.posted(replace(message("2", "Hello?"), author=GRACE))
    assert (scene.embassy.languages[0], scene.embassy.languages[-1]) == ("de", "fr")


async def test_refusals_at_intake_and_answers_to_commands_are_in_the_authors_language(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    heard: list[str] = []

    def noting(template: str, /, **blanks: object) -> str:
        heard.append(spoken())
        return template.format(**blanks)

    monkeypatch.setattr("bot.domain.access.say", noting)
    monkeypatch.setattr("bot.domain.errors.say", noting)
    scene.embassy.locales["U"] = "ja-JP"
    await scene.house.channels.set("memory:W:C", "deny", "U", by="test")
    await StoredIntake(scene.house).accept(message("1", "Hello?"))
    assert heard[-1] == "ja"
    await scene.use("usage")
    assert heard[-1] == "ja"
    await scene.house.channels.unset("memory:W:C", "deny", by="test")
    await scene.use("settings", name="nonsense")
    assert heard[-1] == "ja"


# --- groups ----------------------------------------------------------------------


def said(key: str, by: Author = ADA) -> Message:
    return replace(message(key, "Hello?"), place=CHANNEL, author=by, addressed=Addressed.MENTION)


async def test_groups_that_the_settings_name_are_asked_for(scene: Scene):
    scene.embassy.members = {"S1": {"U"}}
    await scene.house.channels.set("memory:W:general", "allow", "S1", by="test")
    assert await scene.posted(said("1")) == ["Good morning to you, too."]
    assert await scene.posted(said("2", by=GRACE)) == [NOT_ALLOWED]
    await scene.house.channels.set("memory:W:general", "deny", "S1", by="test")
    assert await scene.posted(said("3")) == [NOT_ALLOWED]
    assert await scene.use("usage", place=CHANNEL) == NOT_ALLOWED


async def test_groups_that_the_platform_told_are_not_asked_for(scene: Scene):
    await scene.house.channels.set("memory:W:general", "allow", "7", by="test")
    assert await scene.posted(said("1", by=replace(ADA, groups=("7",), locale="en"))) == ["Good morning to you, too."]
    assert scene.embassy.asked == []


async def test_while_groups_are_not_known_the_stricter_rule_holds(scene: Scene):
    scene.embassy.members, scene.embassy.mute = {"S1": {"G"}, "S2": {"U"}}, True
    await scene.house.channels.set("memory:W:general", "deny", "S1", by="test")
    assert await scene.posted(said("1")) == [NOT_ALLOWED]
    await scene.house.channels.unset("memory:W:general", "deny", by="test")
    await scene.house.channels.set("memory:W:general", "allow", "S2", by="test")
    assert await scene.posted(said("2")) == [NOT_ALLOWED]


# --- pairing -----------------------------------------------------------------------


@pytest.fixture
def guarded(tmp_path: Path) -> Scene:
    return opened(tmp_path, direct_messages="paired", gather_seconds="0")


async def code_of(scene: Scene) -> str:
    (waiting,) = await scene.house.pairings.all()
    return waiting.code


async def test_a_stranger_is_told_a_code_once_and_answered_when_let_in(guarded: Scene):
    (told,) = await guarded.posted(message("1", "Hello?"))
    code = await code_of(guarded)
    assert f"`/mynah pair {code}` lets you in" in told
    assert await guarded.posted(message("2", "Hello??")) == []
    assert await guarded.use("usage") == NOT_PAIRED
    assert await guarded.posted(said("3")) == ["Good morning to you, too."], "in channels nothing changes"
    assert await guarded.use("pair", by=GRACE, place=CHANNEL, in_charge=True, code=code.lower()) == (
        "<@U> may write me direct messages from now on."
    )
    assert await guarded.posted(message("4", "Hello!")) == ["Good morning to you, too."]
    (change,) = await guarded.house.audit.newest(1)
    assert (change.scope, change.name, change.new, change.by) == ("memory:W:@U", "paired", "on", "G")


async def test_a_message_that_is_delivered_again_tells_the_same_code(guarded: Scene):
    intake = StoredIntake(guarded.house)
    person, first = user_scope(PLACE, ADA), message("1", "Hello?")
    code = await guarded.house.pairings.knock(person, first.job_id)
    assert await intake.accept(first) is True, "it was not stored before the crash"
    assert await intake.accept(first) is False
    await guarded.made.work()
    (told,) = [posted.text for posted in guarded.embassy.posts.values()]
    assert code in told


async def test_only_who_is_in_charge_lets_others_in(guarded: Scene):
    await guarded.posted(message("1", "Hello?"))
    code = await code_of(guarded)
    for by, place, in_charge in (
        (GRACE, CHANNEL, False),
        (GRACE, replace(CHANNEL, workspace="W2"), True),
    ):
        assert "Only an admin" in await guarded.use("pair", by=by, place=place, in_charge=in_charge, code=code)
    await guarded.house.channels.set("memory:W:general", "admins", "G", by="G")
    assert "Only an admin" in await guarded.use("pair", by=GRACE, place=CHANNEL, code=code), "a channel's are not"
    assert not await guarded.house.pairings.is_paired(user_scope(PLACE, ADA))
    await guarded.house.channels.set("memory:W", "admins", "G", by="command line")
    assert "from now on" in await guarded.use("pair", by=GRACE, place=CHANNEL, code=code)


async def test_an_admin_lets_others_in_from_a_direct_message_too(guarded: Scene):
    await guarded.posted(message("1", "Hello?"))
    code = await code_of(guarded)
    assert "from now on" in await guarded.use("pair", by=GRACE, place=PLACE, in_charge=True, code=code)


async def test_a_code_that_nobody_waits_with_is_told(guarded: Scene):
    await guarded.posted(message("1", "Hello?"))
    assert "Nobody waits" in await guarded.use("pair", by=GRACE, place=CHANNEL, in_charge=True, code="ABCDEFGH")
    code = await code_of(guarded)
    guarded.later(CODE_MS)
    assert "Nobody waits" in await guarded.use("pair", by=GRACE, place=CHANNEL, in_charge=True, code=code)
    (told,) = await guarded.posted(message("2", "Hello?"))
    assert await code_of(guarded) in told


async def test_who_is_denied_gets_no_code(guarded: Scene):
    await guarded.house.channels.set("memory:W", "deny", "U", by="test")
    assert await guarded.posted(message("1", "Hello?")) == [NOT_ALLOWED]
    assert list(await guarded.house.pairings.all()) == []


def test_codes_are_read_the_way_that_people_type_them():
    assert read_code(" abcd-efgh ") == "ABCDEFGH"


# --- the audit -----------------------------------------------------------------------


async def test_a_retry_that_is_decided_for_somebody_else_is_in_the_audit(scene: Scene):
    scene.made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off", model="scripted/mind"))
    await scene.posted(message("1", "Hello?"))
    call = CommandCall(name="retry", place=PLACE, author=GRACE, may_manage=True)
    assert "I try again" in await StoredIntake(scene.house).command(call)
    (change,) = await scene.house.audit.newest(1)
    assert (change.scope, change.name, change.new, change.by) == ("memory:W:C", "retry", "memory:W:C:1", "G")


async def test_a_retry_of_ones_own_is_nobodys_business(scene: Scene):
    scene.made.gateway.fail(Point.MIDWAY, ModelInDoubt("cut off", model="scripted/mind"))
    await scene.posted(message("1", "Hello?"))
    assert "I try again" in await scene.use("retry")
    assert list(await scene.house.audit.newest(1)) == []
