"""What the tests of OpenRouter share: whom they ask, and how long they wait."""

from adapters.gateways.reply import Patience

KEY = "sk-or-v1-integration-0123456789"
TALKS = "openai/gpt-audio-mini"
SPEAKS = "hexgrad/kokoro-82m"
WRITES_DOWN = "openai/whisper-1"
HASTE = Patience(connect=0.5, idle=0.4, quiet=0.4, total=1.2, listing=0.5)
SOON = 10
"""Seconds: far more than the short limits, also on a busy machine, and far less than the long ones."""
