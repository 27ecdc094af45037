//! Any bytes as a document of ActivityPub: what is read, written and read anew is the same, and what is believed lives where it was found.

#![no_main]

use fedi::{Chapters, Object, Told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = fedi::read(bytes) else {
        return;
    };
    if let Ok(chapters) = Chapters::from_json(value.clone()) {
        assert_eq!(Chapters::from_json(chapters.to_json()), Ok(chapters));
    }
    let Ok(object) = Object::from_json(value) else {
        return;
    };
    assert_eq!(Object::from_json(object.to_json()).as_ref(), Ok(&object));
    assert_eq!(Object::from_json(object.document()).as_ref(), Ok(&object));
    if let Object::Activity(activity) = &object {
        assert!(activity.speaks_for(&activity.id));
        if let Some(Told::Here(inner)) = activity.object() {
            assert!(inner.id().is_some_and(|id| activity.speaks_for(&id)));
        }
    }
});
