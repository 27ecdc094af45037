//! The text form of keys (RFC 7468): base64 between two lines that name what it is. Only the first block with a wanted name is read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::BadKey;

/// The bytes of the first block that has one of the labels.
pub fn read(text: &str, labels: &[&str]) -> Result<Vec<u8>, BadKey> {
    for label in labels {
        let begin = format!("-----BEGIN {label}-----");
        let end = format!("-----END {label}-----");
        let Some((_, rest)) = text.split_once(&begin) else {
            continue;
        };
        let (body, _) = rest.split_once(&end).ok_or(BadKey::Pem)?;
        let body: String = body.split_ascii_whitespace().collect();
        return STANDARD.decode(body).map_err(|_| BadKey::Pem);
    }
    Err(BadKey::Pem)
}

/// One block, in lines of 64 characters.
pub fn write(bytes: &[u8], label: &str) -> String {
    let body = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, letter) in body.char_indices() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
