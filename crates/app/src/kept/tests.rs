//! What is remembered is forgotten when it changes, also while somebody is reading.

use super::*;
use std::sync::atomic::AtomicU32;

#[test]
fn a_change_ends_what_was_read_before_it() {
    let memory = Memory::new();
    let (one, other) = (VideoId(1), VideoId(2));
    // Shares its mark with the first.
    let twin = VideoId(1 + MARKS as i64);
    let before = memory.now();
    assert!(memory.holds(one, before) && memory.holds(other, before));

    memory.changed(one);
    assert!(!memory.holds(one, before));
    assert!(!memory.holds(twin, before));
    assert!(memory.holds(other, before));
    let between = memory.now();
    assert!(memory.holds(one, between));

    memory.counted(other);
    assert!(memory.holds(one, between));
    assert!(!memory.holds(other, between));

    memory.clear();
    assert!(!memory.holds(one, between) && !memory.holds(VideoId(77), between));
    assert!(memory.holds(one, memory.now()));
    // Ids are never negative, but nothing depends on it.
    assert!(memory.holds(VideoId(i64::MIN), memory.now()));
}

#[tokio::test]
async fn only_the_total_of_a_very_long_list_outlives_a_change() {
    let memory = Memory::new();
    for (first, after_a_change) in [(0, 1), (MANY - 1, MANY), (MANY, MANY), (MANY + 9, MANY + 9)] {
        let query = VideoQuery {
            duration_min: Some(first),
            ..VideoQuery::default()
        };
        let ask = async |answer| {
            memory
                .total(query.clone(), async |_| Ok(answer))
                .await
                .unwrap()
        };
        assert_eq!(ask(first).await, first);
        assert_eq!(ask(first + 1).await, first);
        memory.changed(VideoId(5));
        assert_eq!(ask(first + 1).await, after_a_change);
    }
}

#[tokio::test]
async fn a_list_that_was_read_while_it_changed_is_not_used_again() {
    let memory = Memory::new();
    let reads = AtomicU32::new(0);
    let ask = async |change: Option<VideoId>| {
        let read = async |_: &VideoQuery| {
            if let Some(video) = change {
                memory.changed(video);
            }
            let total = i64::from(reads.fetch_add(1, Ordering::SeqCst));
            Ok(Ids {
                total,
                ids: Vec::new(),
            })
        };
        memory
            .page(VideoQuery::default(), read)
            .await
            .unwrap()
            .total
    };
    assert_eq!(ask(Some(VideoId(5))).await, 0);
    assert_eq!(ask(None).await, 1);
    assert_eq!(ask(None).await, 1);
    memory.counted(VideoId(5));
    assert_eq!(ask(None).await, 1);
    memory.changed(VideoId(6));
    assert_eq!(ask(None).await, 2);
    memory.clear();
    assert_eq!(ask(None).await, 3);
    memory.sweep();
    assert_eq!(ask(None).await, 3);
}
