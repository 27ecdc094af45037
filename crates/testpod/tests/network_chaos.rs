//! A week of twenty pods with everything that goes wrong: the real use cases on real databases, one clock moved by hand, and wires that
//! lose requests and answers, are cut, and kill whoever sends. Afterwards the network has to be what it would be without all that.
//!
//! `SHOAL_CHAOS_SEED=7 cargo nextest run -p testpod chaos` plays one history again: what happens to whom and when comes from the seed
//! alone. (Keys and tokens are other ones each time, and so is the order in which one pod's parallel requests go out.)

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use app::{network::friends, videos::Edit};
use db::{
    outbox::{Audience, Message},
    users::User,
};
use names::{Friendship, Host, Privacy, VideoId, VideoRef, VideoState, VideoUuid};
use serde_json::json;
use std::collections::HashMap;
use testpod::{Fate, Folder, TestPod, Wires, bare_video, settings};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The world moves in steps of this.
const STEP: i64 = 6 * HOUR;
const PODS: usize = 20;
const LIARS: [usize; 2] = [15, 16];
const DEAD: usize = 17;
const AWAY: usize = 18;
const BACK_FROM_THE_DEAD: usize = 19;

/// SplitMix64.
#[derive(Clone, Copy)]
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.draw() % most
    }
}

fn host(pod: usize) -> Host {
    Host::parse(&format!("pod{pod}.example")).unwrap()
}

fn number(host: &Host) -> u64 {
    let digits = host.as_str().chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().unwrap()
}

/// A pod with its owner, who has all the videos.
struct Member {
    pod: Option<TestPod>,
    owner: User,
    channel: names::ChannelId,
    videos: Vec<VideoUuid>,
}

struct World {
    seed: u64,
    chance: Chance,
    wires: Wires,
    members: Vec<Member>,
    now: i64,
    round: u64,
    count: u64,
    kills: u64,
    /// The newest revision that a pod has ever shown of another's video.
    shown: HashMap<(usize, String), i64>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let wires = Wires::default();
        let mut members = Vec::new();
        for at in 0..PODS {
            let folder = Folder::new();
            let database = format!("sqlite:{}", folder.path().join("shoal.db").display());
            let mut settings = settings(folder.path(), database);
            settings.public_url = format!("https://{}", host(at));
            let pod = TestPod::open_on(settings, folder, &wires).await;
            let owner = db::users::by_login(&pod.pod.db, "root")
                .await
                .unwrap()
                .unwrap();
            let channels = db::channels::of_account(&pod.pod.db, owner.account_id)
                .await
                .unwrap();
            members.push(Member {
                pod: Some(pod),
                owner,
                channel: channels[0].id,
                videos: Vec::new(),
            });
        }
        Self {
            seed,
            chance: Chance(seed),
            wires,
            members,
            now: 0,
            round: 0,
            count: 0,
            kills: 0,
            shown: HashMap::new(),
        }
    }

    fn pod(&self, at: usize) -> &TestPod {
        self.members[at].pod.as_ref().unwrap()
    }

    fn is_up(&self, pod: usize) -> bool {
        match pod {
            DEAD => self.now < DAY,
            AWAY => !(2 * DAY..2 * DAY + 60 * HOUR).contains(&self.now),
            BACK_FROM_THE_DEAD => !(DAY / 2..6 * DAY + DAY / 2).contains(&self.now),
            _ => true,
        }
    }

    fn pass(&mut self, milliseconds: i64) {
        self.pod(0).pass(milliseconds);
        self.now += milliseconds;
        for pod in 0..PODS {
            let host = host(pod);
            if self.is_up(pod) {
                self.wires.mend(host.as_str());
            } else {
                self.wires.cut(host.as_str());
            }
        }
    }

    async fn join(&self, pod: usize, through: &[usize]) {
        let hosts: Vec<String> = through.iter().map(|at| host(*at).into_string()).collect();
        let owner = &self.members[pod].owner;
        friends::make(&self.pod(pod).pod, owner, Some(&hosts))
            .await
            .unwrap();
    }

    /// A video that was transcoded is published.
    async fn publish(&mut self, at: usize) {
        self.count += 1;
        let (pod, uuid) = (self.pod(at).pod.clone(), VideoUuid(uuid::Uuid::new_v4()));
        let member = &mut self.members[at];
        let owner = (member.owner.account_id, member.channel);
        let new = bare_video(uuid, owner, "Still private", Privacy::Private, pod.now());
        let id = db::videos::insert(&pod.db, new).await.unwrap();
        let done = db::videos::VideoChanges {
            state: Some(VideoState::Published),
            ..Default::default()
        };
        db::videos::update(&pod.db, id, &done, pod.now())
            .await
            .unwrap();
        member.videos.push(uuid);
        let edit = Edit {
            name: Some(format!("Number {}", self.count)),
            privacy: Some(1),
            ..Edit::default()
        };
        self.edit(at, uuid, edit).await;
    }

    async fn edit(&self, at: usize, uuid: VideoUuid, edit: Edit) {
        let member = &self.members[at];
        let pod = &self.pod(at).pod;
        app::videos::edit(pod, &member.owner, VideoRef::Uuid(uuid), edit)
            .await
            .unwrap();
    }

    /// Somebody publishes, renames, hides, shows or deletes a video.
    async fn live(&mut self, at: usize) {
        let known = self.members[at].videos.len() as u64;
        let what = self.chance.below(8);
        if known < 3 || what < 2 {
            return self.publish(at).await;
        }
        let which = self.chance.below(known) as usize;
        let uuid = self.members[at].videos[which];
        self.count += 1;
        let edit = match what {
            2 => {
                let member = &mut self.members[at];
                member.videos.remove(which);
                let pod = member.pod.as_ref().unwrap().pod.clone();
                let named = VideoRef::Uuid(uuid);
                return app::videos::delete(&pod, &member.owner, named)
                    .await
                    .unwrap();
            }
            3 => Edit {
                privacy: Some(3),
                ..Edit::default()
            },
            4 => Edit {
                privacy: Some(1),
                ..Edit::default()
            },
            _ => Edit {
                name: Some(format!("Number {}", self.count)),
                ..Edit::default()
            },
        };
        self.edit(at, uuid, edit).await;
    }

    /// A liar speaks of another pod's video to all its friends.
    async fn lie(&mut self, liar: usize) {
        self.count += 1;
        let pod = self.pod(liar).pod.clone();
        let us = format!("https://{}", host(liar));
        let lie = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("{us}/activities/{}", self.count), "type": "Delete",
            "actor": format!("{us}/accounts/peertube"),
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "object": format!("https://{}/videos/watch/{}", host(0), self.members[0].videos[0]),
        });
        let (body, subject) = (lie.to_string(), format!("lie:{}", self.count));
        let mut tx = pod.db.begin().await.unwrap();
        let message = Message {
            subject: &subject,
            verb: "announce",
            body: Some(&body),
            now: pod.now(),
            due: pod.now(),
        };
        db::outbox::enqueue(&mut tx, Audience::Network(&[]), message)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Decides what becomes of each request in this round; the same seed decides the same.
    fn trouble(&mut self) {
        self.round += 1;
        let mark = self.seed.wrapping_mul(1_000_003).wrapping_add(self.round);
        self.wires.decide(move |from, to, request| {
            let path = request.url.len() as u64;
            let mut chance =
                Chance(mark ^ (number(from) << 40) ^ (number(to) << 48) ^ (path << 56));
            chance.draw();
            let slow = [13, 14].contains(&number(to));
            match chance.below(400) {
                0..8 => Fate::Lost,
                8..16 => Fate::Unanswered,
                16..18 => Fate::DiesBefore,
                18..20 => Fate::DiesAfter,
                20..180 if slow => Fate::Unanswered,
                _ => Fate::Arrives,
            }
        });
    }

    /// Everybody sends what is due. Who is killed meanwhile is started again, and goes on in the next round.
    async fn send(&mut self) -> usize {
        let mut sent = 0;
        for at in 0..PODS {
            if !self.is_up(at) {
                continue;
            }
            let pod = self.pod(at).pod.clone();
            let done = tokio::select! {
                done = app::network::sending::drain(&pod, "test") => Some(done.unwrap()),
                () = self.wires.fallen() => None,
            };
            drop(pod);
            match done {
                Some(count) => sent += count,
                None => {
                    self.kills += 1;
                    sent += 1;
                    let killed = self.members[at].pod.take().unwrap();
                    let pod = killed.killed(&self.wires).await;
                    db::hosts::release_at_start(&pod.pod.db, pod.pod.now())
                        .await
                        .unwrap();
                    self.members[at].pod = Some(pod);
                }
            }
            self.pass(5);
        }
        sent
    }

    async fn sweep(&self) {
        for at in (0..PODS).filter(|at| self.is_up(*at)) {
            app::removal::sweep(&self.pod(at).pod).await.unwrap();
        }
    }

    async fn friendship(&self, one: usize, other: usize) -> Friendship {
        let row = db::hosts::by_host(&self.pod(one).pod.db, &host(other))
            .await
            .unwrap();
        row.map_or(Friendship::None, |row| row.friendship)
    }

    /// What a pod has of another one: addresses and revisions.
    async fn index(&self, one: usize, other: usize) -> Vec<(String, i64)> {
        let db = &self.pod(one).pod.db;
        let Some(row) = db::hosts::by_host(db, &host(other)).await.unwrap() else {
            return Vec::new();
        };
        let rows = db::remote_videos::uris_of_host(db, row.id, VideoId(0), 1000)
            .await
            .unwrap();
        let mut index: Vec<_> = rows
            .into_iter()
            .map(|(_, uri, at)| (uri.to_string(), at))
            .collect();
        index.sort();
        index
    }

    /// What a pod shows to everybody.
    async fn listed(&self, at: usize) -> Vec<(String, i64)> {
        let db = &self.pod(at).pod.db;
        let ids = db::videos::listed_here(db, VideoId(0), 1000).await.unwrap();
        let rows = db::videos::hydrate(db, &ids).await.unwrap();
        let address = |uuid: VideoUuid| format!("https://{}/videos/watch/{uuid}", host(at));
        let mut listed: Vec<_> = rows
            .into_iter()
            .map(|row| (address(row.video.uuid), row.video.updated_at))
            .collect();
        listed.sort();
        listed
    }

    /// No pod ever goes back to an older revision of a video.
    async fn look(&mut self) {
        for one in 0..PODS {
            for other in (0..PODS).filter(|other| *other != one) {
                for (uri, at) in self.index(one, other).await {
                    let shown = self.shown.entry((one, uri.clone())).or_insert(at);
                    assert!(
                        *shown <= at,
                        "seed {}: {one} went back with {uri}",
                        self.seed
                    );
                    *shown = at;
                }
            }
        }
    }

    /// A week of steps, each a little of everything.
    async fn run_until(&mut self, end: i64) {
        let mut step = self.now / STEP;
        while self.now < end {
            step += 1;
            let chaos = self.now < 7 * DAY;
            // The network is cut in two for some hours now and then.
            let cut = chaos && self.chance.below(5) == 0;
            let halves: Vec<bool> = (0..PODS).map(|_| self.chance.below(2) == 0).collect();
            let hosts: Vec<Host> = (0..PODS).map(host).collect();
            let pairs = hosts.iter().enumerate().flat_map(|(a, one)| {
                let halves = &halves;
                hosts
                    .iter()
                    .enumerate()
                    .filter(move |(b, _)| cut && a < *b && halves[a] != halves[*b])
                    .map(move |(_, other)| (one, other))
            });
            self.wires.cut_pairs(pairs);
            if chaos {
                for _ in 0..3 {
                    let at = self.chance.below(PODS as u64) as usize;
                    if self.is_up(at) {
                        self.live(at).await;
                        self.pass(7);
                    }
                }
                if self.now > DAY && self.now < 4 * DAY {
                    for liar in LIARS {
                        self.lie(liar).await;
                    }
                }
            } else {
                self.wires.calm();
            }
            for _ in 0..3 {
                self.pass(MINUTE);
                if chaos {
                    self.trouble();
                }
                self.send().await;
            }
            self.sweep().await;
            if step % 4 == 0 {
                self.look().await;
            }
            self.pass(step * STEP - self.now.min(step * STEP));
        }
    }
}

async fn week(seed: u64) {
    let mut world = World::new(seed).await;
    let say = |what: String| format!("seed {seed}: {what}");
    for pod in 0..PODS {
        for _ in 0..2 {
            world.publish(pod).await;
        }
    }
    // More than a page of the whole list holds.
    for _ in 0..35 {
        world.publish(0).await;
    }
    for pod in 1..PODS {
        let entries: Vec<usize> = (0..pod.min(3)).collect();
        world.join(pod, &entries).await;
        world.pass(MINUTE);
    }
    world.pass(MINUTE);
    world.send().await;

    let began = std::time::Instant::now();
    world.run_until(6 * DAY + DAY / 4).await;
    eprintln!(
        "{:?} {} kills {} changes",
        began.elapsed(),
        world.kills,
        world.count
    );
    let honest: Vec<usize> = (0..15).collect();
    let mut missed = 0;
    for one in &honest {
        for liar in LIARS {
            let pair = say(format!("{one} and {liar}"));
            let friendship = world.friendship(*one, liar).await;
            assert_eq!(friendship, Friendship::Expelled, "{pair}");
            assert_eq!(world.index(*one, liar).await, [], "{pair}");
        }
        if world.friendship(*one, BACK_FROM_THE_DEAD).await == Friendship::Expelled {
            missed += 1;
        }
    }
    assert!(
        missed > 0,
        "{}",
        say("nobody has expelled who was away".into())
    );

    world.run_until(8 * DAY + DAY / 4).await;
    for one in &honest {
        let pair = say(format!("{one} and {DEAD}"));
        assert_eq!(
            world.friendship(*one, DEAD).await,
            Friendship::Expelled,
            "{pair}"
        );
        assert_eq!(world.index(*one, DEAD).await, [], "{pair}");
    }
    let healed: Vec<usize> = honest
        .into_iter()
        .chain([AWAY, BACK_FROM_THE_DEAD])
        .collect();
    for other in &healed {
        let listed = world.listed(*other).await;
        for one in healed.iter().filter(|one| *one != other) {
            let pair = say(format!("{one} and {other}"));
            assert_eq!(
                world.friendship(*one, *other).await,
                Friendship::Friend,
                "{pair}"
            );
            assert_eq!(world.index(*one, *other).await, listed, "{pair}");
        }
    }
    world.look().await;
    assert!(
        world.kills > 10,
        "{}",
        say(format!("{} kills", world.kills))
    );
    eprintln!(
        "seed {seed}: {} kills, {} changes",
        world.kills, world.count
    );
}

#[tokio::test]
async fn chaos() {
    let seed = std::env::var("SHOAL_CHAOS_SEED").map_or(1, |seed| seed.parse().unwrap());
    week(seed).await;
}
