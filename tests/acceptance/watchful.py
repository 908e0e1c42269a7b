"""`mynah …` in which every call raises that would block the event loop."""

from bot.cli import main
from tests.blocking import blocking_raises

if __name__ == "__main__":
    with blocking_raises():
        main()
