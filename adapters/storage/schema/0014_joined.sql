-- Since when we take part in a place: `Message.position` of the first message by which we do; '' of those from before.
ALTER TABLE mark ADD COLUMN joined TEXT NOT NULL DEFAULT '';

-- What waits to be answered with others is few; what was answered so is ever more, and is not looked through for it.
DROP INDEX job_gathered;
CREATE INDEX job_gathered ON job (state, lead) WHERE lead IS NOT NULL AND state = 'ready';
