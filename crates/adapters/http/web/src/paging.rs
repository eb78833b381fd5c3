//! Reading a query string, and the part of a list that it asks for.

use informer_oauth_application::PageRequest;
use url::form_urlencoded;

use crate::api_error::{ApiError, ApiResult};

/// How many items a page has when nobody says.
pub const DEFAULT_LIMIT: u32 = 30;
/// How many items a page has at most.
pub const LARGEST_LIMIT: u32 = 200;

fn invalid(key: &str, must: &str) -> ApiError {
    ApiError::query(key, format!("\"{key}\" {must}"))
}

/// The parameters of a query string, in their order. Those that an endpoint does not know do nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter that may be there once.
    pub fn one(&self, key: &'static str) -> ApiResult<Option<&str>> {
        let mut values = self
            .0
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(value), None) if value.contains('\0') => Err(invalid(key, "must not contain NUL characters")),
            (value, None) => Ok(value),
            (_, Some(_)) => Err(invalid(key, "must not be repeated")),
        }
    }

    /// Refuses every parameter that is not listed.
    pub fn only(&self, known: &[&str]) -> ApiResult<()> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(invalid(name, "is not allowed")),
            None => Ok(()),
        }
    }

    /// `start` and `limit`.
    pub fn page(&self) -> ApiResult<PageRequest> {
        // A store counts in signed 64-bit integers.
        let start = self.number("start", 0, 0..=i64::MAX.unsigned_abs(), "must be a whole number from 0")?;
        let limit = self.number(
            "limit",
            DEFAULT_LIMIT.into(),
            1..=LARGEST_LIMIT.into(),
            "must be a whole number from 1 to 200",
        )?;
        Ok(PageRequest {
            start,
            limit: u32::try_from(limit).unwrap_or(LARGEST_LIMIT),
        })
    }

    fn number(
        &self,
        key: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
        must: &str,
    ) -> ApiResult<u64> {
        let Some(text) = self.one(key)? else {
            return Ok(default);
        };
        // `parse` alone would take a plus sign.
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| invalid(key, must))
    }

    /// The parameters but those of this name.
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// The query string again, with `start` set anew; with its question mark, or empty.
    pub fn with_start(&self, start: Option<u64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.0.iter().filter(|(name, _)| start.is_none() || name != "start"));
        if let Some(start) = start {
            query.append_pair("start", &start.to_string());
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// Where the page after and before this one start, if there are such pages.
pub fn neighbours(page: PageRequest, count: usize, total: u64) -> (Option<u64>, Option<u64>) {
    let limit = u64::from(page.limit);
    let end = page.start.saturating_add(count as u64);
    let next = (count > 0 && end < total).then_some(end);
    // From beyond the end, back to the last page that has something.
    let last = total.saturating_sub(1) / limit * limit;
    let prev = (page.start > 0).then(|| page.start.saturating_sub(limit).min(last));
    (next, prev)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::api_error::Source;

    #[test]
    fn a_page_starts_at_the_beginning_and_has_thirty_items() {
        assert_eq!(Query::parse("").page().unwrap(), PageRequest { start: 0, limit: 30 });
        assert_eq!(
            Query::parse("start=60&limit=200&x=1").page().unwrap(),
            PageRequest { start: 60, limit: 200 }
        );
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (query, key) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=", "limit"),
            ("limit=%2B5", "limit"),
            ("limit=-1", "limit"),
            ("limit=1e2", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=5&limit=6", "limit"),
            ("limit=%005", "limit"),
            ("start=-1", "start"),
            ("start=x", "start"),
            ("start=9223372036854775808", "start"),
        ] {
            let error = Query::parse(query).page().unwrap_err();
            assert!(
                matches!(&error, ApiError::Invalid { source: Source::Query, keys, .. } if keys == &[key]),
                "{query}: {error:?}"
            );
        }
    }

    #[test]
    fn links_keep_what_else_was_asked() {
        let query = Query::parse("q=a%26b%20c&start=30&limit=10");
        assert_eq!(query.with_start(None), "?q=a%26b+c&start=30&limit=10");
        assert_eq!(query.with_start(Some(40)), "?q=a%26b+c&limit=10&start=40");
        assert_eq!(Query::parse("").with_start(None), "");
    }

    #[test]
    fn neighbours_exist_only_where_there_is_something() {
        let at = |start, limit, count, total| neighbours(PageRequest { start, limit }, count, total);
        assert_eq!(at(0, 30, 5, 5), (None, None));
        assert_eq!(at(0, 30, 30, 31), (Some(30), None));
        assert_eq!(at(30, 30, 1, 31), (None, Some(0)));
        assert_eq!(at(10, 30, 30, 100), (Some(40), Some(0)));
        assert_eq!(at(u64::MAX, 30, 0, 31), (None, Some(30)));
        assert_eq!(at(5, 30, 0, 0), (None, Some(0)));
    }
}
