"""What each button does."""
