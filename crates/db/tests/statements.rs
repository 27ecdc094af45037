//! Every fixed statement of this crate is prepared on both engines: a column that was renamed or a
//! word only one engine knows is found without a story that happens to run it.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

use db::{Db, FromRow as _};
use std::path::Path;

/// The columns behind `select!(Row, ...)`, by the row's name.
fn columns(row: &str) -> String {
    match row {
        "User" => db::users::User::columns(),
        "Account" => db::accounts::Account::columns(),
        "Comment" => db::comments::Comment::columns(),
        "Channel" => db::channels::Channel::columns(),
        "Video" => db::videos::Video::columns(),
        "OwnedVideo" => db::videos::OwnedVideo::columns(),
        "Rendition" => db::renditions::Rendition::columns(),
        "Named" => db::renditions::Named::columns(),
        "Shared" => db::renditions::Shared::columns(),
        "Offload" => db::offload::Offload::columns(),
        "Upload" => db::uploads::Upload::columns(),
        "Job" => db::jobs::Job::columns(),
        "Actor" => db::remote_actors::Actor::columns(),
        "Block" => db::blocks::Block::columns(),
        "Follow" => db::follows::Follow::columns(),
        "FollowOfBoth" => db::follows::FollowOfBoth::columns(),
        "HostRow" => db::hosts::HostRow::columns(),
        "OutboxRow" => db::outbox::OutboxRow::columns(),
        "RemoteRow" => db::remote_videos::RemoteRow::columns(),
        "ScoreChange" => db::hosts::ScoreChange::columns(),
        "Waiting" => db::outbox::Waiting::columns(),
        "Traffic" => db::traffic::Traffic::columns(),
        other => panic!("the row {other} is not in the table of this test"),
    }
}

/// The text of a string literal that starts at the beginning of `source`, lines joined.
fn literal(source: &str) -> String {
    let mut text = String::new();
    let mut chars = source.chars().skip_while(|c| *c != '"').skip(1);
    while let Some(c) = chars.next() {
        match c {
            '"' => return text,
            '\\' => match chars.next() {
                Some('\n') => {
                    let rest: String = chars.clone().skip_while(|c| c.is_whitespace()).collect();
                    let skipped = chars.clone().count() - rest.chars().count();
                    chars.by_ref().take(skipped).for_each(drop);
                }
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    panic!("a string literal without an end")
}

/// Whole statements; those that are only the beginning of a built one are ended so that they make sense.
fn statements() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let (mut files, mut found) = (Vec::new(), Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("sql.rs") && !path.ends_with("column.rs") {
                files.push(path);
            }
        }
    }
    for path in files {
        let source = std::fs::read_to_string(&path).unwrap();
        for (place, _) in source.match_indices("sql!(") {
            found.push(literal(&source[place..]));
        }
        for (place, _) in source.match_indices("select!(") {
            let rest = &source[place + "select!(".len()..];
            let row = rest.split(',').next().unwrap().trim();
            found.push(format!("SELECT {} {}", columns(row), literal(rest)));
        }
    }
    found
}

fn ended(statement: &str) -> String {
    let text = statement.trim_end();
    if text.ends_with("min(created_at) FROM outbox WHERE host_id IN") {
        format!("{text} (NULL) GROUP BY host_id")
    } else if text.ends_with(" IN") {
        format!("{text} (NULL)")
    } else if text.ends_with("FROM (SELECT v.id FROM videos v") {
        format!("{text}) page")
    } else if text.ends_with("updated_at =") || text.ends_with("id <") {
        format!("{text} 1")
    } else if text.starts_with("UPDATE")
        && (text.ends_with("LIMIT 1") || text.ends_with("(SELECT h.id FROM hosts h"))
    {
        format!("{text})")
    } else {
        text.to_owned()
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines() {
    let statements = statements();
    assert!(
        statements.len() > 150,
        "only {} statements were found",
        statements.len()
    );
    let folder = std::env::temp_dir().join(format!("shoal-statements-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut addresses = vec![format!("sqlite:{}", folder.join("db").display())];
    let mut made = None;
    if let Ok(server) = std::env::var("SHOAL_TEST_POSTGRES") {
        let name = format!("statements_{}", uuid::Uuid::new_v4().simple());
        Db::administer(&server, db::Administration::Create, &name)
            .await
            .unwrap();
        let base = server.rsplit_once('/').unwrap().0.to_owned();
        addresses.push(format!("{base}/{name}"));
        made = Some((server, name));
    }
    for address in &addresses {
        let db = Db::open(address).await.unwrap();
        for statement in &statements {
            if let Err(error) = db.prepare(ended(statement)).await {
                panic!("{}\n{error:?}", ended(statement));
            }
        }
        db.close().await;
        // Opening again finds nothing to do and harms nothing.
        Db::open(address).await.unwrap().close().await;
    }
    if let Some((server, name)) = made {
        Db::administer(&server, db::Administration::Drop, &name)
            .await
            .unwrap();
    }
    std::fs::remove_dir_all(folder).unwrap();
}
