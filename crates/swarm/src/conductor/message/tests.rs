//! Messages there and back, by value and by byte, and the ugly ones.

use proptest::prelude::*;

use super::*;

fn ranges_of() -> impl Strategy<Value = Vec<Range<u32>>> {
    proptest::collection::vec((0..5000_u32, 1..5000_u32), 0..40).prop_map(|steps| {
        let mut end = 0;
        let range = |(gap, length)| {
            let start = end + gap;
            end = start + length;
            start..end
        };
        steps.into_iter().map(range).collect()
    })
}

fn millis_of() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|millis| Duration::from_millis(millis.into()))
}

fn settings_of() -> impl Strategy<Value = Settings> {
    (any::<u32>(), millis_of(), millis_of()).prop_map(|(instant, patience, interval)| Settings {
        instant,
        patience,
        interval,
    })
}

fn report_of() -> impl Strategy<Value = Report> {
    let numbers = (
        any::<u32>(),
        millis_of(),
        any::<u32>(),
        any::<u16>(),
        any::<u32>(),
    );
    (numbers, any::<[bool; 3]>()).prop_map(
        |((playhead, lead, uplink, neighbours, rescued), [uploads, paused, dependable])| Report {
            playhead,
            lead,
            uplink,
            neighbours,
            uploads,
            paused,
            dependable,
            rescued: rescued.into(),
        },
    )
}

fn from_page() -> impl Strategy<Value = FromPage> {
    prop_oneof![
        (
            any::<u32>(),
            any::<u8>(),
            any::<[u8; 20]>(),
            any::<u32>(),
            ranges_of()
        )
            .prop_map(|(version, swarm, infohash, flags, held)| FromPage::Hello {
                version,
                swarm,
                infohash: InfoHash(infohash),
                flags,
                held,
            }),
        (any::<u8>(), report_of(), ranges_of(), ranges_of()).prop_map(
            |(swarm, report, gained, lost)| FromPage::Report {
                swarm,
                report,
                gained,
                lost,
            }
        ),
        any::<u8>().prop_map(|swarm| FromPage::Bye { swarm }),
    ]
}

fn to_page() -> impl Strategy<Value = ToPage> {
    prop_oneof![
        (any::<u32>(), any::<u8>(), settings_of()).prop_map(|(version, swarm, settings)| {
            ToPage::Welcome {
                version,
                swarm,
                settings,
            }
        }),
        (any::<u8>(), ranges_of()).prop_map(|(swarm, pieces)| ToPage::Grant { swarm, pieces }),
        (any::<u8>(), settings_of())
            .prop_map(|(swarm, settings)| ToPage::Settings { swarm, settings }),
    ]
}

proptest! {
    #[test]
    fn pages_are_understood(message in from_page(), more: Vec<u8>) {
        let mut bytes = message.write();
        for short in 0..bytes.len() {
            assert!(FromPage::read(&bytes[..short]).is_err());
        }
        bytes.extend(more);
        assert_eq!(FromPage::read(&bytes), Ok(Some(message)));
    }

    #[test]
    fn the_pod_is_understood(message in to_page(), more: Vec<u8>) {
        let mut bytes = message.write();
        for short in 0..bytes.len() {
            assert!(ToPage::read(&bytes[..short]).is_err());
        }
        bytes.extend(more);
        assert_eq!(ToPage::read(&bytes), Ok(Some(message)));
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>, kind in 0..5_u8) {
        let frame: Vec<u8> = std::iter::once(kind).chain(bytes).collect();
        if let Ok(Some(message)) = FromPage::read(&frame) {
            assert_eq!(FromPage::read(&message.write()), Ok(Some(message)));
        }
        if let Ok(Some(message)) = ToPage::read(&frame) {
            assert_eq!(ToPage::read(&message.write()), Ok(Some(message)));
        }
    }
}

/// The layout byte by byte, as docs/conductor.md has it.
#[test]
fn layout() {
    let hello = FromPage::Hello {
        version: VERSION,
        swarm: 3,
        infohash: InfoHash([0xaa; 20]),
        flags: 0,
        held: vec![0..2, 300..301],
    };
    let mut expected = vec![1, 1, 3];
    expected.extend([0xaa; 20]);
    expected.extend([0, 2, 0, 2, 0xaa, 2, 1]);
    assert_eq!(hello.write(), expected);

    let report = FromPage::Report {
        swarm: 3,
        report: Report {
            playhead: 200,
            lead: Duration::from_millis(2500),
            uplink: 1_000_000,
            neighbours: 7,
            uploads: true,
            paused: false,
            dependable: false,
            rescued: 65_536,
        },
        gained: vec![200..204, 204..205],
        lost: vec![],
    };
    let numbers = [
        2, 3, 5, 0xc8, 1, 0xc4, 0x13, 0xc0, 0x84, 0x3d, 7, 0x80, 0x80, 4, 2, 0xc8, 1, 4, 0, 1, 0,
    ];
    assert_eq!(report.write(), numbers);
    assert_eq!(FromPage::Bye { swarm: 255 }.write(), [3, 0xff, 1]);

    let settings = Settings {
        instant: 3,
        patience: Duration::from_millis(2500),
        interval: Duration::from_millis(1000),
    };
    let welcome = ToPage::Welcome {
        version: VERSION,
        swarm: 3,
        settings,
    };
    assert_eq!(welcome.write(), [1, 1, 3, 3, 0xc4, 0x13, 0xe8, 7]);
    let grant = ToPage::Grant {
        swarm: 3,
        pieces: vec![5..7, 9..10],
    };
    assert_eq!(grant.write(), [2, 3, 2, 5, 2, 2, 1]);
    let settings = ToPage::Settings { swarm: 3, settings };
    assert_eq!(settings.write(), [3, 3, 3, 0xc4, 0x13, 0xe8, 7]);
}

#[test]
fn ugly_ones() {
    let most = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (bytes, expected) in [
        (&[][..], BadMessage::Truncated),
        (&[3], BadMessage::Truncated),
        (&[3, 0x80], BadMessage::Truncated),
        (&[3, 0x80, 2], BadMessage::Swarm),
        (&[3, 0xff, 0xff, 0xff, 0xff, 0x1f], BadMessage::Number),
        (&[3, 0x80, 0x80, 0x80, 0x80, 0x80, 0], BadMessage::Number),
        // A report with a range of nothing, with too many ranges, and with ranges beyond all numbers.
        (&[2, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0], BadMessage::Range),
        (&[2, 0, 0, 0, 0, 0, 0, 0, 0x81, 8], BadMessage::Ranges),
        (
            &[&[2, 0, 0, 0, 0, 0, 0, 0, 1, 1][..], &most].concat(),
            BadMessage::Range,
        ),
        (
            &[&[2, 0, 0, 0, 0, 0, 0, 0, 2, 0][..], &most, &[1, 1]].concat(),
            BadMessage::Range,
        ),
    ] {
        assert_eq!(FromPage::read(bytes), Err(expected), "{bytes:02x?}");
    }
    for kind in [0, 4, 200] {
        assert_eq!(FromPage::read(&[kind]), Ok(None), "{kind}");
        assert_eq!(ToPage::read(&[kind, 1, 2, 3]), Ok(None), "{kind}");
    }
    // A number may be longer than it needs to be.
    assert_eq!(
        FromPage::read(&[3, 0x87, 0x80, 0x80, 0x80, 0]),
        Ok(Some(FromPage::Bye { swarm: 7 }))
    );
    // More neighbours than anybody has are as many as can be counted.
    let report = FromPage::read(&[2, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 1, 0, 0, 0]);
    assert!(matches!(
        report,
        Ok(Some(FromPage::Report { report, .. })) if report.neighbours == u16::MAX
    ));
}
