//! A pod that hosts one video, and clients of its tracker. The pod's list of videos can change while clients are there.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use peers::{ClientAddress, Config, Film, Hosting, InfoHash, Tracker, router};
use serde_json::{Value, json};
use swarm::conductor::message::{FromPage, ToPage};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt;

/// The video that the pod hosts, and one that it does not.
pub const CLIP: InfoHash = InfoHash([b'c'; 20]);
pub const STRANGER: InfoHash = InfoHash([b's'; 20]);

/// The video to a conductor: two minutes, a piece in each half second.
pub const FILM: Film = Film {
    pieces: 240,
    piece_length: 65_536,
    length: 240 * 65_536 - 5,
    duration: Duration::from_secs(120),
};

/// Long enough for anything that happens, so that a test that waits for nothing fails.
const ENOUGH: Duration = Duration::from_secs(20);

pub struct House {
    pub tracker: Tracker,
    pub videos: Arc<Mutex<HashSet<InfoHash>>>,
    /// How often the pod was asked about an infohash.
    pub questions: Arc<Mutex<usize>>,
}

impl House {
    pub fn new(config: Config) -> Self {
        Self::of(config, Hosting::Tracked)
    }

    /// A pod that conducts the swarm of its video.
    pub fn conducting(config: Config) -> Self {
        Self::of(config, Hosting::Conducted(FILM))
    }

    fn of(config: Config, hosting: Hosting) -> Self {
        let videos = Arc::new(Mutex::new(HashSet::from([CLIP])));
        let questions = Arc::new(Mutex::new(0));
        let (asked, counted) = (videos.clone(), questions.clone());
        let tracker = Tracker::new(config, move |infohash| {
            *counted.lock().unwrap() += 1;
            let hosted = asked.lock().unwrap().contains(&infohash);
            let hosting = if hosted { hosting } else { Hosting::No };
            async move { hosting }
        });
        Self {
            tracker,
            videos,
            questions,
        }
    }

    /// Deletes the video.
    pub fn delete(&self, infohash: InfoHash) {
        self.videos.lock().unwrap().remove(&infohash);
        self.tracker.forget(infohash);
    }

    /// A request of a desktop client: the body, which always comes with status 200.
    pub async fn get(&self, from: &str, path_and_query: &str) -> Vec<u8> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path_and_query.parse().unwrap();
        if let Ok(address) = from.parse::<IpAddr>() {
            request.extensions_mut().insert(ClientAddress(address));
        }
        let response = router::<()>(self.tracker.clone())
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec()
    }

    /// Opens the house to the loopback interface; clients may say in the query where they come from.
    pub async fn open(&self) -> Door {
        async fn whence(mut request: Request, next: Next) -> axum::response::Response {
            let from = request
                .uri()
                .query()
                .and_then(|query| query.strip_prefix("from=")?.parse().ok());
            if let Some(address) = from {
                request.extensions_mut().insert(ClientAddress(address));
            }
            next.run(request).await
        }
        let app = Router::new()
            .merge(router(self.tracker.clone()))
            .layer(from_fn(whence));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Door { address }
    }

    /// Waits until the tracker's books say so.
    pub async fn until(&self, condition: impl Fn(&Tracker) -> bool) {
        let wait = async {
            while !condition(&self.tracker) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(ENOUGH, wait)
            .await
            .expect("the tracker never came to it");
    }
}

pub struct Door {
    pub address: SocketAddr,
}

impl Door {
    pub async fn browser(&self) -> Browser {
        self.browser_from("127.0.0.1").await.expect("a WebSocket")
    }

    /// A browser, or the status with which it was turned away.
    pub async fn browser_from(&self, from: &str) -> Result<Browser, u16> {
        match connect_async(format!("ws://{}/tracker/socket?from={from}", self.address)).await {
            Ok((socket, _)) => Ok(Browser { socket }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }
}

pub struct Browser {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Browser {
    pub async fn say(&mut self, message: &Value) {
        self.say_text(message.to_string()).await;
    }

    pub async fn say_text(&mut self, text: String) {
        self.socket
            .send(Message::text(text))
            .await
            .expect("the tracker listens");
    }

    /// The next message, or why the connection was closed.
    pub async fn hear(&mut self) -> Result<Value, String> {
        loop {
            let message = tokio::time::timeout(ENOUGH, self.socket.next())
                .await
                .expect("a message in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.reason.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => return Err("cut".to_owned()),
            }
        }
    }

    /// Says something to the conductor.
    pub async fn tell(&mut self, message: &FromPage) {
        self.tell_bytes(message.write()).await;
    }

    /// Says something to the tracker and something to the conductor in one breath.
    pub async fn say_and_tell(&mut self, message: &Value, then: &FromPage) {
        let said = self.socket.feed(Message::text(message.to_string())).await;
        said.expect("the tracker listens");
        self.tell(then).await;
    }

    pub async fn tell_bytes(&mut self, bytes: Vec<u8>) {
        let sent = self.socket.send(Message::binary(bytes)).await;
        sent.expect("the tracker listens");
    }

    /// What the conductor says next; other messages on the way are passed over.
    pub async fn told(&mut self) -> ToPage {
        loop {
            let message = tokio::time::timeout(ENOUGH, self.socket.next()).await;
            match message.expect("a message in time") {
                Some(Ok(Message::Binary(bytes))) => return ToPage::read(&bytes).unwrap().unwrap(),
                Some(Ok(_)) => {}
                end => panic!("{end:?}"),
            }
        }
    }

    /// The reason of a refusal, which must come next.
    pub async fn refusal(&mut self) -> String {
        let heard = self.hear().await.expect("a refusal, not an end");
        heard["failure reason"]
            .as_str()
            .unwrap_or_else(|| panic!("not a refusal: {heard}"))
            .to_owned()
    }
}

pub fn announce(infohash: InfoHash, peer: char, left: u64, offers: usize) -> Value {
    let offer = |n| json!({"offer_id": format!("{n:020}"), "offer": {"type": "offer", "sdp": format!("of {peer}")}});
    json!({
        "action": "announce", "info_hash": infohash, "peer_id": peer.to_string().repeat(20), "uploaded": 0, "downloaded": 0,
        "left": left, "event": "started", "numwant": 5, "offers": (0..offers).map(offer).collect::<Vec<_>>(),
    })
}

pub fn answer(infohash: InfoHash, peer: char, to: char) -> Value {
    json!({
        "action": "announce", "info_hash": infohash, "peer_id": peer.to_string().repeat(20),
        "to_peer_id": to.to_string().repeat(20), "offer_id": format!("{:020}", 0),
        "answer": {"type": "answer", "sdp": format!("yes from {peer}")},
    })
}
