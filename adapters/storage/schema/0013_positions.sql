-- Messages may be stored in another order than they were said in: `Message.position`.
ALTER TABLE job ADD COLUMN position TEXT NOT NULL DEFAULT '';
UPDATE job SET position =
    printf('%03d', length(json_extract(message, '$.key'))) || json_extract(message, '$.key');
DROP INDEX job_first;
CREATE INDEX job_first ON job (lane, position, seq) WHERE state = 'ready';
DROP INDEX job_stream;
CREATE INDEX job_stream ON job (stream, position) WHERE state = 'ready';
DROP INDEX job_lead;
CREATE INDEX job_lead ON job (lead, position) WHERE lead IS NOT NULL;
