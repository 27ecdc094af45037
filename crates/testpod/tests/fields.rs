//! Every endpoint with every field of the wrong type, taken from the OpenAPI document itself, so
//! that a new field is in the table by being in the document.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use serde_json::{Map, Value, json};
use testpod::{Client, on_both};

/// Values of every JSON type; those a field's schema allows are left out.
fn wrong_values(schema: &Value) -> Vec<Value> {
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        // A choice (`oneOf`) is covered by stories; everything but an object is tried against a reference.
        _ => vec!["object", "null", "integer", "string"],
    };
    let all = [
        ("string", json!("text")),
        ("integer", json!(1)),
        ("number", json!(1.5)),
        ("boolean", json!(true)),
        ("array", json!([{"deep": [1]}])),
        ("object", json!({"a": {"b": 1}})),
    ];
    all.into_iter()
        .filter(|(kind, _)| !kinds.contains(kind))
        .filter(|(kind, _)| !(*kind == "integer" && kinds.contains(&"number")))
        .map(|(_, value)| value)
        .collect()
}

fn body_schema<'a>(document: &'a Value, operation: &'a Value) -> Option<&'a Map<String, Value>> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    document["components"]["schemas"][name]["properties"].as_object()
}

/// A path with something in place of its variables: what `pick` says.
fn filled(path: &str, pick: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { pick } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

async fn send(client: &Client, method: &str, path: &str, body: Value) -> testpod::Answer {
    let request = axum::http::Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(path)
        .header("content-type", "application/json")
        .header("x-upload-content-length", "10")
        .header("content-range", "bytes 0-9/10")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    client.send(request).await
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_nothing_breaks() {
    on_both(async |pod| {
        let root = pod.root().await;
        let document = root.get("/api/v1/openapi.json").await.expect(200).json();
        let mut tried = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let Some(fields) = body_schema(&document, operation) else {
                    continue;
                };
                for (field, schema) in fields {
                    for wrong in wrong_values(schema) {
                        let answer =
                            send(&root, method, &filled(path, "1"), json!({ field: wrong })).await;
                        let status = answer.status.as_u16();
                        let what = format!(
                            "{method} {path} {field}={wrong}: {status} {}",
                            answer.text()
                        );
                        // A user or video with the number 1 may be missing; what is refused for its type names the field.
                        assert!([400, 401, 403, 404].contains(&status), "{what}");
                        if status == 400 {
                            assert!(answer.json()["detail"].is_string(), "{what}");
                        }
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried > 150, "only {tried} wrong values were tried");
    })
    .await;
}

#[tokio::test]
async fn bodies_that_are_no_json_and_odd_paths_get_clear_errors() {
    on_both(async |pod| {
        let root = pod.root().await;
        let document = root.get("/api/v1/openapi.json").await.expect(200).json();
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys().map(String::as_str) {
                for pick in [
                    "0",
                    "-1",
                    "99999999999999999999",
                    "%00",
                    "..%2f..",
                    "é",
                    "%f0%28%8c%28",
                ] {
                    for body in ["", "{", "null", "[]", "\"text\"", deep.as_str()] {
                        let uri = filled(path, if pick == "é" { "%C3%A9" } else { pick });
                        // What would really be done with root itself is left out.
                        if method == "delete" && path.ends_with("/users/me")
                            || path.contains("revoke")
                        {
                            continue;
                        }
                        let request = axum::http::Request::builder()
                            .method(method.to_uppercase().as_str())
                            .uri(&uri)
                            .header("content-type", "application/json")
                            .body(axum::body::Body::from(body.to_owned()))
                            .unwrap();
                        let answer = root.send(request).await;
                        let short: String = body.chars().take(10).collect();
                        assert!(
                            answer.status.as_u16() < 500,
                            "{method} {uri} {short}: {}",
                            answer.text()
                        );
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn odd_query_parameters_are_refused_by_name() {
    on_both(async |pod| {
        let somebody = pod.anonymous();
        for (query, field) in [
            ("start=-1", "start"),
            ("start=x", "start"),
            ("count=101", "count"),
            ("count=1e3", "count"),
            ("sort=drop", "sort"),
            ("categoryOneOf=x", "categoryOneOf"),
            ("nsfw=maybe", "nsfw"),
            ("startDate=tomorrow", "startDate"),
            ("durationMin=long", "durationMin"),
        ] {
            let refused = somebody
                .get(&format!("/api/v1/videos?{query}"))
                .await
                .expect(400)
                .json();
            assert!(
                refused["invalid-params"][field]["msg"].is_string(),
                "{query}: {refused}"
            );
        }
        for query in [
            "search=%27%22%3B--",
            "search=%2A%2A",
            "search=",
            "search=NOT%20OR%20AND",
            "search=a%00b",
            "tagsOneOf[]=x&tagsOneOf[]=y",
        ] {
            somebody
                .get(&format!("/api/v1/search/videos?{query}"))
                .await
                .expect(200);
        }
        somebody
            .get(&format!("/api/v1/search/videos?search={}", "x".repeat(400)))
            .await
            .expect(400);
        somebody.get("/api/v1/nothing/here").await.expect(404);
        somebody.get("/api/v1/nothing/here/").await.expect(404);
        somebody.get("/api/v1/videos/?count=1").await.expect(200);
        somebody.get("/api/v1/accounts/root/").await.expect(200);
    })
    .await;
}
