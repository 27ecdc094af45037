//! Users, for admins and moderators; and registration.

use crate::{
    Answer,
    extract::{Body, Number, SignedIn},
    params::Params,
    views::{AdminUser, List, NewUser},
};
use app::{
    Error, Pod,
    users::{self, Draft, Edit},
};
use axum::{Json, extract::State, http::StatusCode};
use db::users::{UserQuery, UserSort};
use names::{Quota, Role, UserId};
use serde::Deserialize;

/// A channel's name and title, when a user is made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FirstChannel {
    pub name: String,
    pub display_name: String,
}

/// Registers a user.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterUser {
    pub username: String,
    pub password: String,
    pub email: String,
    pub display_name: Option<String>,
    pub channel: Option<FirstChannel>,
}

/// Registers whoever asks, where the pod is open.
#[utoipa::path(post, path = "/api/v1/users/register", tag = "users", request_body = RegisterUser,
    responses((status = 204), (status = 400), (status = 403, description = "registration is closed"), (status = 409)))]
pub async fn register(
    State(pod): State<Pod>,
    Body(body): Body<RegisterUser>,
) -> Answer<StatusCode> {
    let (channel_name, channel_display_name) =
        body.channel.map(|c| (c.name, c.display_name)).unzip();
    let draft = Draft {
        username: body.username,
        email: body.email,
        password: Some(body.password),
        display_name: body.display_name,
        channel_name,
        channel_display_name,
        role: Role::User,
        quota: None,
        quota_daily: None,
    };
    if draft.password.as_ref().is_some_and(String::is_empty) {
        return Err(Error::invalid("password", "a password has 6 to 255 characters").into());
    }
    users::register(&pod, draft).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The list of users.
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    params(("start" = Option<i64>, Query), ("count" = Option<i64>, Query), ("sort" = Option<String>, Query, description = "`createdAt`, `username`, with `-` descending"),
        ("search" = Option<String>, Query), ("blocked" = Option<bool>, Query)),
    responses((status = 200, body = List<AdminUser>), (status = 401), (status = 403)))]
pub async fn list(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    params: Params,
) -> Answer<Json<List<AdminUser>>> {
    let paging = params.paging()?;
    let query = UserQuery {
        search: params.text("search").map(str::to_owned),
        blocked: params.bool("blocked")?,
        sort: match params.text("sort") {
            None | Some("-createdAt" | "-id") => UserSort::Newest,
            Some("createdAt" | "id") => UserSort::Oldest,
            Some("username") => UserSort::Name,
            Some("-username") => UserSort::NameDown,
            Some(_) => {
                return Err(
                    Error::invalid("sort", "createdAt or username, with - descending").into(),
                );
            }
        },
        start: paging.start,
        count: paging.count,
    };
    let (total, found) = users::list(&pod, &admin, &query).await?;
    let mut data = Vec::with_capacity(found.len());
    for user in found {
        data.push(admin_view(&pod, &user).await?);
    }
    Ok(Json(List { total, data }))
}

async fn admin_view(pod: &Pod, user: &db::users::User) -> Answer<AdminUser> {
    let account = db::accounts::by_id(&pod.db, user.account_id)
        .await?
        .ok_or(Error::NotFound("The account was"))?;
    let (used, daily) = users::used(pod, user.id).await?;
    Ok(AdminUser::new(pod, user, &account, used, daily))
}

/// Makes a user.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddUser {
    pub username: String,
    pub password: Option<String>,
    pub email: String,
    pub channel_name: Option<String>,
    /// Bytes; -1 is no limit.
    pub video_quota: Option<i64>,
    pub video_quota_daily: Option<i64>,
    /// 0 admin, 1 moderator, 2 user.
    pub role: Option<i64>,
}

fn quota(field: &str, number: Option<i64>) -> Answer<Option<Quota>> {
    Ok(number
        .map(|n| Quota::from_number(n).map_err(|e| Error::invalid(field, e)))
        .transpose()?)
}

fn role(number: Option<i64>) -> Answer<Option<Role>> {
    Ok(number
        .map(|n| Role::from_id(n).map_err(|e| Error::invalid("role", e)))
        .transpose()?)
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = AddUser,
    responses((status = 200, body = NewUser), (status = 400), (status = 403), (status = 409)))]
pub async fn create(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Body(body): Body<AddUser>,
) -> Answer<Json<NewUser>> {
    let draft = Draft {
        username: body.username,
        email: body.email,
        password: body.password,
        display_name: None,
        channel_name: body.channel_name,
        channel_display_name: None,
        role: role(body.role)?.unwrap_or(Role::User),
        quota: quota("videoQuota", body.video_quota)?,
        quota_daily: quota("videoQuotaDaily", body.video_quota_daily)?,
    };
    let id = users::create(&pod, &admin, draft).await?;
    let user = users::show(&pod, &admin, id).await?;
    Ok(Json(NewUser::new(&user)))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = AdminUser), (status = 403), (status = 404)))]
pub async fn show(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Number(id): Number,
) -> Answer<Json<AdminUser>> {
    let user = users::show(&pod, &admin, UserId(id)).await?;
    Ok(Json(admin_view(&pod, &user).await?))
}

/// What is changed on a user.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    pub email: Option<String>,
    pub password: Option<String>,
    pub video_quota: Option<i64>,
    pub video_quota_daily: Option<i64>,
    pub role: Option<i64>,
}

/// Changes a user.
#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = UpdateUser,
    responses((status = 204), (status = 400), (status = 403), (status = 404)))]
pub async fn update(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Number(id): Number,
    Body(body): Body<UpdateUser>,
) -> Answer<StatusCode> {
    let edit = Edit {
        email: body.email,
        password: body.password,
        role: role(body.role)?,
        quota: quota("videoQuota", body.video_quota)?,
        quota_daily: quota("videoQuotaDaily", body.video_quota_daily)?,
    };
    users::edit(&pod, &admin, UserId(id), edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a user with everything that is theirs.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
pub async fn delete(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Number(id): Number,
) -> Answer<StatusCode> {
    users::delete(&pod, &admin, UserId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a user is blocked.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct BlockUser {
    pub reason: Option<String>,
}

/// Blocks a user.
#[utoipa::path(post, path = "/api/v1/users/{id}/block", tag = "users", params(("id" = i64, Path)), request_body = BlockUser,
    responses((status = 204), (status = 403), (status = 404)))]
pub async fn block(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Number(id): Number,
    Body(body): Body<BlockUser>,
) -> Answer<StatusCode> {
    users::block(&pod, &admin, UserId(id), body.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a blocked user in again.
#[utoipa::path(post, path = "/api/v1/users/{id}/unblock", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
pub async fn unblock(
    State(pod): State<Pod>,
    SignedIn(admin): SignedIn,
    Number(id): Number,
) -> Answer<StatusCode> {
    users::unblock(&pod, &admin, UserId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
