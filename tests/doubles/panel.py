"""Settings of channels and pages of people, as a test wants them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.commands import CommandCall
from bot.domain.home import Home, HomeChannel
from bot.domain.panel import Choice, Outcome, SettingsForm
from bot.domain.people import Person

NOBODYS = SettingsForm(title="Settings", language="en", refusal="You may not change that.")


@dataclass(kw_only=True)
class RecordingPanel:
    """Remembers what was filled in and typed."""

    form: SettingsForm = field(default_factory=lambda: SettingsForm(title="Settings", language="en"))
    """What a channel's settings are, for who may change them."""
    sent: list[tuple[CommandCall, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Forms that came back: by whom, what stood in them, and what had stood there."""
    change: Callable[[CommandCall, Mapping[str, str]], Outcome] | None = None
    """What comes of them; None says that all was changed."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Why people may not speak to us, by id."""
    typed: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """What choices were asked for: the field, what was typed, and what else was filled in."""
    choices: Sequence[Choice] = ()
    """What there is to choose."""
    page: Home = field(default_factory=lambda: Home(language="en", usage=("Nothing was used.",), wishes=Person()))
    """Everybody's page."""

    def opened(self, call: CommandCall) -> SettingsForm:
        """Return the form, for who may have it."""
        return self.form if call.may_manage else NOBODYS

    def take(self, call: CommandCall, filled: Mapping[str, str], shown: Mapping[str, str]) -> Outcome:
        """Remember a form, and say what became of it."""
        self.sent.append((call, dict(filled), dict(shown)))
        if not call.may_manage:
            return Outcome(form=NOBODYS)
        return self.change(call, filled) if self.change else Outcome(form=self.form, changed=("All of it",))

    def home(self, channels: Sequence[str] | None) -> Home:
        """Return a page."""
        stand = tuple(HomeChannel(channel=channel, lines=("It stands well.",)) for channel in channels or ())
        return replace(self.page, channels=stand, health=() if channels is None else ("All is well.",))
