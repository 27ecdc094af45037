//! What somebody says of a video or a playlist, and in which language of marks it is written.

use crate::fields::{Fields, MAX_TEXT, Writer};

/// A description. Never shown without cleaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The text.
    pub content: Option<String>,
    /// How it is written: `text/markdown` or `text/html`.
    pub media_type: Option<String>,
}

impl Description {
    pub(crate) fn read(fields: &mut Fields) -> Self {
        Self {
            content: fields.text("content", MAX_TEXT),
            media_type: fields.line("mediaType"),
        }
    }
}

impl Writer {
    pub(crate) fn description(self, description: &Description) -> Self {
        self.maybe("content", description.content.clone())
            .maybe("mediaType", description.media_type.clone())
    }
}
