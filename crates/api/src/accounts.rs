//! Accounts: the public faces of users.

use crate::{
    Answer,
    extract::Name,
    params::Params,
    videos::query_of,
    views::{Account, Channel, List, Ready, VideoSummary, listed},
};
use app::{Pod, channels::account as find};
use axum::{Json, extract::State};
use db::video_list::Scope;

/// The list of accounts.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "channels",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query)), responses((status = 200, body = List<Account>)))]
pub async fn list(State(pod): State<Pod>, params: Params) -> Answer<Json<List<Account>>> {
    let paging = params.paging()?;
    let (total, found) = db::accounts::list(&pod.db, paging.start, paging.count).await?;
    let data = found.iter().map(|a| Account::new(&pod, a)).collect();
    Ok(Json(List { total, data }))
}

/// One account.
#[utoipa::path(get, path = "/api/v1/accounts/{name}", tag = "channels", params(("name" = String, Path)),
    responses((status = 200, body = Account), (status = 404)))]
pub async fn show(State(pod): State<Pod>, Name(name): Name) -> Answer<Json<Account>> {
    let account = find(&pod, &name).await?;
    Ok(Json(Account::new(&pod, &account)))
}

/// The videos of an account.
#[utoipa::path(get, path = "/api/v1/accounts/{name}/videos", tag = "channels",
    params(("name" = String, Path), ("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query)),
    responses((status = 200, body = List<VideoSummary>), (status = 404)))]
pub async fn videos(State(pod): State<Pod>, Name(name): Name, params: Params) -> Answer<Ready> {
    let account = find(&pod, &name).await?;
    let query = query_of(&params, Scope::ListedOfAccount(account.id))?;
    let page = app::videos::list(&pod, query).await?;
    Ok(listed(&pod, &page))
}

/// The channels of an account.
#[utoipa::path(get, path = "/api/v1/accounts/{name}/video-channels", tag = "channels", params(("name" = String, Path)),
    responses((status = 200, body = List<Channel>), (status = 404)))]
pub async fn channels(State(pod): State<Pod>, Name(name): Name) -> Answer<Json<List<Channel>>> {
    let account = find(&pod, &name).await?;
    let found = db::channels::of_account(&pod.db, account.id).await?;
    let data: Vec<_> = found.iter().map(|c| Channel::new(&pod, c)).collect();
    Ok(Json(List {
        total: data.len() as i64,
        data,
    }))
}
