-- The index is made anew: beginnings of up to five letters are found at once, where searching as one types spends most, and the
-- parts that are written one by one are put together as soon as there are two of a size (crates/db/src/search.rs, `tidy`).
DROP TABLE video_search;
CREATE VIRTUAL TABLE video_search USING fts5 (
    name, tags, description,
    content = '', contentless_delete = 1, prefix = '2 3 4 5',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO video_search (video_search, rank) VALUES ('usermerge', 2);
INSERT INTO video_search (rowid, name, tags, description)
    SELECT id, name, tags, description FROM videos WHERE privacy = 1 AND state = 1 ORDER BY id;
