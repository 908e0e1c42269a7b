"""Values that the suites of the storage ports store."""

from dataclasses import replace
from typing import Any

from bot.domain.budgets import Hold, spending_scopes
from bot.domain.messages import Addressed, Attachment, Author, Message, Place
from bot.domain.money import CallKind, Nanodollars, Usage, UsageRecord

PLATFORMS = ("slack", "discord")
PLACE = Place(platform="slack", workspace="T1", channel="C1", thread="1700000000.000100")
OTHER_PLACE = replace(PLACE, channel="C2")
ADA = Author(id="U1", name="Ada")
SCOPES = spending_scopes(PLACE, ADA)


def message(key: str, place: Place = PLACE, **fields: Any) -> Message:
    return Message(key=key, place=place, author=ADA, **fields)


def hold(amount: int, at: int, *, place: Place = PLACE, user: str = ADA.id) -> Hold:
    return Hold(amount=Nanodollars(amount), scopes=spending_scopes(place, Author(id=user)), at=at)


def rich_message() -> Message:
    return message(
        "1700000000.000900",
        text='Grüße, "quotes", \\ and \x00, 🐦, a lone surrogate \ud83d',
        attachments=(
            Attachment(
                id="F1",
                name="../../etc/passwd",
                declared_type="audio/mp4",
                declared_bytes=12_345,
                declared_seconds=3.25,
                voice_note=True,
                handle={"url": "https://files.example/F1"},
            ),
            Attachment(id="F2"),
        ),
        addressed=Addressed.MENTION,
        command="ask",
        handle={"token": "t"},
    )


def record(job: str, step: str, at: int, **fields: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "platform": "slack",
        "workspace": "T1",
        "channel": "C1",
        "author": "U1",
        "gateway": "openrouter",
        "model": "google/gemini-2.5-flash",
        "kind": CallKind.CHAT,
        "usage": Usage(tokens_in=100, tokens_out=20, cost=Nanodollars(950_000)),
        "duration_ms": 800,
    }
    return UsageRecord(job=job, step=step, at=at, **{**values, **fields})


def cost(nanodollars: int | None) -> Usage:
    return Usage(tokens_in=100, tokens_out=20, cost=None if nanodollars is None else Nanodollars(nanodollars))
