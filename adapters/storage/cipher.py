"""What must not be read from the database's file: encrypted with keys that stand in the settings.

https://cryptography.io/en/latest/fernet/
"""

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.domain.errors import SettingInvalid

SETTING = "slack.encryption_key"
FIX = "`mynah slack key` makes one"


class Cipher:
    """Encrypts with the first key, and decrypts with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Prepare.

        Args:
            keys: at least one, as `new_key` makes them; older ones last.

        Raises:
            SettingInvalid: there is none, or one is no key; never shows a value.
        """
        if not keys:
            raise SettingInvalid(SETTING, f"is needed to encrypt tokens: {FIX}")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingInvalid(SETTING, f"is not a key: {FIX}") from None

    def lock(self, secrets: Mapping[str, str]) -> str:
        """Encrypt some texts by name."""
        return self._fernet.encrypt(json.dumps(secrets).encode()).decode()

    def unlock(self, locked: str) -> Mapping[str, str]:
        """Decrypt what `lock` made.

        Raises:
            SettingInvalid: no key opens it.
        """
        try:
            opened: Mapping[str, str] = json.loads(self._fernet.decrypt(locked))
        except InvalidToken:
            raise _unopened() from None
        return opened

    def lock_anew(self, locked: str) -> str:
        """Encrypt what `lock` made with the first key; raises as `unlock` does."""
        try:
            return self._fernet.rotate(locked).decode()
        except InvalidToken:
            raise _unopened() from None


def _unopened() -> SettingInvalid:
    return SettingInvalid(SETTING, "opens none of the tokens that are stored: add the key that they were locked with")


def new_key() -> str:
    """Return a new key, as text."""
    return Fernet.generate_key().decode()
