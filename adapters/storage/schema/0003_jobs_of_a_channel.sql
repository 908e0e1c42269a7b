-- The newest jobs of a channel, whatever the thread. A lane is `channel:thread`, and no thread's name holds a colon.
ALTER TABLE job ADD COLUMN channel TEXT NOT NULL DEFAULT '';
UPDATE job SET channel = substr(
    rtrim(lane, replace(lane, ':', '')), 1, length(rtrim(lane, replace(lane, ':', ''))) - 1
);
CREATE INDEX job_channel ON job (channel, seq);
