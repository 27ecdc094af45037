//! The grammar of ISO boxes on a slice that is wholly in memory: big-endian fields and the children of a box. Every
//! read is bounded by the slice, so bytes from outside can be wrong but cannot make it panic or run away. What the
//! fields mean is not known here.

use crate::IndexError;

/// Four letters that name a box.
pub type Name = [u8; 4];

/// How a name is shown in an error: printable, whatever its bytes are.
pub fn show(name: Name) -> String {
    name.iter()
        .map(|b| {
            if b.is_ascii_graphic() {
                char::from(*b)
            } else {
                '?'
            }
        })
        .collect()
}

/// Reads fields one after the other and complains in the name of its box.
#[derive(Clone)]
pub struct Fields<'a> {
    name: Name,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(name: Name, body: &'a [u8]) -> Self {
        Fields { name, rest: body }
    }

    pub fn malformed(&self) -> IndexError {
        IndexError::Malformed(show(self.name))
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], IndexError> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(head)
    }

    pub fn skip(&mut self, count: usize) -> Result<(), IndexError> {
        self.take(count).map(drop)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, IndexError> {
        self.array::<1>().map(|[b]| b)
    }

    pub fn u16(&mut self) -> Result<u16, IndexError> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, IndexError> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, IndexError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Version and flags of a full box.
    pub fn version_and_flags(&mut self) -> Result<(u8, u32), IndexError> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The boxes inside `body`, which is the inside of the box `parent`.
pub fn children(parent: Name, body: &[u8]) -> Children<'_> {
    Children {
        fields: Fields::new(parent, body),
    }
}

/// The first child called `name`.
pub fn child(parent: Name, body: &[u8], name: Name) -> Result<Option<&[u8]>, IndexError> {
    for found in children(parent, body) {
        let (found, inside) = found?;
        if found == name {
            return Ok(Some(inside));
        }
    }
    Ok(None)
}

/// Iterator of [`children`]; ends after the first error.
pub struct Children<'a> {
    fields: Fields<'a>,
}

impl<'a> Children<'a> {
    fn step(&mut self) -> Result<(Name, &'a [u8]), IndexError> {
        let size = self.fields.u32()?;
        let name: Name = self.fields.array()?;
        let inside = match size {
            // "Up to the end" is legal for the last box only, which is what it becomes here.
            0 => self.fields.rest().len() as u64,
            1 => self
                .fields
                .u64()?
                .checked_sub(16)
                .ok_or_else(|| self.fields.malformed())?,
            size => u64::from(size)
                .checked_sub(8)
                .ok_or_else(|| self.fields.malformed())?,
        };
        let inside = usize::try_from(inside).map_err(|_| self.fields.malformed())?;
        Ok((name, self.fields.take(inside)?))
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<(Name, &'a [u8]), IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fields.rest().is_empty() {
            return None;
        }
        let item = self.step();
        if item.is_err() {
            self.fields = Fields::new(self.fields.name, &[]);
        }
        Some(item)
    }
}
