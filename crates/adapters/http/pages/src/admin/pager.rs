//! Lists in parts, with the way to the others.

use informer_oauth_application::PageRequest;
use informer_oauth_web::paging::neighbours;

use super::console::Console;

/// How many lines a page has.
pub(super) const LINES: u32 = 20;

/// Where in a list this page is, and its neighbours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pager {
    /// `1–20 of 57`.
    pub(super) here: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

/// The part of a list that the address asks for; from the beginning where it makes no sense.
pub(super) fn part(console: &Console<'_>) -> PageRequest {
    PageRequest {
        start: console.query.page().map_or(0, |asked| asked.start),
        limit: LINES,
    }
}

impl Pager {
    /// `path` is the list's; `None` where everything is on one page.
    pub(super) fn new(console: &Console<'_>, path: &str, part: PageRequest, count: usize, total: u64) -> Option<Self> {
        let (next, previous) = neighbours(part, count, total);
        if next.is_none() && previous.is_none() {
            return None;
        }
        // What was done just now is not done again on the next page.
        let query = console.query.without("done");
        let address = |start| console.site().path(&format!("{path}{}", query.with_start(Some(start))));
        let last = part.start.saturating_add(count as u64);
        let here = if count == 0 {
            format!("0 of {total}")
        } else {
            format!("{}–{last} of {total}", part.start.saturating_add(1))
        };
        Some(Self {
            here,
            previous: previous.map(address),
            next: next.map(address),
        })
    }
}
