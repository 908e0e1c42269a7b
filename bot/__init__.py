"""Mynah's core: hears, thinks and talks back in team chat. Knows no vendor, no SQL, no HTTP."""
