"""What the core asks of the world: Protocols without logic. Adapters inherit them and say `@override`."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.domain.audio import Conversion, MediaFacts, MediaFile, MediaFormat
from bot.domain.budgets import Budget, Hold, Period
from bot.domain.channels import SettledConfig
from bot.domain.commands import CommandCall
from bot.domain.conversation import Past
from bot.domain.health import Finding
from bot.domain.jobs import Job, JobStatus, Lease
from bot.domain.journal import Step
from bot.domain.messages import Attachment, BlobRef, JobId, Message, Part, Place, PostId, Quoted, TextPart
from bot.domain.models import Capabilities, Catalogue, ChatTurn, Delta, Request
from bot.domain.money import Account, Dimension, Nanodollars, UnsettledCall, Usage, UsageRecord, UsageSum
from bot.domain.records import Change, Erased


class Clock(Protocol):
    """Time, as an input."""

    def now(self) -> int:
        """Return the time in milliseconds since 1970 (UTC)."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        ...


class Intake(Protocol):
    """What a platform's adapter calls when something happens there. The core implements it."""

    async def accept(self, message: Message) -> bool:
        """Store the message as a job, once. Only after this returned may the platform be told "received".

        Returns:
            True when a new job was stored; False when it is not for us or is known already.

        Raises:
            StorageUnavailable: it was not stored; the platform must send it again.
        """
        ...

    async def command(self, call: CommandCall) -> str:
        """Carry out a command that is answered at once, and return the answer (Markdown) for its author alone."""
        ...

    async def marks(self, platform: str) -> Mapping[Place, str]:
        """Return the last message that was stored in each place of a platform: catch-up starts after it."""
        ...


class Stage(StrEnum):
    """What a turn is busy with, for the live view."""

    FETCHING = "fetching"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    POSTING = "posting"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClipFormat:
    """The form of speech that a platform plays natively."""

    format: MediaFormat
    """Container and codec."""
    rate: int
    """Samples a second."""
    bitrate: int
    """Bits a second."""
    filename: str
    """With the extension that makes the platform show its player."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """A platform's limits, as data."""

    text_limit: int
    """Characters of one post."""
    edit_seconds: float
    """The shortest time between two edits of one post that the platform allows for long."""
    clip: ClipFormat
    """What it plays natively."""
    max_upload_bytes: int
    """Of one file."""


class Live(Protocol):
    """A best-effort live view of one turn: typing, a status, a reaction. Its failures are logged, never raised."""

    async def stage(self, stage: Stage) -> None:
        """Show what the turn is busy with."""
        ...


class Platform(Protocol):
    """A chat platform."""

    name: str
    """`slack`, `discord`, `terminal`."""
    abilities: Abilities
    """Its limits."""

    async def serve(self, intake: Intake) -> None:
        """Connect, catch up on what was missed, and hand every event to the intake, until cancelled.

        Raises:
            PlatformProblem: it will never connect (a wrong token, a missing intent); says what to do.
        """
        ...

    def fetch(self, message: Message, attachment: Attachment) -> AsyncIterator[bytes]:
        """Stream the bytes of an attachment.

        Raises:
            MediaGone: it is no longer there, also not under a fresh address.
            MediaForbidden: we may not; says what an admin has to do.
            PostNotDone: the platform is busy or unreachable; may be tried again.
        """
        ...

    async def look_up(self, quoted: Quoted, *, message: Message) -> Quoted | None:
        """Return a message that another one refers to, with its words and files.

        Args:
            quoted: where it stands.
            message: what refers to it.

        Returns:
            None when it is gone, or when we or the author of the message may not read it.

        Raises:
            PostNotDone: it could not be looked up now.
        """
        ...

    def progress(self, message: Message) -> AbstractAsyncContextManager[Live]:
        """Show a live view for as long as the context is open."""
        ...

    async def post(self, part: Part, *, answering: Message, key: str) -> PostId:
        """Post one part of a reply in the thread of the message that it answers.

        Args:
            part: a text within `abilities.text_limit`, a clip, or files.
            answering: the message that is replied to.
            key: names this post for ever; the platform's record of it carries the key, so that `find` sees it.

        Raises:
            PostNotDone: certainly not posted.
            PostInDoubt: perhaps posted; ask `find` before trying again.
            PostRefused: will never be posted.
        """
        ...

    async def find(self, *, answering: Message, key: str) -> PostId | None:
        """Find a post by its key, after it was left in doubt; None when it is certainly not there.

        Raises:
            PostNotDone: it could not be looked up now.
        """
        ...

    async def edit(self, post: PostId, part: TextPart, *, answering: Message) -> None:
        """Replace the text of a post of ours, and the buttons under it. May be repeated without harm.

        Raises:
            PostNotDone: not edited; may be tried again.
            PostRefused: can never be edited (deleted, too old).
        """
        ...

    async def delete(self, post: PostId, *, answering: Message) -> None:
        """Remove a post of ours; one that is gone already is fine."""
        ...

    async def tell(self, person: str, text: str, *, workspace: str) -> None:
        """Write to one person, in a direct message that belongs to no job; at most once, perhaps not at all.

        Args:
            person: by the platform's id.
            text: Markdown, within `abilities.text_limit`.
            workspace: where we know the person from.

        Raises:
            PlatformProblem: it was not, or perhaps not, written.
        """
        ...


class Gateway(Protocol):
    """The way to one or many models, embedded or remote."""

    name: str
    """The first part of its models' names: `local`, `openrouter`."""

    def perform(self, request: Request) -> AsyncIterator[Delta]:
        """Make one call and stream what comes back, ending with `Finished`.

        A call that was named (`Accepted`) is not made again by itself under another name.

        Raises:
            ModelProblem: see `bot.domain.errors`; the subclass says whether anything may have been charged.
        """
        ...

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do.

        Raises:
            ModelUnknown: there is no such model here.
        """
        ...

    def recover(self, step: Step, request: Request) -> AsyncIterator[Delta]:
        """Carry on a call that was cut off by a crash of ours: the whole answer, from its beginning.

        A call that is free is made again; else its answer is fetched by what the step knows of it, and nothing new is
        ever paid for: another call is the caller's to make, with a hold of its own.

        Args:
            step: `began` or `accepted`.
            request: the same as before the crash.

        Raises:
            ModelBusy: it came to nothing, and was certainly not charged.
            ModelInDoubt: it may have been charged, and its answer cannot be had; with its usage where that is known.
            ModelProblem: it is free, was made again, and failed as in `perform`.
        """
        ...

    async def catalogue(self) -> Catalogue:
        """Return the models that it offers."""
        ...


@runtime_checkable
class Billed(Protocol):
    """A gateway that tells afterwards what it charged."""

    async def cost(self, call: str) -> Usage | None:
        """Return what a call cost, by the gateway's own name of it; None while the gateway does not know it.

        Raises:
            ModelProblem: it could not be asked.
        """
        ...

    async def account(self) -> Account:
        """Return what the gateway says it charged our key.

        Raises:
            ModelProblem: it could not be asked.
        """
        ...


@runtime_checkable
class Listed(Protocol):
    """A gateway whose models come from a listing, which may be an old one."""

    def listing_age(self) -> float | None:
        """Return the seconds since the listing was read; None where it never was, and a built-in table stands in."""
        ...


class Media(Protocol):
    """Sound and video: off the event loop, in bounded memory and time, safe against hostile files."""

    async def probe(self, path: str) -> MediaFacts:
        """Read what a file is from its bytes.

        Raises:
            MediaUnreadable: not sound or video, damaged, or hostile.
        """
        ...

    async def silent(self, path: str) -> bool:
        """Return whether there is nothing to hear in a file, by its loudness."""
        ...

    def convert(self, path: str, conversion: Conversion, folder: str) -> AsyncIterator[MediaFile]:
        """Carry out a conversion; yield its pieces in order, each as soon as it is written.

        Args:
            path: the source.
            conversion: what `plan_conversion` planned.
            folder: where the pieces are written; with `How.AS_IS` the source itself is yielded.

        Raises:
            MediaUnreadable: it cannot be decoded.
            MediaTooLong: more is decoded than the plan allows, whatever the header said.
        """
        ...

    async def clip(self, sound: MediaFile, form: ClipFormat, target: str) -> tuple[float, bytes]:
        """Make speech into the clip that a platform plays: even loudness, right codec.

        Args:
            sound: the speech.
            form: what the platform plays.
            target: where the clip is written.

        Returns:
            The true length in seconds, and the waveform (`VoiceClip.waveform`).
        """
        ...


class Jobs(Protocol):
    """Stored jobs. Every write after a claim is fenced: raises LeaseLost when the lease is over."""

    async def submit(self, message: Message) -> bool:
        """Store a message as a job in one INSERT, and advance its place's mark; False when it is known already.

        Raises:
            StorageUnavailable: nothing was stored.
        """
        ...

    async def claim(self, limit: int, platforms: Collection[str]) -> Sequence[Job]:
        """Take at most so many jobs of these platforms that may run now, the first open one of each lane, oldest first.

        A process claims only what it can reply to, so that a command line at work beside a service takes none of its jobs.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when a job may have become ready, at the latest after so long."""
        ...

    async def heartbeat(self) -> None:
        """Say that this process lives, and make the jobs of dead processes ready again."""
        ...

    async def is_served(self) -> bool:
        """Return whether some process lives that runs jobs: its heartbeat is fresh."""
        ...

    async def finish(self, lease: Lease) -> None:
        """The turn is over and all is said."""
        ...

    async def retry(self, lease: Lease, *, delay_seconds: float, reason: str) -> None:
        """Try again later."""
        ...

    async def bury(self, lease: Lease, *, reason: str) -> None:
        """Never try again."""
        ...

    async def ask(self, lease: Lease, *, reason: str) -> None:
        """Wait for a human's decision; the lane goes on."""
        ...

    async def release(self, lease: Lease) -> None:
        """Hand a job back at once, without counting the try: this process is going down."""
        ...

    async def decide(self, job: JobId, *, repeat: bool) -> bool:
        """A human decided about an asked job; False when it is not asked.

        To repeat makes its steps in doubt `failed` and the job ready, in one commit; else the job is cancelled.
        """
        ...

    async def cancel(self, job: JobId) -> bool:
        """Stop a job that is not over; False when it is."""
        ...

    async def get(self, job: JobId) -> Job | None:
        """Return one job."""
        ...

    async def recent(self, limit: int, status: JobStatus | None = None) -> Sequence[Job]:
        """Return the newest jobs first."""
        ...

    async def newest(self, place: Place, status: JobStatus | None = None) -> Job | None:
        """Return the newest job of a thread, or at the top of a channel of the whole channel, that is in this state."""
        ...

    async def takes_part(self, place: Place) -> bool:
        """Return whether a job of this thread is known, that is, whether we take part in it."""
        ...

    async def sent(self, person: str, within: str, *, since: int, limit: int, refused: bool = False) -> Sequence[int]:
        """Return when the newest messages of a person came (ms since 1970), the newest first.

        Args:
            person: `bot.domain.budgets.user_scope`.
            within: one of the scopes of a place of that workspace.
            since: not older than this, in milliseconds since 1970.
            limit: at most so many.
            refused: those that were refused; else those that were not.
        """
        ...

    async def marks(self, platform: str) -> Mapping[Place, str]:
        """Return the last stored message of each place of a platform."""
        ...


class Journal(Protocol):
    """Stored steps. Every write is fenced: raises LeaseLost when the lease is over."""

    async def steps(self, job: JobId) -> Mapping[str, Step]:
        """Return the steps of a job by name."""
        ...

    async def begin(self, lease: Lease, name: str, hold: Hold | None = None) -> None:
        """Write down that an effect is about to happen, and hold back what it may cost, in one commit.

        What was held for the same step before, and never settled, stays held beside it.

        Raises:
            BudgetExceeded: it does not fit into a budget; nothing was written.
        """
        ...

    async def accepted(
        self, lease: Lease, name: str, vendor_id: str, digest: str = "", usage: UsageRecord | None = None
    ) -> None:
        """Write down the vendor's name of the call, the digest of what was sent, and a row for the call, in one commit.

        Args:
            lease: of the job.
            name: of the step.
            vendor_id: the vendor's name of the call.
            digest: of what was sent; empty where it was not told.
            usage: the call by that name, its cost unknown, which `Ledger.settle` can find whatever becomes of the job;
                None for an effect that is no model call, and for one that certainly costs nothing.

        The row waits for its cost with the hold of the attempt. An attempt that gets another name keeps the row of the
        one before, which may have been charged too, and is held until both are known.
        """
        ...

    async def done(
        self, lease: Lease, name: str, result: Mapping[str, object], usage: UsageRecord | None = None
    ) -> None:
        """Write down the result with its usage row, and the cost in place of the hold, in one commit.

        A cost that is not known leaves the hold as it is, until `Ledger.settle` knows better. A call that has a name has
        one row, whatever becomes of it: what is told here takes the place of what was known before.
        """
        ...

    async def failed(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        """Write down that nothing came of it, and what was charged all the same in place of the hold, in one commit.

        Without usage nothing was charged: the row that waited for the cost is gone, and the hold is released.
        """
        ...

    async def unknown(self, lease: Lease, name: str, reason: str, usage: UsageRecord | None = None) -> None:
        """Write down that nobody can tell whether it happened, and what may have been charged, in one commit.

        While the usage's cost is not known, the hold stays.
        """
        ...


class Ledger(Protocol):
    """What was used, and what may be."""

    async def sums(self, by: Dimension, *, since: int, place: Place | None = None) -> Sequence[UsageSum]:
        """Sum usage since a time (ms since 1970), of everything or of one channel, the costliest first."""
        ...

    async def of_job(self, job: JobId) -> Sequence[UsageRecord]:
        """Return the model calls of one job, in order."""
        ...

    async def spent(self, gateway: str, period: Period) -> UsageSum:
        """Sum what one gateway charged in the running day or month (UTC)."""
        ...

    async def set_budget(self, scope: str, period: Period, limit: Nanodollars | None, *, by: str) -> None:
        """Set the most that may be spent at a scope (`EACH_USER` for every user without their own), or None to lift it."""
        ...

    async def budgets(self) -> Sequence[Budget]:
        """Return every budget that is set, by scope, as it stands now; that of `EACH_USER` has nothing spent or held."""
        ...

    async def standing(self, scopes: Sequence[str]) -> Sequence[Budget]:
        """Return the budgets that apply to a call that counts for these scopes, as they stand now."""
        ...

    async def warn(self, scopes: Sequence[str]) -> Sequence[Budget]:
        """Return the budgets of which `WARN_AT` is spent by now, each only once in its day or month."""
        ...

    async def unwarn(self, budget: Budget) -> None:
        """Take back that `warn` told of a budget: nobody could be told, and the next one to ask is."""
        ...

    async def unsettled(self, limit: int, *, gateway: str | None = None) -> Sequence[UnsettledCall]:
        """Return calls whose cost is not known yet and that their gateway named, of one or all, the newest first.

        Calls under way are none of them, as their jobs will tell; but those of a job that was handed back, and that
        nobody took up for ten minutes, are.
        """
        ...

    async def settle(self, call: UnsettledCall, usage: Usage) -> bool:
        """Write down what a call did cost, in its usage row and in place of its hold; False when it is settled already.

        The hold of an attempt that has other calls of unknown cost, or that may still be carried on, stays.
        """
        ...

    async def write_off(self, job: JobId, cost: Nanodollars, *, by: str) -> bool:
        """Let go whatever is held for a job that is over or asked about, and count what somebody says it did cost.

        Every call of unknown cost becomes known, those included that were never named: the first of them is charged the
        cost, which may be 0, and the others nothing.

        Returns:
            False when nothing is held or of unknown cost, or the job goes on by itself.
        """
        ...


class Channels(Protocol):
    """Settings of places."""

    async def config(self, place: Place) -> SettledConfig:
        """Return the settings in force, each with its origin."""
        ...

    async def set(self, scope: str, name: str, value: str, *, by: str) -> None:
        """Set one value at a scope; `by` says who, for the history.

        Raises:
            SettingInvalid: there is no such setting, or it does not take that value.
        """
        ...

    async def unset(self, scope: str, name: str, *, by: str) -> bool:
        """Take a value back; False when it was not set there."""
        ...


class Conversations(Protocol):
    """What was said in a thread."""

    async def remember(self, job: JobId, place: Place, turns: Sequence[ChatTurn]) -> None:
        """Keep what was said in one turn, once for each job."""
        ...

    async def recall(self, place: Place, most: int) -> Past:
        """Return what was said since the last summary, and that summary.

        Args:
            place: where.
            most: of what was said word for word, the newest is returned, up to the exchange in which it reaches so many
                bytes of UTF-8.
        """
        ...

    async def summarise(self, place: Place, job: JobId, summary: str) -> None:
        """Keep a summary of all that was said up to and including a job's turn, in place of that and of the last summary."""
        ...


class Records(Protocol):
    """What is kept of people's words in jobs, steps and conversations, and how it is erased."""

    async def places(self) -> Sequence[Place]:
        """Return the places of whose messages something is kept."""
        ...

    async def expired(self, place: Place, *, before: int, waiting_before: int) -> Sequence[JobId]:
        """Return the jobs of a place of whose message something is kept although it is old.

        Args:
            place: one of `places`.
            before: those that were over at this time, in milliseconds since 1970.
            waiting_before: those that waited for a decision at this time already, and still do.
        """
        ...

    async def of_person(self, person: str) -> Sequence[JobId]:
        """Return the jobs of a person (`bot.domain.budgets.user_scope`) of whose message something is kept."""
        ...

    async def quoting(self, person: str) -> Sequence[JobId]:
        """Return the jobs of others in the workspace that are over and keep what a person said, because they refer to it."""
        ...

    async def erase(self, jobs: Sequence[JobId]) -> Erased:
        """Stop those that are not over, and erase what was said in them; what they used and cost stays.

        Summaries that stand for it go, too: what else they stand for is remembered word for word again.

        Returns:
            What was erased; of jobs that hold nothing any more, nothing.
        """
        ...

    async def scrub(self) -> bool:
        """Overwrite what was erased also where the storage keeps older versions; False while somebody reads them."""
        ...


class Audit(Protocol):
    """Who changed what. Settings and budgets are noted by the ports that change them, in the same commit."""

    async def note(self, scope: str, name: str, value: str, *, by: str) -> None:
        """Write down something that was done once."""
        ...

    async def newest(self, limit: int, within: str = "") -> Sequence[Change]:
        """Return the newest changes first, of everything or of a scope and what is below it."""
        ...


class Blobs(Protocol):
    """Media bytes of jobs, by content hash."""

    async def keep(self, job: JobId, chunks: AsyncIterator[bytes], *, limit: int) -> BlobRef:
        """Stream bytes to storage; a broken stream leaves nothing behind.

        Raises:
            MediaTooLarge: more than `limit` bytes came; nothing is kept.
        """
        ...

    async def path(self, ref: BlobRef) -> str | None:
        """Return a local file with the bytes; None when they are gone."""
        ...

    async def folder(self, job: JobId) -> str:
        """Return a private folder for the job's intermediate files."""
        ...

    async def discard(self, job: JobId) -> None:
        """Remove everything of a job."""
        ...


@runtime_checkable
class Checked(Protocol):
    """What the doctor can look at."""

    async def check(self) -> Sequence[Finding]:
        """Look whether everything that it needs is there; what is wrong is a finding, never an error."""
        ...
