"""Jobs, journal, ledger, settings and conversations in SQL; media bytes in files."""
