//! Messages of joining and quitting as they are on the wire, good and bad.

use super::*;
use crate::Capability;

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

const PRESENTATION: &str = r#"{"host":"pod2.example","publicUrl":"https://pod2.example","protocol":1,"oldestProtocol":1,"capabilities":["envelope"],"software":{"name":"shoal","version":"0.5.0"}}"#;

#[test]
fn messages_are_read_as_they_are_written() {
    let presentation = Presentation::read(PRESENTATION.as_bytes()).unwrap();
    assert_eq!(presentation.speaks, Speaks::ours([Capability::Envelope]));
    assert_eq!(
        presentation.actor().unwrap().as_str(),
        "https://pod2.example/accounts/peertube"
    );
    assert_eq!(serde_json::to_string(&presentation).unwrap(), PRESENTATION);

    let welcome = r#"{"outcome":"friend","host":"pod1.example","protocol":1,"oldestProtocol":1,"capabilities":[],"software":{"name":"shoal","version":"0.5.0"}}"#;
    let answer = Answer::read(welcome.as_bytes(), &host("pod1.example")).unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), welcome);
    let Answer::Friend(friend) = answer else {
        panic!("it is a welcome");
    };
    let agreement = friend.agreement(&presentation.speaks).unwrap();
    assert!(agreement.capabilities.is_empty());

    let refused = r#"{"outcome":"refused","code":"upgrade-yours","message":"too old","protocol":9,"oldestProtocol":8,"capabilities":[]}"#;
    let answer = Answer::read(refused.as_bytes(), &host("pod1.example")).unwrap();
    assert_eq!(serde_json::to_string(&answer).unwrap(), refused);

    let farewell = r#"{"host":"pod2.example","reason":"quit","message":"moving"}"#;
    let read = Farewell::read(farewell.as_bytes(), &host("pod2.example")).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), farewell);
}

#[test]
fn what_a_newer_pod_says_is_passed_over() {
    let newer = r#"{"outcome":"refused","code":"mercury-retrograde","protocol":9,"oldestProtocol":8,"stars":[1,2]}"#;
    let Ok(Answer::Refused(refused)) = Answer::read(newer.as_bytes(), &host("a")) else {
        panic!("it is a refusal");
    };
    assert_eq!((refused.code, refused.message.as_str()), (Code::Other, ""));
}

#[test]
fn presentations_that_contradict_themselves() {
    for (from, to) in [
        // Another pod's address.
        ("\"https://pod2.example\"", "\"https://pod3.example\""),
        ("\"https://pod2.example\"", "\"http://pod2.example\""),
        ("\"https://pod2.example\"", "\"https://u@pod2.example\""),
        ("\"https://pod2.example\"", "\"https://pod2.example/?a=\""),
        ("\"https://pod2.example\"", "\"javascript:alert(1)\""),
        ("\"https://pod2.example\"", "[]"),
        ("\"pod2.example\"", "\"pod2 example\""),
        ("\"protocol\":1", "\"protocol\":-1"),
        ("\"protocol\":1", "\"protocol\":1e99"),
        ("[\"envelope\"]", "7"),
        ("{\"host\"", "{\"host\":\"pod2.example\",\"host\""),
    ] {
        let wrong = PRESENTATION.replacen(from, to, 1);
        assert_ne!(wrong, PRESENTATION);
        assert!(Presentation::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
    // Two pods on one machine have no certificates.
    let local = PRESENTATION
        .replace("https://", "http://")
        .replace("pod2.example", "localhost:9002");
    assert!(Presentation::read(local.as_bytes()).is_ok());
}

#[test]
fn nobody_speaks_for_another_pod() {
    let farewell = br#"{"host":"pod2.example","reason":"quit"}"#;
    assert!(Farewell::read(farewell, &host("pod3.example")).is_err());
    let welcome = br#"{"outcome":"friend","host":"pod2.example","protocol":1,"oldestProtocol":1}"#;
    assert!(Answer::read(welcome, &host("pod3.example")).is_err());
    assert!(Answer::read(welcome, &host("pod2.example")).is_ok());
}

#[test]
fn large_and_deep_messages_are_not_parsed() {
    let large = PRESENTATION.replace("shoal", &"s".repeat(MAX_MESSAGE));
    let deep = PRESENTATION.replace("\"shoal\"", &"[".repeat(10_000));
    for (text, expected) in [
        (large, "it has 16543 bytes; the limit is 16384"),
        (deep, "it is nested more than 32 deep"),
    ] {
        let why = Presentation::read(text.as_bytes()).unwrap_err();
        assert_eq!(why.to_string(), expected);
    }
}

#[test]
fn friend_lists_keep_their_junk_for_counting() {
    let page =
        br#"{"total":4,"data":[{"host":"a.example","score":100},{"host":7},"x",{"host":"b\nb"}]}"#;
    assert_eq!(read_friends(page).unwrap(), ["a.example", "", "", "b b"]);
    assert!(read_friends(br#"{"data":{}}"#).is_err());
    let entry = r#"{"host":"same.example"},"#;
    let million = format!("{{\"data\":[{}{{}}]}}", entry.repeat(1_000_000));
    assert!(matches!(
        read_friends(million.as_bytes()),
        Err(Malformed::TooLarge { .. })
    ));
}

#[test]
fn refusals_over_versions_name_the_side() {
    let (us, them) = (host("us.example"), host("them.example"));
    let mut theirs = Speaks::ours([]);
    theirs.protocol.0 = 9;
    theirs.oldest_protocol.0 = 8;
    let why = negotiate(&Speaks::ours([]), &theirs).unwrap_err();
    let refused = Refused::incompatible(why, Speaks::ours([]), &us, &them);
    assert_eq!(refused.code, Code::UpgradeOurs);
    assert!(refused.message.contains("upgrade us.example"));
}
