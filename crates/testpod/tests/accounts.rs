//! Signing in, users, rights.

use names::Role;
use serde_json::json;
use testpod::{on_both, on_both_with};

#[tokio::test]
async fn a_session_begins_is_prolonged_and_ends() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        let me = alice.get("/api/v1/users/me").await.expect(200).json();
        assert_eq!(me["username"], "alice");
        assert_eq!(me["role"]["label"], "User");
        assert_eq!(me["videoChannels"][0]["name"], "alice_channel");
        assert_eq!(me["account"]["host"], "pod.example:9000");

        let refresh = [
            ("grant_type", "refresh_token"),
            ("refresh_token", alice.refresh_token()),
        ];
        let pair = pod
            .anonymous()
            .token_request(&refresh)
            .await
            .expect(200)
            .json();
        let fresh = alice
            .clone()
            .with_token(pair["access_token"].as_str().unwrap());
        fresh.get("/api/v1/users/me").await.expect(200);
        // A refresh token is good for one time, and its old pair has ended.
        let again = pod
            .anonymous()
            .token_request(&refresh)
            .await
            .expect(400)
            .json();
        assert_eq!(again["code"], "invalid_grant");
        alice.get("/api/v1/users/me").await.expect(401);

        fresh
            .post("/api/v1/users/revoke-token", json!({}))
            .await
            .expect(200);
        fresh.get("/api/v1/users/me").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn tokens_run_out() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        pod.pass(25 * 3600 * 1000);
        let refused = alice.get("/api/v1/users/me").await.expect(401);
        assert_eq!(refused.json()["code"], "invalid_token");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    })
    .await;
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    on_both_with(
        |settings| settings.login_attempts_per_account = 3,
        async |pod| {
            pod.user("alice").await;
            let guess = [
                ("grant_type", "password"),
                ("username", "alice"),
                ("password", "wrong-one"),
            ];
            for n in 0..3 {
                let client = pod.anonymous().at([10, 0, 0, n]);
                assert_eq!(
                    client.token_request(&guess).await.expect(400).json()["code"],
                    "invalid_grant"
                );
            }
            // Other addresses and the right password do not help while the account is closed.
            let right = [
                ("grant_type", "password"),
                ("username", "alice"),
                ("password", "alice-password"),
            ];
            let refused = pod
                .anonymous()
                .at([10, 0, 0, 9])
                .token_request(&right)
                .await
                .expect(429);
            assert_eq!(refused.header("retry-after"), "300");
        },
    )
    .await;
}

#[tokio::test]
async fn wrong_clients_and_grants_are_told_apart() {
    on_both(async |pod| {
        for (body, code) in [
            (
                "client_id=x&client_secret=y&grant_type=password&username=a&password=b",
                "invalid_client",
            ),
            ("grant_type=password", "invalid_request"),
            ("", "invalid_request"),
        ] {
            let request = axum::http::Request::post("/api/v1/users/token")
                .body(axum::body::Body::from(body))
                .unwrap();
            assert_eq!(
                pod.anonymous().send(request).await.expect(400).json()["code"],
                code
            );
        }
        let odd = pod
            .anonymous()
            .token_request(&[("grant_type", "magic")])
            .await
            .expect(400);
        assert_eq!(odd.json()["code"], "unsupported_grant_type");
    })
    .await;
}

#[tokio::test]
async fn admins_look_after_users() {
    on_both(async |pod| {
        let root = pod.root().await;
        let made = root
            .post(
                "/api/v1/users",
                json!({"username": "bob", "password": "bob-password", "email": "bob@people.example", "videoQuota": 1000, "role": 2}),
            )
            .await
            .expect(200)
            .json();
        let path = format!("/api/v1/users/{}", made["user"]["id"]);
        let bob = pod.sign_in("bob", "bob-password").await;

        let list = root.get("/api/v1/users?search=BO&sort=username").await.expect(200).json();
        assert_eq!(list["total"], 1);
        assert_eq!(list["data"][0]["videoQuota"], 1000);

        root.put(&path, json!({"videoQuota": -1, "role": 1})).await.expect(204);
        bob.get("/api/v1/users/me").await.expect(401);
        let bob = pod.sign_in("bob", "bob-password").await;
        assert_eq!(bob.get("/api/v1/users/me").await.json()["role"]["id"], 1);

        root.post(&format!("{path}/block"), json!({"reason": "spam"})).await.expect(204);
        bob.get("/api/v1/users/me").await.expect(401);
        let login = [("grant_type", "password"), ("username", "bob"), ("password", "bob-password")];
        let refused = pod.anonymous().token_request(&login).await.expect(400).json();
        assert_eq!(refused["detail"], "This account is blocked: spam.");
        root.post(&format!("{path}/unblock"), json!({})).await.expect(204);
        pod.sign_in("bob", "bob-password").await;

        root.delete(&path).await.expect(204);
        root.get(&path).await.expect(404);
        pod.run_jobs().await;
        // The name is free again.
        pod.user("bob").await;
    })
    .await;
}

#[tokio::test]
async fn everybody_keeps_to_their_rights() {
    on_both(async |pod| {
        let (root, judge, alice) = (
            pod.root().await,
            pod.user_with_role("judge", Role::Moderator).await,
            pod.user("alice").await,
        );
        let id_of = async |name: &str| {
            let list = root
                .get(&format!("/api/v1/users?search={name}"))
                .await
                .json();
            list["data"][0]["id"].as_i64().unwrap()
        };
        let (root_id, alice_id) = (id_of("root").await, id_of("alice").await);

        alice.get("/api/v1/users").await.expect(403);
        alice.get("/api/v1/jobs/all").await.expect(403);
        judge.get("/api/v1/users").await.expect(200);
        judge.get("/api/v1/jobs/all").await.expect(403);
        root.get("/api/v1/jobs/all").await.expect(200);
        pod.anonymous().get("/api/v1/users").await.expect(401);

        let root_path = format!("/api/v1/users/{root_id}");
        judge
            .put(&root_path, json!({"password": "another"}))
            .await
            .expect(403);
        judge
            .post(&format!("{root_path}/block"), json!({}))
            .await
            .expect(403);
        judge.delete(&root_path).await.expect(403);
        root.delete(&root_path).await.expect(403);
        root.put(&root_path, json!({"role": 2})).await.expect(403);
        judge
            .put(&format!("/api/v1/users/{alice_id}"), json!({"role": 0}))
            .await
            .expect(403);
        judge
            .post(&format!("/api/v1/users/{alice_id}/block"), json!({}))
            .await
            .expect(204);
        let admin = json!({"username": "x", "email": "x@y.z", "password": "123456", "role": 0});
        judge.post("/api/v1/users", admin).await.expect(403);
    })
    .await;
}

#[tokio::test]
async fn registration_is_open_or_closed() {
    let body = json!({"username": "carol", "password": "carol-password", "email": "carol@people.example",
        "channel": {"name": "carols", "displayName": "Carol's"}});
    on_both(async |pod| {
        let somebody = pod.anonymous();
        somebody
            .post("/api/v1/users/register", body.clone())
            .await
            .expect(204);
        let again = somebody
            .post("/api/v1/users/register", body.clone())
            .await
            .expect(409)
            .json();
        assert!(again["detail"].as_str().unwrap().contains("taken"));
        let carol = pod.sign_in("carol@people.example", "carol-password").await;
        assert_eq!(
            carol.get("/api/v1/users/me").await.json()["videoChannels"][0]["displayName"],
            "Carol's"
        );
        for (field, value) in [
            ("username", "Not good"),
            ("password", "short"),
            ("email", "nobody"),
        ] {
            let mut bad = body.clone();
            bad[field] = json!(value);
            let refused = somebody
                .post("/api/v1/users/register", bad)
                .await
                .expect(400)
                .json();
            assert!(
                refused["invalid-params"][field]["msg"].is_string(),
                "{refused}"
            );
        }
    })
    .await;
    on_both_with(
        |settings| settings.sign_up = app::SignUp::Closed,
        async |pod| {
            pod.anonymous()
                .post("/api/v1/users/register", body.clone())
                .await
                .expect(403);
            assert_eq!(
                pod.anonymous().get("/api/v1/config").await.json()["signup"]["allowed"],
                false
            );
        },
    )
    .await;
}

#[tokio::test]
async fn people_change_themselves() {
    on_both(async |pod| {
        let alice = pod.user("alice").await;
        alice
            .put(
                "/api/v1/users/me",
                json!({"displayName": "Alice A.", "p2pEnabled": false, "description": "Hello"}),
            )
            .await
            .expect(204);
        let me = alice.get("/api/v1/users/me").await.json();
        assert_eq!(me["account"]["displayName"], "Alice A.");
        assert_eq!(me["p2pEnabled"], false);
        alice
            .put("/api/v1/users/me", json!({"password": "a new one"}))
            .await
            .expect(401);
        alice
            .put(
                "/api/v1/users/me",
                json!({"password": "a new one", "currentPassword": "alice-password"}),
            )
            .await
            .expect(204);
        pod.sign_in("alice", "a new one").await;
        alice.delete("/api/v1/users/me").await.expect(204);
        alice.get("/api/v1/users/me").await.expect(401);
        pod.anonymous()
            .get("/api/v1/accounts/alice")
            .await
            .expect(404);
        pod.run_jobs().await;
    })
    .await;
}

#[tokio::test]
async fn channels_come_and_go() {
    on_both(async |pod| {
        let (alice, bob) = (pod.user("alice").await, pod.user("bob").await);
        alice
            .post(
                "/api/v1/video-channels",
                json!({"name": "fish", "displayName": "Fish & more"}),
            )
            .await
            .expect(200);
        bob.post(
            "/api/v1/video-channels",
            json!({"name": "FISH", "displayName": "Mine"}),
        )
        .await
        .expect(409);
        bob.put(
            "/api/v1/video-channels/fish",
            json!({"displayName": "Stolen"}),
        )
        .await
        .expect(403);
        alice
            .put(
                "/api/v1/video-channels/fish",
                json!({"description": "About fish", "support": "Feed them"}),
            )
            .await
            .expect(204);
        let fish = pod
            .anonymous()
            .get("/api/v1/video-channels/fish")
            .await
            .expect(200)
            .json();
        assert_eq!(fish["displayName"], "Fish & more");
        assert_eq!(fish["support"], "Feed them");
        assert_eq!(fish["ownerAccount"]["name"], "alice");
        let found = pod
            .anonymous()
            .get("/api/v1/search/video-channels?search=more")
            .await
            .json();
        assert_eq!(found["total"], 1);
        let of_alice = pod
            .anonymous()
            .get("/api/v1/accounts/alice/video-channels")
            .await
            .json();
        assert_eq!(of_alice["total"], 2);
        alice
            .delete("/api/v1/video-channels/fish")
            .await
            .expect(204);
        alice.get("/api/v1/video-channels/fish").await.expect(404);
        alice
            .delete("/api/v1/video-channels/alice_channel")
            .await
            .expect(409);
        pod.run_jobs().await;
    })
    .await;
}
