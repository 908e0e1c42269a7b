-- What becomes of a message afterwards makes further jobs: an edit, its deletion, a stop. `subject` is the first of them.
ALTER TABLE job ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN errand TEXT NOT NULL DEFAULT 'answer';
UPDATE job SET subject = id;
CREATE INDEX job_subject ON job (subject, revision);
CREATE INDEX job_open ON job (lane) WHERE state IN ('ready', 'running', 'asked');
