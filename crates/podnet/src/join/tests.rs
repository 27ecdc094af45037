//! The rule of more than half, and what hostile entry pods make of it.

use super::*;

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn list(owner: &str, hosts: &[&str]) -> FriendList {
    FriendList {
        owner: host(owner),
        hosts: hosts.iter().map(|&text| text.to_owned()).collect(),
    }
}

/// The plan for `us.example` with the entry pods `e1`, `e2`, `e3` and these lists, as text.
fn planned(entries: &[&str], lists: &[FriendList]) -> String {
    let entries: Vec<Host> = entries.iter().map(|text| host(text)).collect();
    let plan = plan(&host("us.example"), &entries, lists);
    let candidates = plan.candidates.iter().map(|candidate| {
        let Candidate { host, reason } = candidate;
        format!("{host}: {reason}")
    });
    let junk = plan.junk.iter().map(Junk::to_string);
    candidates.chain(junk).collect::<Vec<_>>().join("\n")
}

#[test]
fn more_than_half_of_the_lists_that_came() {
    for (entries, lists, expected) in [
        (&["e1"][..], vec![], "e1: entry pod"),
        (
            &["e1"],
            vec![list("e1", &["a", "b"])],
            "e1: entry pod\na: on 1 of 1 list\nb: on 1 of 1 list",
        ),
        // Half is not more than half.
        (
            &["e1", "e2"],
            vec![list("e1", &["a", "b"]), list("e2", &["b", "c"])],
            "e1: entry pod\ne2: entry pod\nb: on 2 of 2 lists",
        ),
        // The third did not answer, so two lists are all there are.
        (
            &["e1", "e2", "e3"],
            vec![list("e1", &["a", "e3"]), list("e2", &["a"])],
            "e1: entry pod\ne2: entry pod\ne3: entry pod\na: on 2 of 2 lists",
        ),
        // An entry pod counts once, whatever it says of itself and of us, and however often it is asked; others do not count at all.
        (
            &["e1", "e2", "e1", "us.example"],
            vec![
                list("e1", &["e1", "us.example", "US.example:443"]),
                list("e1", &["a"]),
                list("e2", &["https://B/about"]),
                list("x", &["a"]),
            ],
            "e1: entry pod\ne2: entry pod\nthe friend list of e1 has 1 entries twice",
        ),
        (
            &["e1"],
            vec![list(
                "e1",
                &["", "a b", "a", "a", "localhost:9001", "[::1]"],
            )],
            "e1: entry pod\na: on 1 of 1 list\nthe friend list of e1 has 2 entries that are no hosts\n\
             the friend list of e1 has 1 entries twice\nthe friend list of e1 has 2 addresses of the reader's own machine",
        ),
    ] {
        assert_eq!(planned(entries, &lists), expected);
    }
}

#[test]
fn a_demo_on_one_machine_finds_its_pods() {
    let lists = [list(
        "localhost:9002",
        &["localhost:9003", "localhost:9001"],
    )];
    let plan = plan(&host("localhost:9001"), &[host("localhost:9002")], &lists);
    let hosts: Vec<&str> = plan.candidates.iter().map(|c| c.host.as_str()).collect();
    assert_eq!(hosts, ["localhost:9002", "localhost:9003"]);
    assert_eq!(plan.junk, []);
}

#[test]
fn one_hostile_entry_pod_of_three_neither_adds_nor_hides() {
    let honest = ["a", "b", "c"];
    let entries = ["e1", "e2", "e3"];
    let lists = [
        list("e1", &honest),
        list("e2", &honest),
        list("e3", &["sybil1", "sybil2"]),
    ];
    let planned = planned(&entries, &lists);
    assert!(
        honest
            .iter()
            .all(|host| planned.contains(&format!("{host}: on 2 of 3 lists")))
    );
    assert!(!planned.contains("sybil"));
}

#[test]
fn a_hostile_majority_adds_its_own_and_hides_others_but_not_the_honest_entry_pod() {
    let sybils: Vec<String> = (0..20_000).map(|n| format!("sybil{n}.example")).collect();
    let hostile = |owner: &str| FriendList {
        owner: host(owner),
        hosts: sybils.clone(),
    };
    let lists = [hostile("e1"), hostile("e2"), list("e3", &["a"])];
    let entries = ["e1", "e2", "e3"].map(host);
    let plan = plan(&host("us.example"), &entries, &lists);
    assert_eq!(plan.candidates.len(), MAX_CANDIDATES);
    assert_eq!(plan.candidates[2].host, host("e3"));
    assert!(plan.candidates.iter().all(|c| c.host != host("a")));
    // And it is told of the two that their lists are too long.
    let long = plan.junk.iter().filter(|junk| junk.fault == Fault::TooLong);
    assert_eq!(long.map(|junk| junk.count).collect::<Vec<_>>(), [10_000; 2]);
}

#[test]
fn a_million_entries_cost_a_bounded_plan() {
    let list = FriendList {
        owner: host("e1"),
        hosts: vec!["same.example".to_owned(); 1_000_000],
    };
    let plan = plan(&host("us.example"), &[host("e1")], &[list]);
    assert_eq!(plan.candidates.len(), 2);
    assert_eq!(plan.junk.len(), 2);
}

proptest::proptest! {
    #[test]
    fn nobody_is_planned_twice_and_never_ourselves(lists in proptest::collection::vec(proptest::collection::vec("[a-f]|us.example|\\PC", 0..8), 0..4)) {
        let lists: Vec<FriendList> = lists.into_iter().enumerate().map(|(n, hosts)| FriendList { owner: host(&format!("e{n}")), hosts }).collect();
        let entries: Vec<Host> = lists.iter().map(|list| list.owner.clone()).collect();
        let plan = plan(&host("us.example"), &entries, &lists);
        let hosts: BTreeSet<&Host> = plan.candidates.iter().map(|c| &c.host).collect();
        proptest::prop_assert_eq!(hosts.len(), plan.candidates.len());
        proptest::prop_assert!(!hosts.contains(&host("us.example")));
    }
}
