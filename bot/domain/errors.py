"""Everything that can go wrong, as one tree.

    MynahError
    ├── MediaProblem              the user's file
    │   ├── MediaTooLarge             more bytes than the service takes
    │   ├── MediaTooLong              more seconds than the service takes
    │   ├── MediaUnreadable           not sound or video, damaged, or hostile
    │   ├── MediaGone                 the platform has it no longer
    │   └── MediaForbidden            the platform does not let us fetch it
    ├── ModelProblem              a model or its gateway
    │   ├── ModelUnknown              no such gateway or model
    │   ├── ModelCannot               no model in the channel's list can do what was asked
    │   ├── ModelRefused              answered "no": asking again gives the same answer
    │   ├── ModelUnauthorised         the key is missing or wrong, or there is no credit
    │   ├── ModelBusy                 answered "not now": nothing was charged
    │   ├── ModelUnpriced             nobody says what it charges, and the channel wants to know
    │   ├── BudgetExceeded            the call does not fit into what may still be spent
    │   ├── ModelUnreachable          nothing was sent
    │   └── ModelInDoubt              cut off after it was sent: it may have been charged
    ├── PlatformProblem           Slack, Discord
    │   ├── PostNotDone               certainly not posted: may be tried again
    │   ├── PostInDoubt               perhaps posted: look before trying again
    │   └── PostRefused               will never be posted: a permission, an archived channel
    ├── StorageProblem            the database
    │   ├── StorageUnavailable        nothing was stored
    │   └── LeaseLost                 another process works on the job now
    ├── NothingAsked              a call by name without anything else
    ├── NothingThere              a message that has nothing of what is to be done with it
    └── SettingInvalid            a setting's value, or a setting that does not exist

Each carries what its catcher needs, and `sentence`: what the person who asked is told, in the language that is spoken
when it is read. Vendors' errors are translated once, at the edge, with `raise … from`.
"""

from collections.abc import Sequence
from typing import ClassVar

from typing_extensions import override

from bot.domain.moments import PERIOD_WORDS, show_moment
from bot.domain.money import Nanodollars, Usage, show_amount
from bot.words import phrase, say


class MynahError(Exception):
    """The root. `str(error)` is for the log; `sentence` is for the person who asked."""

    transient: ClassVar[bool] = False
    """True when the same work may succeed later without anybody doing anything."""

    @property
    def sentence(self) -> str:
        """One clear sentence for the person who asked."""
        return say("Something went wrong on my side.")


class MediaProblem(MynahError):
    """The user's file cannot be used."""


class MediaTooLarge(MediaProblem):
    """More bytes than the service takes."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit

    @property
    @override
    def sentence(self) -> str:
        return say(
            "This file is larger than the {megabytes} MB that I take here. Could you send a shorter piece?",
            megabytes=f"{self.limit / 1_000_000:.0f}",
        )


class MediaTooLong(MediaProblem):
    """More seconds than the service takes."""

    def __init__(self, *, seconds: float, limit: float) -> None:
        super().__init__(f"{seconds:.0f} s, longer than {limit:.0f} s")
        self.seconds = seconds
        self.limit = limit

    @property
    @override
    def sentence(self) -> str:
        return say(
            "This recording is longer than the {minutes} minutes that I take here. Could you send a shorter piece?",
            minutes=f"{self.limit / 60:.0f}",
        )


class MediaUnreadable(MediaProblem):
    """Not sound or video, damaged, or hostile."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    @override
    def sentence(self) -> str:
        return say(
            "I could not hear that file: {reason}. Voice notes, audio files and videos work.", reason=self.reason
        )


class MediaGone(MediaProblem):
    """The platform has the file no longer."""

    @property
    @override
    def sentence(self) -> str:
        return say("That file is no longer there, so I could not listen to it.")


class MediaForbidden(MediaProblem):
    """The platform does not let us fetch the file."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice

    @property
    @override
    def sentence(self) -> str:
        return say("I am not allowed to fetch that file. {advice}", advice=self.advice)


class ModelProblem(MynahError):
    """A model, or the gateway to it, did not do what was asked."""

    def __init__(self, reason: str, *, model: str = "", usage: Usage | None = None) -> None:
        super().__init__(f"{model}: {reason}" if model else reason)
        self.reason = reason
        self.model = model
        self.usage = usage
        """What was charged all the same, for example for thinking that led to no answer; None when nothing was."""

    @property
    @override
    def sentence(self) -> str:
        if self.model:
            return say("The model {model} did not answer: {reason}.", model=self.model, reason=self.reason)
        return say("The model of this channel did not answer: {reason}.", reason=self.reason)


class ModelUnknown(ModelProblem):
    """No such gateway or model."""

    @property
    @override
    def sentence(self) -> str:
        return say("There is no model {model} here: {reason}.", model=self.model, reason=self.reason)


class ModelCannot(ModelProblem):
    """No model in the channel's list can do what was asked."""

    def __init__(self, reason: str, *, model: str = "", needs: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(reason, model=model)
        self.needs = needs
        """What a model would have to be for, or to take: `chat`, `audio`, …; empty when it is not known."""
        self.choices = tuple(choices)
        """Models of this service that can."""

    @property
    @override
    def sentence(self) -> str:
        sentence = say("No model of this channel can do that: {reason}.", reason=self.reason)
        if not self.choices:
            return sentence
        return f"{sentence} {say('Choose one of {models} with `/mynah model`.', models=', '.join(self.choices))}"


class ModelRefused(ModelProblem):
    """Answered "no": asking again gives the same answer."""


class ModelUnauthorised(ModelProblem):
    """The key is missing or wrong, or the account has no credit."""

    @property
    @override
    def sentence(self) -> str:
        return say(
            "The model gateway does not accept our account ({reason}). An admin has to look at it.", reason=self.reason
        )


class ModelBusy(ModelProblem):
    """Answered "not now": nothing was charged, and it may be asked again."""

    transient = True

    def __init__(self, reason: str, *, model: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, model=model)
        self.retry_after = retry_after
        """Seconds that the gateway asks us to wait; None when it does not say."""


class ModelUnreachable(ModelProblem):
    """Nothing was sent, so nothing was charged, and it may be asked again."""

    transient = True


class ModelInDoubt(ModelProblem):
    """Cut off after the request was sent: it may have been charged."""

    @property
    @override
    def sentence(self) -> str:
        return say(
            "My call to {model} was interrupted ({reason}), and it may have been charged. "
            "I do not ask again by myself: `/mynah retry` does.",
            model=self.model or phrase("the model"),
            reason=self.reason,
        )


class ModelUnpriced(ModelProblem):
    """Nobody says what it charges, and the channel asks only models whose price is known."""

    @property
    @override
    def sentence(self) -> str:
        return say(
            "I do not ask {model} here, because nobody says what it charges. "
            "An admin can give its price in the settings, or set unknown_price to allow.",
            model=self.model or phrase("a model"),
        )


class BudgetExceeded(ModelProblem):
    """The call does not fit into what may still be spent. Nothing was sent."""

    def __init__(
        self, *, scope: str, period: str, limit: Nanodollars, left: Nanodollars, needed: Nanodollars, resets_at: int
    ) -> None:
        reason = phrase(
            "the budget of {scope} for this {period} has {left} left",
            scope=scope,
            period=PERIOD_WORDS[period],
            left=show_amount(left),
        )
        super().__init__(reason)
        self.scope = scope
        """Whose budget says no; of several the tightest."""
        self.period = period
        """`day` or `month`."""
        self.limit = limit
        """Of the budget."""
        self.left = left
        """What may still be spent."""
        self.needed = needed
        """The worst case of the call."""
        self.resets_at = resets_at
        """When the budget starts anew, in milliseconds since 1970 (UTC)."""
        self.whose = ""
        """Whose budget it is, in the words of who asked; empty when nobody has put it so."""
        self.free: tuple[str, ...] = ()
        """Models that would do it for nothing."""

    @property
    @override
    def sentence(self) -> str:
        refused = say(
            "The budget of {limit} for this {period} does not allow that: {left} is left, and the call may cost {needed}.",
            limit=show_amount(self.limit),
            period=PERIOD_WORDS[self.period],
            left=show_amount(self.left),
            needed=show_amount(self.needed),
        )
        anew = say("It starts anew on {moment}.", moment=show_moment(self.resets_at))
        whose = f"{self.whose}:" if self.whose else ""
        return " ".join(filter(None, (whose, refused, anew, self._advice)))

    @property
    def _advice(self) -> str:
        if not self.free:
            return ""
        return say("Until then, `/mynah model` can choose what costs nothing: {models}.", models=", ".join(self.free))


class PlatformProblem(MynahError):
    """The chat platform did not do what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PostNotDone(PlatformProblem):
    """Certainly not posted: may be tried again."""

    transient = True

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds that the platform asks us to wait; None when it does not say."""


class PostInDoubt(PlatformProblem):
    """Perhaps posted: look before trying again."""

    transient = True


class PostRefused(PlatformProblem):
    """Will never be posted: a permission is missing, the channel is archived or gone."""


class StorageProblem(MynahError):
    """The database did not do what was asked."""


class StorageUnavailable(StorageProblem):
    """Nothing was stored."""

    transient = True


class LeaseLost(StorageProblem):
    """Another process works on the job now; this one must stop at once and write nothing."""


class NothingAsked(MynahError):
    """Somebody called us by name and said no more."""

    @property
    @override
    def sentence(self) -> str:
        return say("I am here. What can I do for you? Ask me something, or answer a voice note with my name.")


class NothingThere(MynahError):
    """A message has nothing of what is to be done with it."""

    def __init__(self, told: str) -> None:
        super().__init__("nothing there")
        self.told = told
        """The sentence for who wanted it, perhaps a phrase."""

    @property
    @override
    def sentence(self) -> str:
        return say(self.told)


class SettingInvalid(MynahError):
    """A setting's value is not one that it takes, or there is no such setting."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    @property
    @override
    def sentence(self) -> str:
        return say("{name}: {reason}.", name=self.name, reason=self.reason)
