//! What other pods may try. Each is refused with a reason, costs what it should, and nothing else changes.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod failing;
mod joining;
mod telling;

use fetch::{Answer, Error};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use testpod::{Forged, TestPod, Wires, make_friends, names, network_on_both, talk};

const ONE: &str = "pod1.example";
const UUID: &str = "9c9de5e8-0a1e-484a-b099-e80766180a6d";
const OTHER: &str = "3a35bd1e-5d3a-4a4b-8d0f-0d5b8d1a7d11";

/// What the admin sees of a host; null when it is none of those it has or had to do with.
async fn seen(pod: &TestPod, host: &str) -> Value {
    let list = pod.root().await.get("/api/v1/pods").await.expect(200);
    let list = list.json();
    let mut rows = list["data"].as_array().unwrap().iter();
    rows.find(|row| row["host"] == host)
        .cloned()
        .unwrap_or_default()
}

async fn state(pod: &TestPod, host: &str) -> (Value, Value) {
    let row = seen(pod, host).await;
    (row["state"].clone(), row["score"].clone())
}

fn is(state: &str, score: i64) -> (Value, Value) {
    (json!(state), json!(score))
}

/// A pod and a friend of it that was made by hand.
async fn befriended(pod: &TestPod, wires: &Wires, host: &str) -> Forged {
    let forged = Forged::new(wires, host);
    let answer = forged.present(ONE, &forged.presentation()).await;
    assert_eq!(answer["outcome"], "friend", "{answer}");
    assert_eq!(state(pod, host).await, is("friend", 100));
    forged
}

#[track_caller]
fn refused(answer: &Value, code: &str, words: &str) {
    let message = answer["message"].as_str().unwrap_or_default();
    assert_eq!(
        (&answer["outcome"], &answer["code"]),
        (&json!("refused"), &json!(code)),
        "{answer}"
    );
    assert!(message.contains(words), "{message:?} has no {words:?}");
}

#[track_caller]
fn problem((status, body): (u16, Value), expected: u16, words: &str) {
    let detail = body["detail"].as_str().unwrap_or_default();
    assert!(
        status == expected && detail.contains(words),
        "{status} {body} and not {words:?}"
    );
}
