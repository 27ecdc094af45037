//! What can go wrong, seen from the client: each variant is something the client can act on,
//! except `Internal`, which is logged and never shown.

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the client may not know of it.
    #[error("{0} not found.")]
    NotFound(&'static str),
    /// A valid token is needed.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Signed in, but not allowed.
    #[error("{0}")]
    Forbidden(String),
    /// Another pod speaks as a friend and is none; the code is the pod network's.
    #[error("{reason}")]
    Stranger { code: &'static str, reason: String },
    /// A field is not what it must be.
    #[error("{field}: {reason}")]
    Invalid { field: String, reason: String },
    /// It clashes with what is there.
    #[error("{reason}")]
    Conflict { field: &'static str, reason: String },
    /// The body of the request did not come in time.
    #[error("{0}")]
    TooSlow(&'static str),
    /// Larger than the user or the pod allows.
    #[error("{0}")]
    TooLarge(String),
    /// Received, but not a video that can be published.
    #[error("{0}")]
    Unprocessable(String),
    /// A wrong password, a used-up refresh token; the code is OAuth2's.
    #[error("{reason}")]
    Grant { code: &'static str, reason: String },
    /// Too often; again after so many seconds.
    #[error("{reason}")]
    TooMany { seconds: i64, reason: String },
    /// The disk is full, or the pod is too busy: nothing was lost, try again later.
    #[error("{0}")]
    Unavailable(String),
    /// Our fault.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl Error {
    /// A field that is not what it must be.
    pub fn invalid(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.to_string(),
        }
    }

    /// The answer when the disk is full.
    pub fn no_space() -> Self {
        Self::Unavailable(
            "The pod's disk is full. What has arrived is kept; try again later.".into(),
        )
    }
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::NotFound => Self::NotFound("It was"),
            db::Error::NoSpace(_) => Self::no_space(),
            other => Self::Internal(other.into()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if files::is_disk_full(&error) {
            return Self::no_space();
        }
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(error.into())
    }
}

/// Names the field in which a value was refused.
pub(crate) trait InField<T> {
    fn field(self, name: &str) -> Result<T>;
}

impl<T> InField<T> for std::result::Result<T, names::Invalid> {
    fn field(self, name: &str) -> Result<T> {
        self.map_err(|e| Error::invalid(name, e))
    }
}
