-- Messages that are answered together: the job that answers this one, and what has to be alike in both.
ALTER TABLE job ADD COLUMN lead TEXT;
ALTER TABLE job ADD COLUMN gathers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN stream TEXT NOT NULL DEFAULT '';
UPDATE job SET stream = lane;
CREATE INDEX job_stream ON job (stream, seq) WHERE state = 'ready';
CREATE INDEX job_lead ON job (lead, seq) WHERE lead IS NOT NULL;
CREATE INDEX job_gathered ON job (lead) WHERE lead IS NOT NULL AND state = 'ready';
