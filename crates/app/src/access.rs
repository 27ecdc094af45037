//! Who may do what. The table of rights (docs/rights.md) is this function and nothing else.

use crate::{Error, Result};
use db::users::User;
use names::Role;

/// Something not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See, edit and delete other people's videos and channels.
    ManageVideos,
    /// See the list of users.
    SeeUsers,
    /// Create, edit, block and delete users below one's own role.
    ManageUsers,
    /// See jobs and the state of the pod.
    SeeJobs,
    /// Change jobs.
    ManageJobs,
    /// See the pod's swarms and switch their transports.
    ManageSwarms,
    /// Make friends with other pods and part with them.
    ManageNetwork,
}

/// Whether a role has a right.
pub fn has(role: Role, right: Right) -> bool {
    match right {
        Right::ManageVideos | Right::SeeUsers => role <= Role::Moderator,
        Right::ManageUsers => role <= Role::Moderator,
        Right::SeeJobs | Right::ManageJobs | Right::ManageSwarms | Right::ManageNetwork => {
            role == Role::Admin
        }
    }
}

/// Refuses those without the right.
pub fn require(user: &User, right: Right) -> Result<()> {
    if has(user.role, right) {
        return Ok(());
    }
    Err(Error::Forbidden("Your role does not allow this.".into()))
}

/// Refuses to touch a user of one's own role or above; admins may touch everybody but other admins' roles are theirs too.
pub fn require_above(user: &User, other: &User) -> Result<()> {
    require(user, Right::ManageUsers)?;
    if user.role == Role::Admin || user.role < other.role {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Moderators may change ordinary users only.".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_rights() {
        use Right::*;
        let all = [
            ManageVideos,
            SeeUsers,
            ManageUsers,
            SeeJobs,
            ManageJobs,
            ManageSwarms,
            ManageNetwork,
        ];
        let of = |role| all.map(|right| has(role, right));
        assert_eq!(of(Role::Admin), [true; 7]);
        assert_eq!(
            of(Role::Moderator),
            [true, true, true, false, false, false, false]
        );
        assert_eq!(of(Role::User), [false; 7]);
    }
}
