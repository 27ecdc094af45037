//! What stories of several pods do again and again.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use crate::TestPod;
use app::{Settings, network::Envelopes, network::sending};
use serde_json::{Value, json};

/// Pods that speak plain ActivityPub with each other.
pub fn plain(settings: &mut Settings) {
    settings.network.envelopes = Envelopes::Unused;
}

/// Lets everybody send what is due, until nobody has anything to say.
pub async fn talk(pods: &[TestPod]) {
    pods[0].pass(2000);
    while send(pods).await > 0 {
        pods[0].pass(1);
    }
}

/// Lets everybody send what is due and do their jobs, until nobody has anything to do; `first` and then `step` milliseconds pass.
pub async fn settle(pods: &[TestPod], first: i64, step: i64) {
    pods[0].pass(first);
    loop {
        let mut done = send(pods).await;
        for pod in pods {
            done += pod.pod.run_jobs().await;
        }
        if done == 0 {
            return;
        }
        pods[0].pass(step);
    }
}

async fn send(pods: &[TestPod]) -> usize {
    let mut sent = 0;
    for pod in pods {
        sent += sending::drain(&pod.pod, "test").await.unwrap();
    }
    sent
}

/// The admin makes friends; what became of each.
pub async fn make_friends(pod: &TestPod, hosts: &[&str]) -> Value {
    let (root, hosts) = (pod.root().await, json!({ "hosts": hosts }));
    let answer = root.post("/api/v1/pods/makefriends", hosts).await;
    answer.expect(200).json()["results"].clone()
}

/// The videos that a visitor finds, sorted as the API sorts them.
pub async fn names(pod: &TestPod, sort: &str) -> Vec<String> {
    let path = format!("/api/v1/videos?sort={sort}");
    let list = pod.anonymous().get(&path).await.expect(200).json();
    let names = list["data"].as_array().unwrap().iter();
    names
        .map(|video| video["name"].as_str().unwrap().to_owned())
        .collect()
}
