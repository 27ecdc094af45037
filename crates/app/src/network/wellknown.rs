//! How others find what is here: by a handle or an address (webfinger), and as a server among servers (NodeInfo).

use super::{POD_NAME, ours};
use crate::{Error, Pod, Result, SignUp};
use db::{remote_actors, videos::Listed};
use fedi::{
    Link,
    nodeinfo::{NodeInfo, Usage, Version, WellKnown},
    webfinger::{Handle, Jrd, Query},
};
use names::{ActorKind, ActorUri};
use serde_json::{Map, Value};

/// What was counted is good for this long (ms).
const COUNTED: i64 = 60_000;

/// Who is meant by a handle or an address of this pod.
pub async fn webfinger(pod: &Pod, resource: &str) -> Result<Value> {
    let us = pod.own_host()?;
    let query = Query::parse_resource(resource)
        .ok_or_else(|| Error::invalid("resource", "write acct:name@host, or an address"))?;
    let name = match &query {
        Query::Handle(handle) if *handle.host() == us => handle.name().to_owned(),
        Query::Url(uri) if uri.host() == us => name_in(uri.as_str()).to_owned(),
        _ => String::new(),
    };
    let nobody = || Error::NotFound("Nobody of that name was");
    let (actor, page) = find(pod, &name).await?.ok_or_else(nobody)?;
    let name = actor.as_str().rsplit('/').next().unwrap_or_default();
    let handle = Handle::new(name, us).ok_or_else(nobody)?;
    Ok(Jrd::of(&handle, &actor, page.as_ref(), None).to_json())
}

/// The last part of an address; the pod itself where there is none.
fn name_in(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let after = path.split_once("://").map_or(path, |(_, rest)| rest);
    match after.trim_end_matches('/').split_once('/') {
        None => POD_NAME,
        Some((_, path)) => match path.split_once('/') {
            Some(("accounts" | "a" | "video-channels" | "c", name)) => name,
            _ => "",
        },
    }
}

/// The actor of a name, with its page.
async fn find(pod: &Pod, name: &str) -> Result<Option<(ActorUri, Option<Link>)>> {
    let page = |path: String| Link::parse(&format!("{}{path}", pod.settings.public_url)).ok();
    if name.eq_ignore_ascii_case(POD_NAME) {
        return Ok(Some((ours::pod_uri(pod)?, page("/about".into()))));
    }
    let Some(actor) = remote_actors::local_by_name(&pod.db, name).await? else {
        return Ok(None);
    };
    let name = &actor.name;
    Ok(match actor.kind {
        ActorKind::Account => Some((ours::account_uri(pod, name)?, page(format!("/a/{name}")))),
        ActorKind::Channel => Some((ours::channel_uri(pod, name)?, page(format!("/c/{name}")))),
        ActorKind::Application => None,
    })
}

/// Where the NodeInfo documents are.
pub fn node_links(pod: &Pod) -> Result<Value> {
    let documents = [Version::V2_0, Version::V2_1]
        .into_iter()
        .filter_map(|version| {
            let url = format!(
                "{}/nodeinfo/{}.json",
                pod.settings.public_url,
                version.as_str()
            );
            Some((version, Link::parse(&url).ok()?))
        });
    let known = WellKnown {
        documents: documents.collect(),
        actor: Some(ours::pod_uri(pod)?),
    };
    Ok(known.to_json())
}

/// What this pod says of itself as a server, in a version of NodeInfo such as `2.0`.
pub async fn node(pod: &Pod, version: &str) -> Result<Value> {
    let version = Version::parse(version).ok_or(Error::NotFound("That version was"))?;
    let mut metadata = Map::new();
    metadata.insert("nodeName".into(), pod.settings.name.clone().into());
    let about = pod.settings.description.clone();
    metadata.insert("nodeDescription".into(), about.into());
    let node = NodeInfo {
        software: "shoal".into(),
        version: pod.settings.version.into(),
        repository: None,
        homepage: None,
        protocols: vec!["activitypub".into()],
        open_registrations: pod.settings.sign_up == SignUp::Open,
        usage: usage(pod).await?,
        metadata,
    };
    Ok(node.to_json(version))
}

/// Counted at most once a minute: anybody may ask.
async fn usage(pod: &Pod) -> Result<Usage> {
    let mut counted = pod.network.counted.lock().await;
    let now = pod.now();
    if let Some((at, usage)) = *counted
        && now - at < COUNTED
    {
        return Ok(usage);
    }
    let users = db::users::count(&pod.db).await?;
    let videos = db::videos::count_listed(&pod.db, Listed::Here).await?;
    let usage = Usage {
        users: u64::try_from(users).ok(),
        local_posts: u64::try_from(videos).ok(),
        ..Usage::default()
    };
    *counted = Some((now, usage));
    Ok(usage)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_in_addresses() {
        for (address, name) in [
            ("https://pod.example", "peertube"),
            ("https://pod.example/", "peertube"),
            ("https://pod.example/accounts/alice", "alice"),
            ("https://pod.example/c/sea?x=1", "sea"),
            ("https://pod.example/w/abc", ""),
        ] {
            assert_eq!(super::name_in(address), name, "{address}");
        }
    }
}
