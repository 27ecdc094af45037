//! A statement and its values. Most statements are fixed texts; lists with filters are put
//! together from fixed parts, and values only ever travel as bound parameters.

use crate::Value;
use std::borrow::Cow;

/// A statement with its bound values, in the order of `$1`, `$2` ...
#[derive(Debug, Clone)]
pub struct Sql {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

impl Sql {
    /// A fixed statement; bind its values in order.
    pub fn new(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            values: Vec::new(),
        }
    }

    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends a fixed part.
    pub fn push(&mut self, part: &'static str) -> &mut Self {
        self.text.to_mut().push_str(part);
        self
    }

    /// Appends a parameter and binds its value.
    pub fn push_value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len().to_string();
        let text = self.text.to_mut();
        text.push('$');
        text.push_str(&number);
        self
    }

    /// Appends `($1, $2, ...)`. An empty list becomes `(NULL)`, which nothing is in.
    pub fn push_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut open = "(";
        for value in values {
            self.push(open).push_value(value);
            open = ", ";
        }
        if open == "(" {
            return self.push("(NULL)");
        }
        self.push(")")
    }

    /// Whether it only reads, and may go to a reader.
    pub(crate) fn reads(&self) -> bool {
        self.text.trim_start().starts_with("SELECT")
    }

    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Vec<Value>) {
        (self.text, self.values)
    }
}

/// A fixed statement. The test `statements` prepares each of these on both engines.
macro_rules! sql {
    ($text:literal) => {
        $crate::Sql::new($text)
    };
}
pub(crate) use sql;

/// `SELECT <the row's columns> ...`, put together once. Prepared by the same test.
macro_rules! select {
    ($row:ty, $rest:literal) => {{
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            format!("SELECT {} {}", <$row as $crate::FromRow>::columns(), $rest)
        });
        $crate::Sql::new(TEXT.as_str())
    }};
}
pub(crate) use select;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building() {
        let mut sql = Sql::new("SELECT id FROM videos WHERE id IN ");
        sql.push_list([1_i64, 2])
            .push(" AND name = ")
            .push_value("x");
        let (text, values) = sql.into_parts();
        assert_eq!(
            text,
            "SELECT id FROM videos WHERE id IN ($1, $2) AND name = $3"
        );
        assert_eq!(values.len(), 3);
    }
}
