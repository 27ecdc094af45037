//! The OpenAPI document is a promise: it is kept as a file, and a change of it is seen in review.
//! `UPDATE=1 cargo test -p api --test openapi` writes it anew.

#[test]
fn the_document_is_the_one_that_was_promised() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let mut now = serde_json::to_string_pretty(&api::openapi()).expect("the document is JSON");
    now.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &now).expect("docs/openapi.json can be written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == now,
        "the API has changed; look at it with UPDATE=1 cargo test -p api --test openapi && git diff docs/openapi.json"
    );
}
