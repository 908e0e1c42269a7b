-- The first that waits in a lane is found without sorting what waits behind it, and who is next without what was gathered.
DROP INDEX job_first;
CREATE INDEX job_first ON job (lane, (revision = 0), position, seq) WHERE state = 'ready' AND lead IS NULL;
DROP INDEX job_stream;
CREATE INDEX job_stream ON job (stream, position) WHERE state = 'ready' AND lead IS NULL;
