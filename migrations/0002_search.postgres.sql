-- Words of the listed videos: names weigh most, then tags, then descriptions.
CREATE TABLE video_search (
    video_id BIGINT PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    words tsvector NOT NULL
);
CREATE INDEX video_search_words ON video_search USING gin (words) WITH (fastupdate = off);
