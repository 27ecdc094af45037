-- What this step changes is SQLite's index alone; PostgreSQL keeps its own in order by itself.
SELECT 1;
