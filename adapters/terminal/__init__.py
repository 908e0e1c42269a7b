"""The terminal as a platform: what `mynah demo` and `mynah ask` talk through."""
