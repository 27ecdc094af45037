//! The fixed lists videos are filed under, as objects from number or code to label.

use axum::Json;
use names::{CATEGORIES, LANGUAGES, LICENCES, Privacy};
use std::collections::BTreeMap;

type Labels = Json<BTreeMap<String, &'static str>>;

fn labels<K: ToString>(pairs: impl Iterator<Item = (K, &'static str)>) -> Labels {
    Json(pairs.map(|(key, label)| (key.to_string(), label)).collect())
}

/// Categories.
#[utoipa::path(get, path = "/api/v1/videos/categories", tag = "videos", responses((status = 200, body = BTreeMap<String, String>)))]
pub async fn categories() -> Labels {
    labels(CATEGORIES.iter().copied())
}

/// Licences.
#[utoipa::path(get, path = "/api/v1/videos/licences", tag = "videos", responses((status = 200, body = BTreeMap<String, String>)))]
pub async fn licences() -> Labels {
    labels(LICENCES.iter().copied())
}

/// Languages.
#[utoipa::path(get, path = "/api/v1/videos/languages", tag = "videos", responses((status = 200, body = BTreeMap<String, String>)))]
pub async fn languages() -> Labels {
    labels(LANGUAGES.iter().copied())
}

/// Privacies.
#[utoipa::path(get, path = "/api/v1/videos/privacies", tag = "videos", responses((status = 200, body = BTreeMap<String, String>)))]
pub async fn privacies() -> Labels {
    labels(Privacy::ALL.iter().map(|p| (p.id(), p.label())))
}
