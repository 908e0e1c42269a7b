"""Tokens are encrypted with the first key, opened by any, and a wrong key says so without showing anything."""

import pytest

from adapters.storage.cipher import Cipher, new_key
from bot.domain.errors import SettingInvalid


def test_what_was_locked_is_opened_by_any_of_the_keys_and_shows_nothing():
    old, new = new_key(), new_key()
    locked = Cipher([old]).lock({"token": "xoxb-secret"})
    assert "xoxb" not in locked
    assert Cipher([new, old]).unlock(locked) == {"token": "xoxb-secret"}


def test_a_key_that_was_taken_away_opens_nothing_any_more_once_all_was_locked_anew():
    old, new = new_key(), new_key()
    anew = Cipher([new, old]).lock_anew(Cipher([old]).lock({"token": "xoxb-secret"}))
    assert Cipher([new]).unlock(anew) == {"token": "xoxb-secret"}
    for use in (Cipher([old]).unlock, Cipher([old]).lock_anew):
        with pytest.raises(SettingInvalid, match=r"slack\.encryption_key: opens none"):
            use(anew)


@pytest.mark.parametrize("keys", [[], ["hunter2"], [new_key(), ""]])
def test_a_missing_or_wrong_key_is_told_without_its_value(keys: list[str]):
    with pytest.raises(SettingInvalid, match="mynah slack key") as caught:
        Cipher(keys)
    assert "hunter2" not in str(caught.value)
