"""The edges: one vendor a folder. Adapters see `bot.domain` and `bot.ports`, never each other."""
