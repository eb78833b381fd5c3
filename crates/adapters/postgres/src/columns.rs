//! Column values as domain values, and back. What cannot be one is [`StoreError::Corrupt`].

use informer_oauth_domain::{id::ClientId, resource::Resource, scope::ScopeSet, secret::Digest, timestamp::Timestamp};
use informer_oauth_ports::{Page, PageRequest, StoreError};

use crate::failure::corrupt;

pub(crate) fn digest(what: &'static str, bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| corrupt(what, "a digest has 32 bytes"))?;
    Ok(Digest::from_bytes(bytes))
}

pub(crate) fn client_id(what: &'static str, text: &str) -> Result<ClientId, StoreError> {
    text.parse().map_err(|error| corrupt(what, error))
}

pub(crate) fn scope(what: &'static str, text: &str) -> Result<ScopeSet, StoreError> {
    text.parse().map_err(|error| corrupt(what, error))
}

pub(crate) fn resource(what: &'static str, text: &str) -> Result<Resource, StoreError> {
    Resource::parse(text).map_err(|error| corrupt(what, error))
}

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(crate) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}

pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    texts.map(str::to_owned).collect()
}

/// Whether Postgres can hold the text, or have any that equals it: NUL is the one character that it cannot.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// OFFSET and LIMIT.
pub(crate) fn bounds(page: PageRequest) -> (i64, i64) {
    (i64::try_from(page.start).unwrap_or(i64::MAX), i64::from(page.limit))
}

/// A page of rows that each become a `T`.
pub(crate) fn page<R, T: TryFrom<R, Error = StoreError>>(rows: Vec<R>, total: i64) -> Result<Page<T>, StoreError> {
    let items = rows.into_iter().map(T::try_from).collect::<Result<_, _>>()?;
    let total = u64::try_from(total).map_err(|error| corrupt("count", error))?;
    Ok(Page { items, total })
}

/// The page of an empty list.
pub(crate) const fn nothing<T>() -> Page<T> {
    Page {
        items: Vec::new(),
        total: 0,
    }
}
