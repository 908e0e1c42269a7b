"""The verbs, one file a stage, in reading order: intake, worker, turn, fetch, hear, answer, speak, deliver."""
