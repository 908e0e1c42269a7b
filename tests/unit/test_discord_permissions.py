"""Who may read a channel at Discord."""

import pytest

from adapters.discord.permissions import may_read

VIEW, HISTORY, ADMINISTRATOR = 1 << 10, 1 << 16, 1 << 3
READ = VIEW | HISTORY
ADA = {"user": {"id": "7"}, "roles": ["2"]}

Rule = tuple[str, int, int]


def server(*, everybody: int = READ, role: int = 0, owner: str = "1") -> dict[str, object]:
    roles = [{"id": "9", "permissions": str(everybody)}, {"id": "2", "permissions": str(role)}]
    return {"id": "9", "owner_id": owner, "roles": [*roles, {"id": "3", "permissions": str(ADMINISTRATOR)}]}


def room(*rules: Rule) -> dict[str, object]:
    return {
        "permission_overwrites": [{"id": who, "allow": str(allow), "deny": str(deny)} for who, allow, deny in rules]
    }


@pytest.mark.parametrize(
    ("guild", "rules", "allowed"),
    [
        (server(), (), True),
        (server(everybody=VIEW), (), False),
        (server(everybody=VIEW, role=HISTORY), (), True),
        (server(), (("9", 0, VIEW),), False),
        (server(), (("9", 0, VIEW), ("2", VIEW, 0)), True),
        (server(), (("9", 0, VIEW), ("3", VIEW, 0)), False),
        (server(), (("2", VIEW, 0), ("7", 0, VIEW)), False),
        (server(), (("9", 0, VIEW), ("7", VIEW, 0)), True),
        (server(everybody=0, role=ADMINISTRATOR), (("7", 0, VIEW),), True),
        (server(everybody=0, owner="7"), (), True),
    ],
)
def test_a_member_may_read_what_their_roles_and_the_channel_allow(
    guild: dict[str, object], rules: tuple[Rule, ...], *, allowed: bool
):
    assert may_read(guild, room(*rules), ADA) is allowed
