//! Connectivity checks, by which peers prove their addresses (RFC 8445 as a lite agent), and the questions of strangers for theirs.

use std::time::Duration;

use super::session::Session;
use super::{Endpoint, Path, text};
use crate::dtls::Secure;
use crate::stun;

/// A peer has so many addresses at most: one for each way from its networks to the pod's.
pub(super) const MOST_ADDRESSES: usize = 4;
/// Answers to checks that wait for the socket; if it is stuck, more of them are dropped.
const MOST_REPLIES: usize = 4096;
/// A peer that was heard so shortly ago keeps its address; browsers check every few seconds.
const SETTLED: Duration = Duration::from_secs(8);

impl Endpoint {
    /// A binding request: a peer's check, or somebody who asks for its own address.
    pub(super) fn receive_check(&mut self, now: Duration, path: Path, datagram: &[u8]) {
        let Ok(request) = stun::Request::parse(datagram) else {
            return;
        };
        let Some(username) = request.username else {
            if let Some(answer) = stun::answer(datagram, path.remote) {
                self.reply(path, answer);
            }
            return;
        };
        let name = username
            .split(':')
            .next()
            .and_then(|name| name.as_bytes().try_into().ok());
        let slot = name.and_then(|name: &[u8; 8]| self.names.get(name).copied());
        let Some((slot, (_, peer))) = slot.and_then(|slot| Some((slot, self.peers.at(slot)?)))
        else {
            return;
        };
        let key = stun::Key::new(text(&peer.password));
        if !request.verify(&key) {
            let reply = stun::refuse(&request, 401, None);
            self.reply(path, reply);
        } else if request.unknown.is_some() {
            self.reply(path, stun::refuse(&request, 420, Some(&key)));
        } else if self.prove(now, slot, path, request.use_candidate) {
            self.reply(path, stun::respond(&request, path.remote, Some(&key)));
        }
    }

    pub(super) fn reply(&mut self, path: Path, reply: Vec<u8>) {
        if self.replies.len() < MOST_REPLIES {
            self.replies.push_back((path, reply));
        }
    }

    /// A peer has proved that it is at this address. False when somebody else is, who was there just now: the source of a datagram
    /// can be forged, and a peer must not be able to take another's place.
    fn prove(&mut self, now: Duration, slot: u32, path: Path, nominated: bool) -> bool {
        let before = self.addresses.get(&path.remote).copied();
        if let Some(before) = before.filter(|before| *before != slot)
            && let Some((_, other)) = self.peers.at(before)
        {
            if now < other.heard + SETTLED {
                return false;
            }
            other.addresses.retain(|address| *address != path.remote);
            other.selected = other.selected.filter(|used| used.remote != path.remote);
        }
        let Some((_, peer)) = self.peers.at(slot) else {
            return false;
        };
        peer.heard = now;
        if nominated || peer.selected.is_none() {
            peer.selected = Some(path);
        }
        if before != Some(slot) {
            self.addresses.insert(path.remote, slot);
            peer.addresses.push(path.remote);
            if peer.addresses.len() > MOST_ADDRESSES {
                let used = peer.selected.map(|used| used.remote);
                let spare = peer.addresses.iter().position(|it| used != Some(*it));
                let spare = peer.addresses.remove(spare.unwrap_or(0));
                self.addresses.remove(&spare);
            }
        }
        if peer.session.is_none() {
            let secure = Secure::server(&self.terms, peer.promise.fingerprint, now);
            peer.session = Some(Box::new(Session::new(secure, peer.promise)));
        }
        true
    }
}
