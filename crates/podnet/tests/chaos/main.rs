//! A week of twenty pods with everything that goes wrong, in model: the rules of this crate decide, the clock is a number, and kills,
//! cuts, losses, delays and repetitions come from one seed. Afterwards the network has to be what it would be without all that.
//!
//! `SHOAL_CHAOS_SEED=7 cargo nextest run -p podnet chaos` plays one history again.

mod pod;
mod world;

use podnet::score::Cause;
use world::{DAY, HOUR, Nature, World};

/// Who plays. The first three are the entry pods.
fn cast() -> Vec<Nature> {
    let mut cast = vec![Nature::Honest; 13];
    cast.extend([Nature::Slow, Nature::Slow, Nature::Liar, Nature::Liar]);
    cast.push(Nature::Away(DAY, i64::MAX));
    // Over a long weekend, and for so long that all have given it up.
    cast.push(Nature::Away(2 * DAY, 2 * DAY + 60 * HOUR));
    cast.push(Nature::Away(DAY / 2, 6 * DAY + DAY / 2));
    cast
}

const DEAD: usize = 17;
const BACK_FROM_THE_DEAD: usize = 19;

/// The story: a week of chaos, then two days in which nothing new happens.
fn week(seed: u64) {
    let mut world = World::new(seed, &cast(), &[0, 1, 2], 7 * DAY);
    let say = |what: &str| format!("seed {seed}: {what}");

    world.run_until(6 * DAY + DAY / 4);
    let good = |nature: &Nature| matches!(nature, Nature::Honest | Nature::Slow);
    let honest: Vec<usize> = (0..20).filter(|pod| good(&world.natures[*pod])).collect();
    for pod in &honest {
        let expelled = |them: usize| world.pods[*pod].rows.peers[them].expelled;
        for liar in [15, 16] {
            assert_eq!(
                expelled(liar),
                Some(Cause::Misbehaviour),
                "{}",
                say(&format!("{pod} and the liar {liar}"))
            );
        }
        for gone in [DEAD, BACK_FROM_THE_DEAD] {
            assert_eq!(
                expelled(gone),
                Some(Cause::Absence),
                "{}",
                say(&format!("{pod} and the dead pod {gone}"))
            );
            assert_eq!(
                world.pods[*pod].index(gone),
                [],
                "{}",
                say("videos of an expelled pod")
            );
        }
    }

    world.run_until(9 * DAY);
    let healed: Vec<usize> = honest.into_iter().chain([18, BACK_FROM_THE_DEAD]).collect();
    for one in &healed {
        for other in healed.iter().filter(|other| *other != one) {
            let pair = say(&format!("{one} and {other}"));
            let friend = world.pods[*one].rows.peers[*other].friend.as_ref();
            assert!(friend.is_some(), "{pair} are friends");
            // Nobody's silence has used up half of the trust, but that of who really was away.
            let present = good(&world.natures[*other]);
            let points = friend.map(|friend| friend.score.points());
            assert!(!present || points > Some(50), "{pair}: {points:?}");
            let theirs: Vec<(u32, u32)> = world.pods[*other]
                .rows
                .videos
                .iter()
                .map(|(v, r)| (*v, *r))
                .collect();
            assert!(theirs.len() > 3, "{pair}: there is something to lose");
            assert_eq!(
                world.pods[*one].index(*other),
                theirs,
                "{pair}: the index is what there is"
            );
        }
        for liar in [15, 16] {
            let peer = &world.pods[*one].rows.peers[liar];
            // Who came back from the dead has not heard of the liars' lies, but may hear of them no more.
            let met = *one != BACK_FROM_THE_DEAD;
            assert!(
                !met || peer.friend.is_none(),
                "{}",
                say(&format!("{one} is still a friend of the liar {liar}"))
            );
        }
    }
}

#[test]
fn chaos() {
    match std::env::var("SHOAL_CHAOS_SEED") {
        Ok(seed) => week(seed.parse().unwrap()),
        Err(_) => (1..=3).for_each(week),
    }
}
