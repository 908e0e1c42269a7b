-- Summaries of conversations. A row of `said` counts its words' bytes, and knows whether a summary stands in its place.
ALTER TABLE said ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE said ADD COLUMN summed INTEGER NOT NULL DEFAULT 0;
UPDATE said SET bytes = length(turns);
CREATE INDEX said_word_for_word ON said (lane, id) WHERE summed = 0;

-- One row for each conversation that was summed up; `since` is when the oldest of what it stands for was said.
CREATE TABLE summary (
    lane TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL,
    words TEXT NOT NULL
);
