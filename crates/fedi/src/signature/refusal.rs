//! Why a signature is not believed, each in one sentence that an admin reads in the log.

/// Why a request is not taken for what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no signature.
    #[error("the request is not signed")]
    Unsigned,
    /// A signature header is too long or covers too much.
    #[error("the signature is larger than is read")]
    TooLarge,
    /// The signature header makes no sense.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// A header comes twice, so that it is not clear which was signed.
    #[error("the signed header “{0}” comes twice")]
    Twice(String),
    /// A header that was signed has been lost.
    #[error("the signature covers the header “{0}”, which did not come")]
    Missing(String),
    /// The signature covers something that a request does not have or that we do not know.
    #[error("the signature covers “{0}”, which is not known here")]
    Component(String),
    /// The key is not named by an address.
    #[error("the signature names no key by its address")]
    Key,
    /// The algorithm is unknown or not accepted.
    #[error("the signature's algorithm “{0}” is not accepted")]
    Algorithm(String),
    /// It covers too little.
    #[error("the signature does not cover {0}")]
    Uncovered(&'static str),
    /// The body is not the one that was signed.
    #[error("the body does not have the digest that was signed")]
    Digest,
    /// The digest of the body is malformed or of an unknown kind.
    #[error("the digest of the body is malformed or of a kind that is not known here")]
    DigestKind,
    /// A time in it makes no sense.
    #[error("the signature's date is malformed")]
    Date,
    /// It is too old.
    #[error("the request was signed {0} s ago, which is too long")]
    Stale(i64),
    /// It comes from the future.
    #[error("the request was signed {0} s ahead of our clock")]
    Early(i64),
    /// It says itself that it is too old.
    #[error("the signature has expired")]
    Expired,
    /// The signature was not made with this key over this request.
    #[error("the signature was not made with the key over this request")]
    Signature,
}

/// A text from outside as it may be shown.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
