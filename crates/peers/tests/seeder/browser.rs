//! A browser as the pod meets it: it offers a connection over the tracker's WebSocket, makes connectivity checks, shakes hands over
//! DTLS, opens a data channel, and then speaks the same bytes as a desktop client. The layers are the pod's own, turned round; the
//! certificate is a fixed one, because nothing is kept secret here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use datachannel::dcep::{self, Control, Effort, Open, Order};
use datachannel::sctp::{self, Association};
use datachannel::sdp::{Description, Setup};
use datachannel::{Fingerprint, stun};
use dimpl::{Dtls, DtlsCertificate, Output};
use futures_util::{SinkExt, StreamExt};
use peers::InfoHash;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::house::ENOUGH;

const CERTIFICATE: &[u8] = include_bytes!("browser.der");
const KEY: &[u8] = include_bytes!("browser.key");

/// The stream of the channel, and how often a browser shows that it is alive.
const STREAM: u16 = 2;
const CHECK: Duration = Duration::from_millis(100);

/// A browser that has announced itself with one offer.
pub struct Browser {
    /// Its connection to the tracker.
    pub tracker: WebSocketStream<MaybeTlsStream<TcpStream>>,
    socket: UdpSocket,
}

impl Browser {
    /// Comes into a swarm under a name of its own.
    pub async fn new(tracker: SocketAddr, infohash: InfoHash, name: u32) -> Self {
        let (mut tracker, _) = connect_async(format!("ws://{tracker}/tracker/socket"))
            .await
            .unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let offer = Description {
            ufrag: "theirs".to_owned(),
            password: "0123456789abcdefghijkl".to_owned(),
            fingerprint: Fingerprint::of(CERTIFICATE),
            setup: Setup::ActPass,
            lite: false,
            mid: Some("0".to_owned()),
            bundle: true,
            sctp_port: 5000,
            max_message_size: 262_144,
            candidates: vec![socket.local_addr().unwrap()],
        };
        let offer = json!({"type": "offer", "sdp": offer.to_string()});
        let announce = json!({
            "action": "announce", "info_hash": infohash, "peer_id": format!("-WW0001-{name:012}"), "left": 1,
            "event": "started", "numwant": 1, "offers": [{"offer_id": "0".repeat(20), "offer": offer}],
        });
        let announce = Message::text(announce.to_string());
        tracker.send(announce).await.unwrap();
        Self { tracker, socket }
    }

    /// What the pod answers to the offer.
    pub async fn answer(&mut self) -> Description {
        loop {
            let heard = tokio::time::timeout(ENOUGH, self.tracker.next()).await;
            let Some(Ok(Message::Text(text))) = heard.unwrap() else {
                continue;
            };
            let heard: Value = serde_json::from_str(&text).unwrap();
            if let Some(sdp) = heard["answer"]["sdp"].as_str() {
                return Description::parse(sdp).unwrap();
            }
        }
    }

    /// Opens the channel, and carries bytes between it and a stream until either side ends. The stream's end is a good-bye; whoever
    /// drops the future goes without one.
    pub async fn carry(mut self, mut stream: DuplexStream) {
        let answer = self.answer().await;
        self.socket.connect(answer.candidates[0]).await.unwrap();
        let mut call = Call::new(answer);
        let (mut datagram, mut bytes) = ([0; 2048], [0; 16 << 10]);
        while !call.over {
            for out in call.says() {
                let _ = self.socket.send(&out).await;
            }
            for message in std::mem::take(&mut call.heard) {
                if stream.write_all(&message).await.is_err() {
                    call.leave();
                }
            }
            let (wait, open) = (call.wait(), call.open);
            tokio::select! {
                arrived = self.socket.recv(&mut datagram) => match arrived {
                    Ok(length) => call.hears(&datagram[..length]),
                    // The pod has closed its port.
                    Err(_) => call.over = true,
                },
                read = stream.read(&mut bytes), if open => match read {
                    Ok(0) | Err(_) => call.leave(),
                    Ok(read) => call.write(dcep::PPID_BINARY, &bytes[..read]),
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
        for out in call.says() {
            let _ = self.socket.send(&out).await;
        }
        let _ = self.tracker.close(None).await;
    }
}

/// A connection to the pod, without its socket.
struct Call {
    answer: Description,
    epoch: Instant,
    checked: Option<Instant>,
    checks: u64,
    dtls: Dtls,
    association: Option<Association>,
    out: Vec<Vec<u8>>,
    heard: Vec<Bytes>,
    open: bool,
    over: bool,
}

impl Call {
    fn new(answer: Description) -> Self {
        let config = dimpl::Config::builder().dtls13_cipher_suites(&[]).build();
        let certificate = DtlsCertificate {
            certificate: CERTIFICATE.to_vec(),
            private_key: KEY.to_vec(),
        };
        let epoch = Instant::now();
        let mut dtls = Dtls::new_12(Arc::new(config.unwrap()), certificate, epoch);
        dtls.set_active(true);
        Self {
            answer,
            epoch,
            checked: None,
            checks: 0,
            dtls,
            association: None,
            out: Vec::new(),
            heard: Vec::new(),
            open: false,
            over: false,
        }
    }

    /// Until when nothing has to be said at the latest.
    fn wait(&self) -> Duration {
        let association = self.association.as_ref().and_then(Association::deadline);
        let wait = association.map(|at| at.saturating_sub(self.epoch.elapsed()));
        wait.map_or(CHECK, |wait| wait.min(CHECK))
    }

    fn check(&mut self) -> Vec<u8> {
        self.checks += 1;
        let mut transaction = [0; 12];
        transaction[..8].copy_from_slice(&self.checks.to_be_bytes());
        let name = format!("{}:theirs", self.answer.ufrag);
        let mut request = stun::Request::new(transaction, Some(&name));
        request.priority = Some(1);
        request.controlling = Some(1);
        request.use_candidate = true;
        request.write(Some(&stun::Key::new(&self.answer.password)))
    }

    fn hears(&mut self, datagram: &[u8]) {
        match datagram.first() {
            Some(0..4) if self.checked.is_none() => self.checked = Some(Instant::now()),
            Some(0..4) | None => return,
            Some(_) => self.over |= self.dtls.handle_packet(datagram).is_err(),
        }
        self.drain();
    }

    fn write(&mut self, ppid: u32, message: &[u8]) {
        if let Some(association) = &mut self.association {
            let message = Bytes::copy_from_slice(message);
            self.over |= association.write(STREAM, ppid, message).is_err();
        }
    }

    fn leave(&mut self) {
        (self.association, self.over) = (None, true);
        let _ = self.dtls.close();
        self.drain();
    }

    /// The datagrams that are due.
    fn says(&mut self) -> Vec<Vec<u8>> {
        if self.checks == 0 || self.checked.is_none_or(|at| at.elapsed() > CHECK) {
            self.checked = self.checked.map(|_| Instant::now());
            let check = self.check();
            self.out.push(check);
        }
        if self.checked.is_some() {
            self.over |= self.dtls.handle_timeout(Instant::now()).is_err();
            self.drain();
        }
        let now = self.epoch.elapsed();
        let mut packet = Vec::new();
        while let Some(association) = &mut self.association {
            if association.deadline().is_some_and(|at| at <= now) {
                association.tick(now);
            }
            packet.clear();
            if !association.poll_packet(now, &mut packet) {
                break;
            }
            self.over |= self.dtls.send_application_data(&packet).is_err();
            self.drain();
        }
        std::mem::take(&mut self.out)
    }

    fn drain(&mut self) {
        let mut buffer = [0; 2048];
        let now = self.epoch.elapsed();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => self.out.push(datagram.to_vec()),
                Output::ApplicationData(packet) => {
                    if let Some(association) = &mut self.association {
                        association.receive(now, packet);
                    }
                }
                Output::PeerCert(der) => assert_eq!(Fingerprint::of(der), self.answer.fingerprint),
                Output::Connected => {
                    let mut dice = || self.epoch.elapsed().subsec_nanos();
                    let config = sctp::Config::default();
                    self.association = Some(Association::connect(now, config, &mut dice));
                }
                Output::CloseNotify => self.over = true,
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        while let Some(event) = self.association.as_mut().and_then(Association::poll_event) {
            match event {
                sctp::Event::Connected => self.write(dcep::PPID, &open()),
                sctp::Event::Message(message) if message.ppid == dcep::PPID => {
                    assert_eq!(Control::parse(&message.payload), Ok(Control::Ack));
                    self.open = true;
                }
                sctp::Event::Message(message) => self.heard.push(message.payload),
                _ => self.over = true,
            }
        }
    }
}

fn open() -> Vec<u8> {
    let open = Open {
        order: Order::Ordered,
        effort: Effort::Reliable,
        priority: 256,
        label: "channel".to_owned(),
        protocol: String::new(),
    };
    Control::Open(open).write()
}
