"""The parts put together: what opens them, and what is then done with them."""
