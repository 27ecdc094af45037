//! How pieces travel: one after the other out of each viewer's uplink, the most urgent first, into the receiver's downlink; and one
//! after the other from the pod to each viewer that asks it.

use crate::events::{Event, MILLI, SECOND, Time, Who};
use crate::viewer::{Fetch, Request, Right, Waiting};
use crate::world::World;

/// What one HTTP client gets from the pod at most (bytes per second).
const ORIGIN: f64 = 2_500_000.0;

impl World<'_> {
    /// Begins to send what waits first at a viewer.
    pub fn send_next(&mut self, who: Who) {
        if self.viewers[who as usize].sending.is_some() {
            return;
        }
        while let Some(waiting) = self.most_urgent(who) {
            let to = &self.viewers[waiting.to as usize];
            let wanted = |request: &Request| request.piece == waiting.piece && request.from == who;
            if !to.here || !to.requests.iter().any(wanted) {
                continue;
            }
            let viewer = &mut self.viewers[who as usize];
            viewer.sending = Some((waiting, self.now));
            let time = self.cut.piece_bytes / viewer.uplink * SECOND as f64;
            self.events.add(self.now + time as Time, Event::Sent(who));
            return;
        }
    }

    /// Takes the request that its viewer needs soonest; viewers tell each other where they play.
    fn most_urgent(&mut self, who: Who) -> Option<Waiting> {
        let need = |waiting: &Waiting| {
            let playhead = self.viewers[waiting.to as usize].playhead;
            waiting.piece.wrapping_sub(playhead)
        };
        let queue = self.viewers[who as usize].queue.iter();
        let (at, _) = queue.enumerate().min_by_key(|(_, waiting)| need(waiting))?;
        self.viewers[who as usize].queue.remove(at)
    }

    pub fn sent(&mut self, who: Who) {
        let Some((Waiting { to, piece }, _)) = self.viewers[who as usize].sending.take() else {
            return;
        };
        self.viewers[who as usize].sent += 1;
        let late = if self.chance.happens(self.scenario.loss) {
            300 * MILLI
        } else {
            0
        };
        let now = self.now;
        let receiver = &mut self.viewers[to as usize];
        let takes = (self.cut.piece_bytes / receiver.downlink * SECOND as f64) as Time;
        receiver.down_free = receiver.down_free.max(now.saturating_sub(takes)) + takes;
        let at = receiver.down_free.max(now) + receiver.round_trip + late;
        self.events.add(
            at,
            Event::Received {
                to,
                from: who,
                piece,
            },
        );
        self.send_next(who);
    }

    pub fn received(&mut self, to: Who, from: Who, piece: u32) {
        let viewer = &mut self.viewers[to as usize];
        let before = viewer.requests.len();
        viewer
            .requests
            .retain(|request| request.piece != piece || request.from != from);
        if viewer.requests.len() < before {
            self.got(to, piece);
        }
    }

    /// Fetches a piece over HTTP.
    pub fn fetch(&mut self, who: Who, piece: u32, right: Right, bytes: f64) {
        let viewer = &mut self.viewers[who as usize];
        viewer.requests.retain(|request| request.piece != piece);
        viewer.pending.insert(piece);
        let fetch = Fetch {
            piece,
            right,
            bytes,
        };
        match right {
            Right::Granted => viewer.http.push_back(fetch),
            Right::Instant | Right::Rescue => {
                // What plays next does not wait behind what was granted.
                let head = usize::from(viewer.fetching.is_some());
                let before = viewer.http.iter().skip(head);
                let before = before.take_while(|it| it.right != Right::Granted).count();
                viewer.http.insert(head + before, fetch);
            }
        }
        match right {
            Right::Granted => self.feed += bytes,
            Right::Instant => self.instant += bytes,
            Right::Rescue => self.rescue += bytes,
        }
        if viewer.fetching.is_none() {
            let first_byte = viewer.round_trip + 20 * MILLI;
            self.fetch_next(who, first_byte);
        }
    }

    fn fetch_next(&mut self, who: Who, wait: Time) {
        let viewer = &mut self.viewers[who as usize];
        let Some(fetch) = viewer.http.front() else {
            return;
        };
        let takes = fetch.bytes / ORIGIN.min(viewer.downlink) * SECOND as f64;
        viewer.fetching = Some(self.now);
        let at = self.now + wait + takes as Time;
        self.events.add(at, Event::Fetched(who));
    }

    pub fn fetched(&mut self, who: Who) {
        let viewer = &mut self.viewers[who as usize];
        viewer.fetching = None;
        let fetch = viewer.http.pop_front();
        self.fetch_next(who, 0);
        if let Some(fetch) = fetch {
            self.got(who, fetch.piece);
        }
    }
}
