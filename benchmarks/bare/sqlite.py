"""Stores a message as Mynah does, with a commit of its own."""

import sqlite3
import time

from adapters.storage.jobs import insertion, marking
from bot.domain.messages import Message


def store(connection: sqlite3.Connection, message: Message) -> None:
    """Write a message and its place's mark, and return when they are on the disk."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in (marking(message), insertion(message, time.time_ns() // 1_000_000)):
        connection.execute(statement.sql, statement.parameters).fetchall()
    connection.execute("COMMIT")
