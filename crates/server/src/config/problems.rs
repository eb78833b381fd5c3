use std::{
    fmt,
    ops::{Bound, RangeBounds},
};

/// What is wrong with a configuration: one sentence each, with its key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// One problem that concerns no single key.
    pub(crate) fn one(sentence: String) -> Self {
        Self(vec![sentence])
    }

    /// Adds a problem with a key.
    pub(crate) fn add(&mut self, key: &str, message: impl fmt::Display) {
        self.0.push(format!("{key}: {message}"));
    }

    /// Adds a sentence that names its key itself.
    pub(crate) fn add_sentence(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    /// Adds all of others'.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Adds a problem unless the value lies in the range.
    pub(crate) fn range<T: PartialOrd + fmt::Display>(&mut self, key: &str, value: T, range: impl RangeBounds<T>) {
        if range.contains(&value) {
            return;
        }
        let least = match range.start_bound() {
            Bound::Included(least) | Bound::Excluded(least) => format!("at least {least}"),
            Bound::Unbounded => String::new(),
        };
        let most = match range.end_bound() {
            Bound::Included(most) | Bound::Excluded(most) => format!("at most {most}"),
            Bound::Unbounded => String::new(),
        };
        let and = if least.is_empty() || most.is_empty() {
            ""
        } else {
            " and "
        };
        self.add(key, format_args!("must be {least}{and}{most}, not {value}"));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn sentences(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            let end = if position + 1 < self.0.len() { "\n" } else { "" };
            write!(f, "{problem}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
