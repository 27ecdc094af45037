//! Hostile and ordinary texts in the head of a page.

use super::*;

fn about() -> About {
    About {
        url: "https://tube.example".into(),
        name: "Tube".into(),
        description: "All of it".into(),
    }
}

fn told(privacy: u64, name: &str, description: &str) -> Video {
    let video = json!({
        "shortUUID": "abc",
        "name": name,
        "description": description,
        "duration": 61,
        "privacy": { "id": privacy, "label": "x" },
        "publishedAt": "2026-01-02T03:04:05.000Z",
        "updatedAt": "2026-01-02T03:04:05.000Z",
        "previewPath": "/lazy-static/previews/p.jpg",
        "channel": { "name": "chan", "displayName": "Channel" },
        "streamingPlaylists": [{ "files": [
            { "resolution": { "id": 0 }, "fileUrl": "https://tube.example/0.mp4" },
            { "resolution": { "id": 1080 }, "fileUrl": "https://tube.example/1080.mp4", "width": 1920, "height": 1080 },
            { "resolution": { "id": 480 }, "fileUrl": "https://tube.example/480.mp4", "width": 854, "height": 480 },
        ] }],
    });
    serde_json::from_value(video).unwrap()
}

#[test]
fn a_public_video() {
    let head = video(&about(), &told(1, "Name", "One\n two"));
    for expected in [
        "<title>Name - Tube</title>",
        r#"<meta name="description" content="One two">"#,
        r#"<link rel="canonical" href="https://tube.example/w/abc">"#,
        r#"<meta property="og:video:url" content="https://tube.example/videos/embed/abc">"#,
        r#"<meta property="og:video:width" content="1920">"#,
        r#"<meta property="og:image" content="https://tube.example/lazy-static/previews/p.jpg">"#,
        r#"href="https://tube.example/services/oembed?url=https%3A%2F%2Ftube.example%2Fw%2Fabc""#,
        r#""contentUrl":"https://tube.example/480.mp4""#,
        r#""duration":"PT61S""#,
    ] {
        assert!(head.contains(expected), "{expected} in {head}");
    }
    assert!(!head.contains("noindex"));
    let noscript = noscript(&about(), &told(1, "Name", ""));
    assert!(noscript.contains("src=\"https://tube.example/480.mp4\""));
}

#[test]
fn what_is_at_home_elsewhere_leads_there() {
    for (local, url, canonical) in [
        (
            false,
            "https://far.example/w/xyz",
            "https://far.example/w/xyz",
        ),
        (false, "javascript:alert(1)", "https://tube.example/w/abc"),
        (
            false,
            "https://far.example/\"><b>",
            "https://far.example/&quot;&gt;&lt;b&gt;",
        ),
        (
            true,
            "https://tube.example/videos/watch/1",
            "https://tube.example/w/abc",
        ),
    ] {
        let mut told = told(1, "Name", "");
        (told.is_local, told.url) = (local, url.into());
        let head = video(&about(), &told);
        let expected = format!(r#"<link rel="canonical" href="{canonical}">"#);
        assert!(head.contains(&expected), "{expected} in {head}");
        assert!(head.contains("oembed?url=https%3A%2F%2Ftube.example%2Fw%2Fabc"));
    }
}

#[test]
fn an_unlisted_video_is_not_for_search_engines() {
    let head = video(&about(), &told(2, "Name", ""));
    assert!(head.contains("noindex") && !head.contains("ld+json"));
}

#[test]
fn nothing_that_people_wrote_gets_out_of_its_place() {
    let evil = "</title></script><script>alert(1)</script>\"'><img onerror=x>";
    let video = told(1, evil, evil);
    let head = super::video(&about(), &video) + &noscript(&about(), &video);
    assert!(!head.contains("<script>alert"));
    assert!(!head.contains("<img"));
    assert_eq!(head.matches("</script>").count(), 1);
    assert_eq!(head.matches("</title>").count(), 1);
}

#[test]
fn long_descriptions_end_with_a_word() {
    let text = "wort ".repeat(100);
    let short = shorten(&text);
    assert!(short.ends_with("wort…") && short.chars().count() <= 251);
    assert_eq!(shorten(&"é".repeat(300)).chars().count(), 251);
}
