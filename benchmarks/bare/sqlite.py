"""Stores a message as Mynah does, with a commit of its own."""

import sqlite3
import time

from adapters.storage.codec import message_to_json
from adapters.storage.sql import load
from bot.domain.messages import Message

SQL = load("jobs")


def store(connection: sqlite3.Connection, message: Message) -> None:
    """Write a message and its place's mark, and return when they are on the disk."""
    place, now = message.place, time.time_ns() // 1_000_000
    where = {"platform": place.platform, "workspace": place.workspace, "channel": place.channel, "thread": ""}
    statements = (
        SQL["advance_mark"](**where, direct=int(place.direct), key=message.key),
        SQL["submit"](id=message.job_id, lane=place.conversation, channel=place.scopes[1], platform=place.platform,
                      message=message_to_json(message), now=now),
    )  # fmt: skip
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements:
        connection.execute(statement.sql, statement.parameters).fetchall()
    connection.execute("COMMIT")
