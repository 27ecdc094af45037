-- Lists and search in an index of a million videos: what they are filtered by has indexes of its own.

-- The listed videos of a tag, newest first, from one index: when they were published, or nothing where they are not in lists.
ALTER TABLE video_tags ADD COLUMN listed_at BIGINT;
UPDATE video_tags SET listed_at = (SELECT v.published_at FROM videos v WHERE v.id = video_tags.video_id AND v.privacy = 1 AND v.state = 1);
DROP INDEX video_tags_tag;
CREATE INDEX video_tags_newest ON video_tags (tag, listed_at, video_id);

CREATE INDEX videos_in_language ON videos (language, published_at, id) WHERE privacy = 1 AND state = 1;

-- Beside its words, without their places, each video has the shelves it is on in the search index (crates/db/src/dialect.rs, `shelves`).
UPDATE video_search SET words = strip(words) || CAST('''@a' || video_id / 4096 || ''' ''@b' || video_id / 16384 || ''' ''@c' || video_id / 65536
    || ''' ''@d' || video_id / 262144 || ''' ''@e' || video_id / 1048576 || '''' AS tsvector);
