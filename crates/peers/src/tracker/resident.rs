//! The pod as a member of every swarm, seen from the tracker: whoever seeds for the pod says here how it is found. It is never in the
//! swarm table, so a swarm costs nothing until somebody else is in it. How the pod serves whom it meets is not known here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use bittorrent::tracker::socket::{self, Offer};
use bittorrent::tracker::udp::Family;
use bittorrent::tracker::{Announce, Event};
use bittorrent::{InfoHash, OfferId, PeerId};
use swarm::{ConnId, Limits};

/// What the tracker needs to know of the pod as a member. The functions are called for every announce and must not wait; a function
/// that holds the tracker itself should hold it weakly, or neither will ever be dropped.
pub struct Resident {
    /// The pod's name in all swarms.
    pub peer_id: PeerId,
    /// Whether the pod serves anybody at all, which makes it count as one that has everything.
    pub seeds: Box<dyn Fn() -> bool + Send + Sync>,
    /// Where a client at this address can call the pod, best first.
    pub addresses: Box<dyn Fn(IpAddr) -> Vec<SocketAddr> + Send + Sync>,
    /// Whether a browser's offer would be accepted: the pod takes browsers and is not yet connected with this one in this swarm.
    pub wants: Box<dyn Fn(InfoHash, PeerId) -> bool + Send + Sync>,
    /// Takes an offer, to be answered by [`Tracker::answer`](crate::Tracker::answer), or not at all.
    pub offer: Box<dyn Fn(Offered) + Send + Sync>,
}

/// A browser's offer to the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// In which swarm.
    pub infohash: InfoHash,
    /// Who offers.
    pub peer_id: PeerId,
    /// Which offer.
    pub offer_id: OfferId,
    /// The session description, as the browser made it. It is as long as a stranger likes, within the tracker's limits.
    pub sdp: String,
    /// Where the answer goes.
    pub reply: ConnId,
    /// Where the browser is, as far as the tracker knows.
    pub address: IpAddr,
}

impl Resident {
    /// Takes one of a browser's offers for the pod, if the pod wants one: the last, which is passed on to another least often.
    pub(super) fn pick<'a>(
        &self,
        announce: &mut socket::Announce<'a>,
        limits: &Limits,
    ) -> Option<Offer<'a>> {
        let lacks = announce.left != Some(0)
            && !matches!(announce.event, Event::Stopped | Event::Completed)
            && announce.numwant != Some(0);
        let fits = |offer: &Offer<'_>| offer.sdp.size() <= limits.sdp;
        let wanted = lacks
            && announce.offers.last().is_some_and(fits)
            && (self.wants)(announce.infohash, announce.peer_id);
        announce.offers.pop_if(|_| wanted)
    }

    /// Hands the pod the offer that was taken for it. One that is no text is as good as none.
    pub(super) fn hand(
        &self,
        (conn, address): (ConnId, IpAddr),
        announce: &socket::Announce<'_>,
        offer: Offer<'_>,
    ) {
        if let Some(sdp) = offer.sdp.text() {
            (self.offer)(Offered {
                infohash: announce.infohash,
                peer_id: announce.peer_id,
                offer_id: offer.offer_id,
                sdp,
                reply: conn,
                address,
            });
        }
    }

    /// Puts the pod at the top of a list of peers, unless its reader leaves or wants none.
    pub(super) fn list(
        &self,
        client: IpAddr,
        announce: &Announce,
        family: Option<Family>,
        peers: &mut Vec<SocketAddr>,
    ) {
        if announce.event == Event::Stopped || announce.numwant == Some(0) {
            return;
        }
        let own = (self.addresses)(client);
        let own = own
            .into_iter()
            .filter(|address| family.is_none_or(|family| Family::of(address.ip()) == family));
        peers.splice(0..0, own);
    }
}

impl fmt::Debug for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resident({})", self.peer_id)
    }
}
