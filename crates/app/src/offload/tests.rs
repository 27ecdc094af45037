//! Counters that grow, go back and end; hours and days in a row.

use super::*;

const CLIP: InfoHash = InfoHash([7; 20]);
const VIDEO: VideoId = VideoId(1);

fn reading(sent: u64, viewers: u64) -> Reading {
    Reading {
        infohash: CLIP,
        sent,
        viewers,
    }
}

#[test]
fn what_was_sent_since_the_last_reading_is_added() {
    for (readings, expected) in [
        (&[0][..], 0),
        (&[100], 100),
        (&[100, 100], 100),
        (&[100, 150, 250], 250),
        // It was forgotten and began anew.
        (&[100, 40, 60], 160),
    ] {
        let mut book = Book::default();
        for sent in readings {
            book.videos.insert(CLIP, VIDEO);
            assert_eq!(book.note(0, &[reading(*sent, 2)])[&VIDEO], 2);
        }
        let of_video = book.by_video.get(&(VIDEO, 0)).copied().unwrap_or_default();
        let of_pod = book.by_pod.get(&0).copied().unwrap_or_default();
        assert_eq!((of_video.from_pod, of_pod.from_pod), (expected, expected));
    }
}

#[test]
fn what_is_gone_is_not_remembered() {
    let mut book = Book::default();
    assert_eq!(book.strangers(&[reading(1, 0)]), [CLIP]);
    assert_eq!(book.strangers(&[reading(0, 1)]), [CLIP]);
    book.videos.insert(CLIP, VIDEO);
    assert_eq!(book.strangers(&[reading(2, 2)]), []);
    book.note(0, &[reading(2, 2)]);
    book.note(0, &[]);
    assert!(book.sent.is_empty() && book.videos.is_empty());
}

#[test]
fn videos_that_nobody_hosts_are_asked_for_when_they_move_and_never_counted() {
    let mut book = Book::default();
    assert!(book.note(0, &[reading(5, 0)]).is_empty());
    assert!(book.by_video.is_empty() && book.by_pod.is_empty());
    assert_eq!(book.strangers(&[reading(5, 0)]), []);
    assert_eq!(book.strangers(&[reading(6, 0)]), [CLIP]);
}

#[test]
fn a_flood_of_videos_keeps_to_the_pods_own_sums() {
    let mut book = Book::default();
    let more = Sum {
        from_pod: 1,
        ..Sum::default()
    };
    for n in 0..MOST_WAITING as i64 + 100 {
        book.add(VideoId(n), 0, more);
    }
    assert_eq!(book.by_video.len(), MOST_WAITING);
    assert_eq!(book.by_pod[&0].from_pod, MOST_WAITING as u64 + 100);
}

#[test]
fn spans() {
    let now = 1000 * DAY + 5 * HOUR + 7;
    for (start, end, expected) in [
        (None, None, Some((Step::Day, 970, 1001))),
        (
            Some(now - 2 * DAY),
            None,
            Some((Step::Hour, 998 * 24 + 5, 1000 * 24 + 6)),
        ),
        (
            Some(now),
            Some(now),
            Some((Step::Hour, 1000 * 24 + 5, 1000 * 24 + 6)),
        ),
        // There are no hours any more.
        (
            Some(900 * DAY),
            Some(901 * DAY),
            Some((Step::Day, 900, 902)),
        ),
        // What is to come is not shown, and what is too old is not there.
        (
            Some(now - HOUR),
            Some(now + 9 * DAY),
            Some((Step::Hour, 1000 * 24 + 4, 1000 * 24 + 6)),
        ),
        (Some(now), Some(now - 1), None),
        (Some(i64::MAX), None, None),
    ] {
        let found = span(now, start, end).ok().map(|(step, from, to)| {
            let length = step.length();
            (step, from / length, to / length)
        });
        assert_eq!(found, expected, "{start:?} {end:?}");
    }
    let (_, from, to) = span(now, Some(i64::MIN), Some(i64::MIN)).unwrap();
    assert!((to - from) / DAY <= 1, "{from} {to}");
}

#[test]
fn a_series_has_no_gaps() {
    let row = |start_at, hours, from_pod, viewers| Offload {
        start_at,
        hours,
        from_pod,
        from_viewers: 2 * from_pod,
        viewers,
    };
    let rows = [
        row(DAY, 24, 5, 3),
        row(2 * DAY, 1, 1, 9),
        row(2 * DAY + HOUR, 1, 2, 4),
        row(4 * DAY, 1, 4, 1),
    ];
    let series = Series::new(Step::Day, 0, 5 * DAY, &rows);
    let shown: Vec<_> = series
        .points
        .iter()
        .map(|p| (p.start_at / DAY, p.from_pod, p.from_viewers, p.viewers))
        .collect();
    let expected = [
        (0, 0, 0, 0),
        (1, 5, 10, 3),
        (2, 3, 6, 9),
        (3, 0, 0, 0),
        (4, 4, 8, 1),
    ];
    assert_eq!(shown, expected);
    let total = series.total;
    assert_eq!(
        (total.from_pod, total.from_viewers, total.viewers),
        (12, 24, 9)
    );
}
