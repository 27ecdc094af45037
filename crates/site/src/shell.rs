//! The page before its program runs: the built `index.html` with what this address is about put in.
//!
//! What goes in is text in the right place, escaped for that place; there is no template language, because there are three places.

use std::borrow::Cow;

use crate::assets;

/// What is put into the page.
#[derive(Default)]
pub struct Filling {
    /// Tags for the head.
    pub head: String,
    /// JSON that the page reads at its start.
    pub data: String,
    /// For browsers without scripts.
    pub noscript: String,
}

/// Before the files that a page with a video needs besides the first ones, as the build of the page wrote them down.
const VIDEO: &str = "<!--shoal:video ";
const HEAD: &str = "<!--shoal:head-->";
const DATA: &str = "<!--shoal:data-->";
const NOSCRIPT: &str = "<!--shoal:noscript-->";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><!--shoal:head--><!--shoal:data--></head>\
    <body><!--shoal:noscript--><p>The pod runs, but its page was not built. \
    Build it with <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, then build the pod again; or use <code>./run</code>, \
    which does both.</p></body></html>";

/// The whole page.
pub fn page(filling: &Filling) -> String {
    fill(
        &assets::index().unwrap_or(Cow::Borrowed(NOT_BUILT)),
        filling,
    )
}

/// Tags that let the browser fetch what a page with a video needs at once, and not one after the other as each is found: the player's
/// parts, and the files of the video that it will ask for first.
pub fn fetch_player(first: &[&str]) -> String {
    let mut tags = links(&assets::index().unwrap_or_default());
    for url in first {
        tags.push_str(
            "<link rel=\"preload\" as=\"fetch\" fetchpriority=\"low\" crossorigin href=\"",
        );
        tags.push_str(&escape(url));
        tags.push_str("\">");
    }
    tags
}

fn links(template: &str) -> String {
    let files = template
        .split_once(VIDEO)
        .and_then(|(_, rest)| rest.split_once("-->"))
        .map_or("", |(files, _)| files);
    files
        .split_whitespace()
        .map(|file| {
            format!(
                "<link rel=\"modulepreload\" crossorigin href=\"{}\">",
                escape(file)
            )
        })
        .collect()
}

fn fill(template: &str, filling: &Filling) -> String {
    let data = if filling.data.is_empty() {
        String::new()
    } else {
        let json = inside_script(&filling.data);
        format!("<script type=\"application/json\" id=\"first-data\">{json}</script>")
    };
    let mut page = String::with_capacity(template.len() + filling.head.len() + data.len() + 1000);
    let mut rest = template;
    for (marker, text) in [
        (HEAD, &filling.head),
        (DATA, &data),
        (NOSCRIPT, &filling.noscript),
    ] {
        if let Some((before, after)) = rest.split_once(marker) {
            page.push_str(before);
            page.push_str(text);
            rest = after;
        }
    }
    page.push_str(rest);
    page
}

/// JSON that cannot end the script element it stands in: a `<` only occurs in strings, where it may be written like this.
pub fn inside_script(json: &str) -> Cow<'_, str> {
    if json.contains('<') {
        Cow::Owned(json.replace('<', "\\u003c"))
    } else {
        Cow::Borrowed(json)
    }
}

/// Text for HTML, between tags or in a quoted attribute.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 20);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_replaced_once_and_in_order() {
        let filling = Filling {
            head: "H<!--shoal:data-->".into(),
            data: "{\"a\":\"</script>\"}".into(),
            noscript: "N".into(),
        };
        let page = fill(
            "1<!--shoal:head-->2<!--shoal:data-->3<!--shoal:noscript-->4",
            &filling,
        );
        let data =
            r#"<script type="application/json" id="first-data">{"a":"\u003c/script>"}</script>"#;
        assert_eq!(page, format!("1H<!--shoal:data-->2{data}3N4"));
        assert_eq!(fill("a<!--shoal:head-->b", &Filling::default()), "ab");
    }

    #[test]
    fn what_a_video_needs_is_fetched_at_once() {
        assert_eq!(
            links("1<!--shoal:video /a.js /b.js-->2<!--shoal:head-->"),
            "<link rel=\"modulepreload\" crossorigin href=\"/a.js\"><link rel=\"modulepreload\" crossorigin href=\"/b.js\">"
        );
        for none in ["", "<!--shoal:video-->", "<!--shoal:video /a.js"] {
            assert_eq!(links(none), "");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(escape("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
        assert_eq!(escape("été"), "été");
    }
}
