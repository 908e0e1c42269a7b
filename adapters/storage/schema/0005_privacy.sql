-- Whose message a job is (`user_scope` in bot/domain/budgets.py), whether it was refused, and whether its words are kept.
ALTER TABLE job ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN words INTEGER NOT NULL DEFAULT 1;
UPDATE job SET author = json_extract(message, '$.place.platform') || ':' || json_extract(message, '$.place.workspace')
    || ':@' || json_extract(message, '$.author.id');
CREATE INDEX job_author ON job (author, created_at);
CREATE INDEX job_words ON job (channel, lane) WHERE words = 1;
