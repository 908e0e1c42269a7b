"""What the core asks of the world: Protocols without logic. Adapters inherit them and say `@override`."""

from bot.ports.clock import Clock
from bot.ports.gateway import Billed, Gateway, Listed
from bot.ports.intake import Intake
from bot.ports.jobs import Jobs, Journal, Locks
from bot.ports.ledger import Ledger
from bot.ports.media import Blobs, Media
from bot.ports.people import Installations, Pairings, People
from bot.ports.places import Channels, Conversations
from bot.ports.platform import Abilities, ClipFormat, Live, Platform, Stage
from bot.ports.platform_extras import Checked, Connected, Connection, Directory, Linked, Paced
from bot.ports.records import Audit, Records, Reviews

__all__ = [
    "Abilities",
    "Audit",
    "Billed",
    "Blobs",
    "Channels",
    "Checked",
    "ClipFormat",
    "Clock",
    "Connected",
    "Connection",
    "Conversations",
    "Directory",
    "Gateway",
    "Installations",
    "Intake",
    "Jobs",
    "Journal",
    "Ledger",
    "Linked",
    "Listed",
    "Live",
    "Locks",
    "Media",
    "Paced",
    "Pairings",
    "People",
    "Platform",
    "Records",
    "Reviews",
    "Stage",
]
