//! A query string for every address in a playlist: the files of a private video are asked for with a token, and a
//! player only knows the addresses that the playlist gives it. Works on playlists that this crate wrote; what is
//! neither an address line nor a `URI` attribute stays as it is.

/// Puts `query` (without `?`) behind every address of a playlist.
pub fn with_query(playlist: &str, query: &str) -> String {
    if query.is_empty() {
        return playlist.to_owned();
    }
    let mut text = String::with_capacity(playlist.len() * 2);
    for line in playlist.lines() {
        match line.split_once("URI=\"").filter(|_| line.starts_with('#')) {
            Some((before, rest)) => {
                let (uri, after) = rest.split_once('"').unwrap_or((rest, ""));
                text.extend([before, "URI=\"", &join(uri, query), "\"", after]);
            }
            None if line.is_empty() || line.starts_with('#') => text.push_str(line),
            None => text.push_str(&join(line, query)),
        }
        text.push('\n');
    }
    text
}

fn join(uri: &str, query: &str) -> String {
    let mark = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{mark}{query}")
}
