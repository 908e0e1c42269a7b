"""Who people are, and who let us in."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.installations import Installation
from bot.domain.messages import JobId
from bot.domain.pairing import Pairing
from bot.domain.people import Person, Wish


class People(Protocol):
    """What people wish for themselves. A person is `bot.domain.budgets.user_scope` throughout."""

    async def known(self, person: str) -> Person:
        """Return what is known of a person; of a stranger, nothing."""
        ...

    async def wish(self, person: str, wish: Wish) -> None:
        """Keep what a person wishes from now on; what the wish leaves open stays as it is."""
        ...

    async def met(self, person: str, locale: str) -> None:
        """Keep a person's locale, as the platform tells it now."""
        ...

    async def erase(self, scope: str) -> bool:
        """Forget a person, or all of a workspace (the first of `Place.scopes`); False when nothing was known."""
        ...


class Pairings(Protocol):
    """Who asked to be let in to direct messages, and who was. A person is as in `People`."""

    async def knock(self, person: str, message: JobId) -> str:
        """Return a new code for a stranger.

        Args:
            person: who wrote a direct message.
            message: which; delivered again, it gets the same code.

        Returns:
            Empty when they have a code already that still holds, were let in, or too many others of the workspace wait.
        """
        ...

    async def asked(self, code: str) -> Pairing | None:
        """Return who waits with a code that still holds."""
        ...

    async def let_in(self, person: str, *, by: str) -> bool:
        """Let in whoever waits; False when they do not, or not any more."""
        ...

    async def is_paired(self, person: str) -> bool:
        """Return whether somebody was let in."""
        ...

    async def all(self) -> Sequence[Pairing]:
        """Return who was let in and who waits with a code that still holds, in the order in which they asked."""
        ...

    async def revoke(self, scope: str) -> bool:
        """Let a person, or all of a workspace, in no more, and take their codes back; False when there is neither."""
        ...


class Installations(Protocol):
    """Who let our app in, for a platform that gives a token to each. Tokens are encrypted where they are stored."""

    async def save(self, installation: Installation) -> None:
        """Store who let us in, in the place of what was known of the same workspace or organisation."""
        ...

    async def find(self, workspace: str) -> Installation | None:
        """Return the installation that serves a workspace: its own, or that of its organisation; None for neither.

        Raises:
            SettingInvalid: no key that is set opens what is stored.
        """
        ...

    async def all(self) -> Sequence[Installation]:
        """Return all installations in the order of their ids; raises as `find` does."""
        ...

    async def serves(self, installation: str, workspace: str) -> None:
        """Note that the installation of an organisation serves a workspace."""
        ...

    async def serves_no_more(self, workspace: str) -> None:
        """Note that the installation of an organisation does not serve a workspace any more; its own, if any, then does."""
        ...

    async def workspaces(self, installation: str = "") -> Sequence[str]:
        """Return the workspaces that are served, by one installation or by any, in the order of their ids."""
        ...

    async def claim_renewal(self, installation: Installation, *, seconds: float) -> bool:
        """Claim the only right to renew a token, for so long.

        Returns:
            False when somebody else has it, or has renewed the token already.
        """
        ...

    async def release_renewal(self, installation: Installation) -> None:
        """Give the right back, after the token could not be renewed."""
        ...

    async def renewed(self, installation: Installation) -> bool:
        """Store new tokens, with the version that they replace.

        Returns:
            False when they were replaced by somebody else meanwhile, for example by a new installation.
        """
        ...

    async def delete(self, installation: str, *, at: int) -> bool:
        """Forget an installation that ended, and whom it served.

        Args:
            installation: its id.
            at: when it ended (ms since 1970): one that was made later stays.

        Returns:
            Whether there was one.
        """
        ...

    async def lock_anew(self) -> int:
        """Encrypt everything with the first key that is set; returns how many there are. Raises as `find` does."""
        ...

    async def issue_state(self, *, seconds: float) -> str:
        """Return a new secret that a request to let us in carries, and that holds for so long."""
        ...

    async def take_state(self, state: str) -> bool:
        """Return whether a secret was issued, still holds, and was not taken before."""
        ...
