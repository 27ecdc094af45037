-- Words of the listed videos. Contentless: the index holds words only, the videos table holds the texts.
CREATE VIRTUAL TABLE video_search USING fts5 (
    name, tags, description,
    content = '', contentless_delete = 1, prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 2'
);
