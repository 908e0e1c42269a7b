"""The Discord adapter in front of simcord, a second Discord that somebody else wrote.

It replaces what discord.py sends by, and tells it of events in the gateway's own payloads; everything between is
discord.py and the adapter. Our own fake, which talks over sockets, has what simcord has not: sessions that break and
resume, rate limits, nonces, voice messages, limits of files and addresses that expire.
https://simcord.readthedocs.io/en/latest/parity-matrix/
"""
