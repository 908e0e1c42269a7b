"""Which shards a process holds."""

import pytest
from hypothesis import given, strategies as some

from bot.domain.errors import SettingInvalid
from bot.domain.shards import ShardRange, all_of, parse_shards, shard_of


@pytest.mark.parametrize(
    ("text", "ids", "count", "is_part"),
    [
        ("0-3/16", [0, 1, 2, 3], 16, True),
        (" 4 - 7 / 16 ", [4, 5, 6, 7], 16, True),
        ("5/16", [5], 16, True),
        ("0/1", [0], 1, False),
        ("0-1/2", [0, 1], 2, False),
        ("2", [0, 1], 2, False),
    ],
)
def test_a_range_is_read(text: str, ids: list[int], count: int, is_part: bool):
    shards = parse_shards(text)
    assert shards is not None
    assert (list(shards.ids), shards.count, shards.is_part) == (ids, count, is_part)


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_range_discord_advises(text: str):
    assert parse_shards(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0-3", "must be of the form"),
        ("all", "must be of the form"),
        ("-1/4", "must be of the form"),
        ("0-4/4", "the last is 3"),
        ("3-2/4", "the last is 3"),
        ("4/4", "the last is 3"),
        ("0", "between 1 and"),
        ("0/0", "between 1 and"),
        ("1/1000000000", "between 1 and"),
    ],
)
def test_a_wrong_range_is_refused_with_what_would_be_right(text: str, said: str):
    with pytest.raises(SettingInvalid, match=said) as caught:
        parse_shards(text)
    assert caught.value.name == "discord.shards"


@given(count=some.integers(1, 200), data=some.data())
def test_what_is_written_is_read_again(count: int, data: some.DataObject):
    first = data.draw(some.integers(0, count - 1))
    shards = ShardRange(first=first, last=data.draw(some.integers(first, count - 1)), count=count)
    assert parse_shards(str(shards)) == shards


@given(server=some.integers(0, 2**63), count=some.integers(1, 200))
def test_every_server_has_one_shard_and_direct_messages_the_first(server: int, count: int):
    assert shard_of(server, count) in all_of(count).ids
    assert shard_of(None, count) == 0
    assert shard_of(server, 1) == 0


def test_a_server_belongs_to_the_shard_that_discord_says():
    assert shard_of(1_000_000_000_000_000_000, 16) == (1_000_000_000_000_000_000 >> 22) % 16
