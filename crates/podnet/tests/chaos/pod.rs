//! A pod of the model: what it keeps in rows ([`Rows`], which survive a kill) and what it has only in memory. Each function that changes
//! rows is one transaction of a real pod. All decisions are the crate's; what is modelled here is a database and a few videos.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use names::Host;
use podnet::envelope::{Header, Nonce, Opened, Replays, WINDOW};
use podnet::group::{Group, GroupId, List, Outcome, Receipt, RefusedItem, Step, Token, Whole};
use podnet::outbox::{Failure, Merge, Told, Verb, fit, merge, pause};
use podnet::score::{Cause, Event, Score, Witness, is_our_own_fault};
use podnet::{PROTOCOL, join};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

/// Videos on a page of the whole list: few, so that lists have many pages.
const PAGE: usize = 5;

/// What is told of a video.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    verb: String,
    origin: usize,
    video: u32,
    revision: u32,
}

#[derive(Debug, Clone)]
struct Row {
    id: u32,
    verb: Verb,
    told: Told,
    origin: usize,
    video: u32,
}

#[derive(Debug, Clone)]
struct Cursor {
    token: Token,
    /// Videos up to here have been told.
    after: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Friend {
    pub score: Score,
    rows: Vec<Row>,
    cursor: Option<Cursor>,
    list: List,
    failures: u32,
    quiet_until: i64,
}

/// What a pod keeps of another one, friend or not.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    pub friend: Option<Friend>,
    pub expelled: Option<Cause>,
    /// To be presented to.
    pub candidate: bool,
    sent: Option<GroupId>,
    heard: Option<GroupId>,
    /// Its videos as we know them: video, revision, under which list it was mentioned. A list and not a map, so that one could be in it
    /// twice.
    index: Vec<(u32, u32, Option<Token>)>,
}

/// All that survives a kill.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub videos: BTreeMap<u32, u32>,
    pub peers: Vec<Peer>,
    count: u32,
    replays: Replays,
}

/// A request that waits for its answer.
pub struct Call {
    pub number: u64,
    pub deadline: i64,
    sent: Option<Sent>,
}

impl Call {
    /// A call that brings nothing but ourselves.
    pub fn presenting() -> Self {
        Self {
            number: 0,
            deadline: 0,
            sent: None,
        }
    }
}

struct Sent {
    group: Group,
    rows: Vec<u32>,
    after: Option<u32>,
}

pub struct Pod {
    pub me: usize,
    pub rows: Rows,
    pub calls: HashMap<usize, Call>,
    pub down_until: i64,
}

/// The host of a pod; parsed once, because it is asked for with each message.
pub fn host(pod: usize) -> Host {
    static HOSTS: OnceLock<Vec<Host>> = OnceLock::new();
    let parse = |pod| Host::parse(&format!("pod{pod}.example")).expect("it is a host");
    HOSTS.get_or_init(|| (0..20).map(parse).collect())[pod].clone()
}

impl Pod {
    pub fn new(me: usize, pods: usize) -> Self {
        let peers = vec![Peer::default(); pods];
        Self {
            me,
            rows: Rows {
                peers,
                ..Rows::default()
            },
            calls: HashMap::new(),
            down_until: 0,
        }
    }

    pub fn index(&self, of: usize) -> Vec<(u32, u32)> {
        let index = &self.rows.peers[of].index;
        let mut index: Vec<(u32, u32)> = index.iter().map(|(v, r, _)| (*v, *r)).collect();
        index.sort_unstable();
        index
    }

    /// Publishes, changes or removes a video, and owes it to every friend.
    pub fn change(&mut self, video: u32, verb: Verb) {
        self.rows.count += 1;
        match verb {
            Verb::Delete => self.rows.videos.remove(&video),
            _ => self.rows.videos.insert(video, self.rows.count),
        };
        for to in 0..self.rows.peers.len() {
            self.owe(to, self.me, video, verb);
        }
    }

    /// Adds to the outbox of one friend. A liar owes what is not its own.
    pub fn owe(&mut self, to: usize, origin: usize, video: u32, verb: Verb) {
        self.rows.count += 1;
        let id = self.rows.count;
        let Some(friend) = &mut self.rows.peers[to].friend else {
            return;
        };
        let told = match friend.cursor {
            Some(_) => Told::Maybe,
            None => Told::Never,
        };
        let waiting = friend
            .rows
            .iter()
            .position(|row| row.video == video && row.origin == origin);
        let (mut new, mut known) = (verb, told);
        if let Some(at) = waiting {
            let row = &friend.rows[at];
            known = if told == Told::Maybe { told } else { row.told };
            match merge(row.verb, known, verb) {
                Merge::Keep => return,
                Merge::Replace(verb) => new = verb,
                Merge::DropBoth => {
                    friend.rows.remove(at);
                    return;
                }
            }
            friend.rows.remove(at);
        }
        friend.rows.push(Row {
            id,
            verb: new,
            told: known,
            origin,
            video,
        });
    }

    pub fn befriend(&mut self, them: usize, now: i64) {
        self.rows.count += 1;
        let token = Token::parse(&format!("{}-{}", self.me, self.rows.count));
        let token = token.expect("it is a token");
        let peer = &mut self.rows.peers[them];
        let score = match peer.expelled.take() {
            Some(_) => Score::second_chance(now),
            None => Score::new(now),
        };
        peer.candidate = false;
        let friend = peer.friend.get_or_insert(Friend {
            score,
            rows: Vec::new(),
            cursor: None,
            list: List::default(),
            failures: 0,
            quiet_until: 0,
        });
        (friend.failures, friend.quiet_until) = (0, 0);
        friend.cursor = Some(Cursor { token, after: None });
    }

    /// The friendship is over: its videos leave the index.
    pub fn part(&mut self, them: usize, cause: Option<Cause>) {
        let peer = &mut self.rows.peers[them];
        peer.friend = None;
        peer.index.clear();
        peer.expelled = cause;
    }

    /// Notes what a friend did. Gives true if that expelled it.
    pub fn note(&mut self, them: usize, event: Event, witness: Witness, now: i64) -> bool {
        let Some(friend) = &mut self.rows.peers[them].friend else {
            return false;
        };
        let change = friend.score.note(event, witness, now);
        let cause = change.and_then(|change| change.expelled);
        if cause.is_some() {
            self.part(them, cause);
        }
        cause.is_some()
    }

    /// Whether there is something for this friend, and it may be called now.
    pub fn is_due(&self, to: usize, now: i64) -> bool {
        let friend = self.rows.peers[to].friend.as_ref();
        let due = |friend: &Friend| {
            friend.quiet_until <= now && (friend.cursor.is_some() || !friend.rows.is_empty())
        };
        friend.is_some_and(due) && !self.calls.contains_key(&to)
    }

    /// Makes the next group for a friend: a page of the whole list, or what is owed. It is committed before it is sent.
    pub fn next_group(&mut self, to: usize, now: i64) -> (Vec<u8>, Call) {
        let (me, videos) = (self.me, &self.rows.videos);
        let item = |verb: Verb, origin: usize, video: u32| {
            let revision = if origin == me {
                videos.get(&video).copied()
            } else {
                Some(u32::MAX)
            };
            let verb = if revision.is_some() {
                verb
            } else {
                Verb::Delete
            };
            let verb = verb.name().to_owned();
            let revision = revision.unwrap_or(0);
            to_raw_value(&Item {
                verb,
                origin,
                video,
                revision,
            })
            .expect("it is JSON")
        };
        let peer = &mut self.rows.peers[to];
        let id = GroupId::after(peer.sent, now);
        peer.sent = Some(id);
        let friend = peer.friend.as_mut().expect("it is due");
        let (mut rows, mut whole, mut after) = (Vec::new(), None, None);
        let items = if let Some(cursor) = &friend.cursor {
            let from = cursor.after.map_or(0, |after| after + 1);
            let page: Vec<u32> = videos
                .range(from..)
                .map(|(video, _)| *video)
                .take(PAGE)
                .collect();
            let last = page.len() < PAGE;
            whole = Some(Whole {
                token: cursor.token.clone(),
                first: cursor.after.is_none(),
                last,
            });
            after = page.last().copied();
            page.iter()
                .map(|video| item(Verb::Create, me, *video))
                .collect()
        } else {
            let items: Vec<_> = friend
                .rows
                .iter()
                .map(|row| item(row.verb, row.origin, row.video))
                .collect();
            let fits = fit(items.iter().map(|item| item.get().len())).expect("they are small");
            for row in &mut friend.rows[..fits] {
                row.told = Told::Maybe;
                rows.push(row.id);
            }
            items.into_iter().take(fits).collect()
        };
        let group = Group { id, whole, items };
        let bytes = group.write().expect("it fits");
        let sent = Some(Sent { group, rows, after });
        (
            bytes,
            Call {
                number: 0,
                deadline: 0,
                sent,
            },
        )
    }

    /// Takes a group from another pod, in one transaction. None: we are no friends.
    pub fn take(
        &mut self,
        from: usize,
        bytes: &[u8],
        nonce: Nonce,
        sent_at: i64,
        now: i64,
    ) -> Option<Receipt> {
        self.rows.peers[from].friend.as_ref()?;
        let header = Header {
            sender: host(from),
            receiver: host(self.me),
            protocol: PROTOCOL,
            nonce,
            sent_at,
        };
        let opened = Opened {
            message: Vec::new(),
            header,
            forget_at: sent_at + WINDOW + 1,
        };
        if now - sent_at > WINDOW || self.rows.replays.admit(&opened, now).is_err() {
            // Refused, and nobody's fault.
            let heard = self.rows.peers[from].heard;
            return Some(Receipt::unapplied(Outcome::Stale, heard));
        }
        self.rows.replays.tidy(now);
        let group = Group::read(bytes).expect("all pods of the model write groups");
        let peer = &mut self.rows.peers[from];
        if group.is_stale(peer.heard) {
            return Some(Receipt::unapplied(Outcome::Stale, peer.heard));
        }
        let friend = peer.friend.as_mut()?;
        (friend.failures, friend.quiet_until) = (0, 0);
        peer.heard = Some(group.id);
        let open = friend.list.open.clone();
        let step = friend.list.step(group.whole.as_ref());
        if step == Step::Restart {
            return Some(Receipt::unapplied(Outcome::Restart, peer.heard));
        }
        let token = group
            .whole
            .as_ref()
            .map(|whole| whole.token.clone())
            .or(open);
        let mut refused = Vec::new();
        for (index, item) in group.items.iter().enumerate() {
            let item: Item = serde_json::from_str(item.get()).expect("it is an item");
            if item.origin != from {
                refused.push(RefusedItem {
                    index,
                    reason: "it is not yours".to_owned(),
                });
                continue;
            }
            peer.apply(&item, token.as_ref());
        }
        if step == Step::ApplyAndSweep {
            peer.index.retain(|(.., mentioned)| *mentioned == token);
        }
        let event = if refused.is_empty() {
            Event::Success
        } else {
            Event::Lie
        };
        self.note(from, event, Witness::Signature, now);
        Some(Receipt::applied(&group, refused))
    }

    /// A receipt, in one transaction: what was taken is not owed any more.
    pub fn settle(&mut self, to: usize, call: Call, receipt: &Receipt, now: i64) {
        self.note(to, Event::Success, Witness::Ourselves, now);
        self.rows.count += 1;
        let fresh = Token::parse(&format!("{}-{}", self.me, self.rows.count));
        let peer = &mut self.rows.peers[to];
        peer.sent = peer.sent.max(Some(receipt.last));
        let (Some(friend), Some(sent)) = (&mut peer.friend, call.sent) else {
            return;
        };
        (friend.failures, friend.quiet_until) = (0, 0);
        match (receipt.outcome, &mut friend.cursor, sent.group.whole) {
            (Outcome::Applied, Some(cursor), Some(whole)) if cursor.token == whole.token => {
                cursor.after = sent.after.or(cursor.after);
                if whole.last {
                    friend.cursor = None;
                }
            }
            (Outcome::Restart, cursor, _) => {
                let token = fresh.expect("it is a token");
                *cursor = Some(Cursor { token, after: None });
            }
            _ => {}
        }
        if receipt.outcome == Outcome::Applied {
            friend.rows.retain(|row| !sent.rows.contains(&row.id));
        }
    }

    /// No answer came.
    pub fn fail(&mut self, to: usize, chance: u32, now: i64) -> bool {
        let friends = self
            .rows
            .peers
            .iter()
            .filter_map(|peer| peer.friend.as_ref());
        let (mut count, mut silent) = (0, 0);
        for friend in friends {
            count += 1;
            silent += usize::from(friend.failures > 0);
        }
        let Some(friend) = &mut self.rows.peers[to].friend else {
            return false;
        };
        friend.failures += 1;
        let wait = i64::try_from(pause(friend.failures, chance).as_millis());
        friend.quiet_until = now + wait.expect("it is a day at most");
        match Failure::TimeOut.event() {
            Some(event) if !is_our_own_fault(silent, count) => {
                self.note(to, event, Witness::Ourselves, now)
            }
            _ => false,
        }
    }

    /// Whom to present ourselves to, by the lists of the entry pods that answered.
    pub fn plan(
        &mut self,
        entries: &[usize],
        lists: &[join::FriendList],
        pod_of: impl Fn(&Host) -> usize,
    ) {
        let entries: Vec<Host> = entries.iter().map(|pod| host(*pod)).collect();
        for candidate in join::plan(&host(self.me), &entries, lists).candidates {
            let peer = &mut self.rows.peers[pod_of(&candidate.host)];
            peer.candidate = peer.friend.is_none() && peer.expelled != Some(Cause::Misbehaviour);
        }
    }
}

impl Peer {
    /// Applies what its owner says of a video. A change of what is not there is lost, as it would be on a plain server.
    fn apply(&mut self, item: &Item, token: Option<&Token>) {
        let known = self
            .index
            .iter()
            .position(|(video, ..)| *video == item.video);
        if let Some(at) = known {
            let later = item.verb == "delete" || item.revision >= self.index[at].1;
            assert!(later, "an old state was put over a new one: {item:?}");
        }
        let entry = (item.video, item.revision, token.cloned());
        match (item.verb.as_str(), known) {
            ("delete", Some(at)) => drop(self.index.remove(at)),
            ("create", None) => self.index.push(entry),
            ("create" | "update", Some(at)) => self.index[at] = entry,
            _ => {}
        }
    }
}
