//! The two walks over bencoded bytes. [`well_formed`] checks everything once, with a fixed stack of frames instead of recursion,
//! so that depth is bounded and no input can exhaust the thread's stack. The `split` functions then cut checked bytes apart
//! without checking again; on unchecked bytes they would merely answer `None`.

use super::{Error, MAX_DEPTH, Problem};

/// What is expected of the keys of a dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Each is greater than the one before it.
    Sorted,
    /// Nothing.
    Any,
}

/// What the walk is inside of.
#[derive(Clone, Copy)]
enum Frame<'a> {
    List,
    /// A dictionary with the last key seen.
    Dict(Option<&'a [u8]>),
}

/// Checks that the text starts with a value, canonical up to the order of keys, and returns its length.
pub(super) fn well_formed(text: &[u8], keys: Keys) -> Result<usize, Error> {
    let mut frames = [Frame::List; MAX_DEPTH];
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let fail = |problem| Error { problem, at };
        let first = *text.get(at).ok_or(fail(Problem::Truncated))?;
        let inside = depth.checked_sub(1).and_then(|top| frames.get_mut(top));
        if first == b'e' && inside.is_some() {
            depth -= 1;
            at += 1;
        } else {
            if let Some(Frame::Dict(last)) = inside {
                let (key, length) = byte_string(&text[at..]).map_err(fail)?;
                if keys == Keys::Sorted && last.is_some_and(|last| last >= key) {
                    return Err(fail(Problem::KeyOrder));
                }
                *last = Some(key);
                at += length;
            }
            let fail = |problem| Error { problem, at };
            match text.get(at).ok_or(fail(Problem::Truncated))? {
                b'i' => at += integer(&text[at..]).map_err(fail)?,
                b'0'..=b'9' => at += byte_string(&text[at..]).map_err(fail)?.1,
                open @ (b'l' | b'd') => {
                    let frame = if *open == b'l' {
                        Frame::List
                    } else {
                        Frame::Dict(None)
                    };
                    *frames.get_mut(depth).ok_or(fail(Problem::Depth))? = frame;
                    depth += 1;
                    at += 1;
                }
                _ => return Err(fail(Problem::Unexpected)),
            }
        }
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// Checks "i42e" at the start of the text and returns its length.
fn integer(text: &[u8]) -> Result<usize, Problem> {
    // The longest number has 20 characters; looking further would make a long run of digits expensive.
    let window = &text[1..text.len().min(23)];
    let length = match window.iter().position(|byte| *byte == b'e') {
        Some(length) => length,
        None if window.len() < 22 => return Err(Problem::Truncated),
        None => return Err(Problem::Number),
    };
    read_integer(&window[..length]).ok_or(Problem::Number)?;
    Ok(length + 2)
}

/// Checks "4:spam" at the start of the text and returns the bytes and the length of the whole.
fn byte_string(text: &[u8]) -> Result<(&[u8], usize), Problem> {
    let window = &text[..text.len().min(12)];
    let colon = match window.iter().position(|byte| !byte.is_ascii_digit()) {
        Some(at) if at > 0 && window[at] == b':' => at,
        Some(_) => return Err(Problem::Unexpected),
        None if window.len() < 12 => return Err(Problem::Truncated),
        None => return Err(Problem::Number),
    };
    let length = read_integer(&window[..colon]).ok_or(Problem::Number)?;
    let length = usize::try_from(length).map_err(|_| Problem::Number)?;
    let end = length.checked_add(colon + 1).ok_or(Problem::Truncated)?;
    let bytes = text.get(colon + 1..end).ok_or(Problem::Truncated)?;
    Ok((bytes, end))
}

/// A number in its only canonical spelling.
pub(super) fn read_integer(digits: &[u8]) -> Option<i64> {
    let canonical = match digits {
        b"0" => true,
        [b'-', b'1'..=b'9', rest @ ..] | [b'1'..=b'9', rest @ ..] => {
            rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if !canonical {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Cuts a byte string off checked bytes.
pub(super) fn split_bytes(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bytes, end) = byte_string(text).ok()?;
    Some((bytes, text.get(end..)?))
}

/// Cuts any value off checked bytes; `None` at the end of the list or dictionary.
pub(super) fn split_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'i' => at += text[at..].iter().position(|byte| *byte == b'e')? + 1,
            b'l' | b'd' => {
                depth += 1;
                at += 1;
            }
            b'e' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            _ => at += byte_string(&text[at..]).ok()?.1,
        }
        if depth == 0 {
            return text.split_at_checked(at);
        }
    }
}
