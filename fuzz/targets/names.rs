//! Any text as each of the names that users and addresses carry: what is accepted is read alike a second time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use names::{Description, DisplayName, Tag, VideoName, VideoUuid, safe_filename};

fuzz_target!(|text: &str| {
    if let Ok(name) = VideoName::parse(text) {
        assert!(VideoName::parse(name.as_str()).is_ok());
    }
    let _ = (
        DisplayName::parse(text),
        Description::parse(text),
        Tag::parse(text),
    );
    if let Ok(uuid) = VideoUuid::parse(text) {
        assert_eq!(
            VideoUuid::parse(&uuid.short()).map(|again| again.0),
            Ok(uuid.0)
        );
    }
    assert!(!safe_filename(text).contains('/'));
    let _ = names::parse_size(text);
});
