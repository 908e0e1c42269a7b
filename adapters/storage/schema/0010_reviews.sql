-- What people say of replies: whether they were good, and what was heard wrongly.

-- One row for each person and reply; who said it is named by the platform's id.
CREATE TABLE feedback (
    job TEXT NOT NULL,
    person TEXT NOT NULL,
    good INTEGER NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (job, person)
);
CREATE INDEX feedback_at ON feedback (at);

-- One row for each recording whose words were corrected; `subject` is the first job of the message that brought it.
CREATE TABLE correction (
    subject TEXT NOT NULL,
    recording TEXT NOT NULL,
    words TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (subject, recording)
);
