"""fal: OpenRouter's models behind fal's queue. Pure codecs, and the thin ways over HTTP."""
