//! HAL: JSON with `_links` and `_embedded`.

use std::collections::BTreeMap;

use informer_oauth_application::PageRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::{Query, neighbours};

/// Where something is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Link {
    /// The path, with a leading slash.
    href: String,
}

impl Link {
    pub const fn to(href: String) -> Self {
        Self { href }
    }
}

/// Links by their relation.
pub type Links = BTreeMap<&'static str, Link>;

/// A part of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HalPage<T> {
    /// `self`, and `next` and `prev` where there are such pages.
    #[serde(rename = "_links")]
    links: BTreeMap<&'static str, Link>,
    /// How many items come before these.
    start: u64,
    /// How many items these are.
    count: usize,
    /// How many there are in all.
    total: u64,
    /// The items, under the name of their relation.
    #[serde(rename = "_embedded")]
    embedded: BTreeMap<&'static str, Vec<T>>,
}

impl<T> HalPage<T> {
    /// A page of `relation`, found at `path` by `query`.
    pub fn new(
        relation: &'static str,
        path: &str,
        query: &Query,
        asked: PageRequest,
        items: Vec<T>,
        total: u64,
    ) -> Self {
        let (next, prev) = neighbours(asked, items.len(), total);
        let link = |start| Link::to(format!("{path}{}", query.with_start(start)));
        let mut links = Links::from([("self", link(None))]);
        links.extend(next.map(|start| ("next", link(Some(start)))));
        links.extend(prev.map(|start| ("prev", link(Some(start)))));
        Self {
            links,
            start: asked.start,
            count: items.len(),
            total,
            embedded: BTreeMap::from([(relation, items)]),
        }
    }

    /// A list that is never long enough for pages.
    pub fn whole(relation: &'static str, path: &str, items: Vec<T>) -> Self {
        Self {
            links: Links::from([("self", Link::to(path.to_owned()))]),
            start: 0,
            count: items.len(),
            total: items.len() as u64,
            embedded: BTreeMap::from([(relation, items)]),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_has_its_neighbours_counts_and_items() {
        let page = HalPage::new(
            "inf:thing",
            "/api/things",
            &Query::parse("q=x&limit=2&start=2"),
            PageRequest { start: 2, limit: 2 },
            vec![3, 4],
            5,
        );
        assert_eq!(
            serde_json::to_value(&page).unwrap(),
            json!({
                "_links": {
                    "self": {"href": "/api/things?q=x&limit=2&start=2"},
                    "next": {"href": "/api/things?q=x&limit=2&start=4"},
                    "prev": {"href": "/api/things?q=x&limit=2&start=0"},
                },
                "start": 2,
                "count": 2,
                "total": 5,
                "_embedded": {"inf:thing": [3, 4]},
            })
        );
    }

    #[test]
    fn an_empty_page_still_has_its_list() {
        let page = HalPage::<u8>::whole("inf:thing", "/api/things", Vec::new());
        assert_eq!(
            serde_json::to_value(&page).unwrap()["_embedded"],
            json!({"inf:thing": []})
        );
    }
}
