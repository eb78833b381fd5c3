//! The view of what a user has allowed.

use askama::Template;
use informer_oauth_application::connected_applications::Connection;
use informer_oauth_domain::{
    scope::{Scope, ScopeSet},
    timestamp::Timestamp,
    token_record::TokenRecord,
};

use super::{ClientView, Switch, UserView};
use crate::site::Site;

/// How many grants of access to one client are shown, the newest; the button for all of them ends the others, too.
const SHOWN: usize = 20;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The page.
#[derive(Template)]
#[template(path = "applications.html")]
pub(crate) struct ApplicationsView<'a> {
    pub(crate) site: &'a Site,
    pub(crate) user: UserView,
    pub(crate) switch: Switch,
    pub(crate) connections: Vec<ConnectionView>,
    /// What was done just now, in a sentence.
    pub(crate) notice: Option<&'a str>,
    /// The way back to this page.
    pub(crate) again: &'a str,
    /// The form token.
    pub(crate) form: String,
}

/// One application that the user has allowed something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConnectionView {
    pub(crate) client: ClientView,
    /// What its button says.
    pub(crate) button: String,
    pub(crate) scopes: Vec<AllowedView>,
    /// When it was first allowed.
    pub(crate) since: Option<Moment>,
    /// When it was last used; `None` where it has no access at the moment.
    pub(crate) last_used: Option<Moment>,
    /// Its grants of access, newest first, where it has several.
    pub(crate) grants: Vec<GrantView>,
    /// How many it has.
    pub(crate) total: usize,
}

/// One grant of access.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct GrantView {
    /// What its button says.
    pub(crate) button: String,
    pub(crate) since: Moment,
    pub(crate) last_used: Option<Moment>,
    /// What it is for, where it is for less than the application is.
    pub(crate) scopes: Vec<AllowedView>,
}

/// A scope that was allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AllowedView {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) write: bool,
}

/// A point in time as one says it, and exact for programs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Moment {
    pub(crate) at: String,
    pub(crate) words: String,
}

impl ConnectionView {
    pub(crate) fn new(connection: &Connection, site: &Site, now: Timestamp) -> Self {
        let records = &connection.records;
        let scope = connection.scope();
        let grants = records.iter().rev().take(SHOWN);
        Self {
            client: ClientView::new(&connection.client, site),
            button: format!("client.{}", connection.client.uid),
            scopes: AllowedView::list(scope),
            since: connection.since().map(|at| Moment::new(at, now)),
            last_used: connection.last_used_at().map(|at| Moment::new(at, now)),
            grants: if records.len() > 1 {
                grants.map(|record| GrantView::new(record, scope, now)).collect()
            } else {
                Vec::new()
            },
            total: records.len(),
        }
    }

    /// Whether some of its grants are not shown.
    pub(crate) fn is_cut(&self) -> bool {
        self.total > self.grants.len()
    }
}

impl GrantView {
    fn new(record: &TokenRecord, of_all: ScopeSet, now: Timestamp) -> Self {
        Self {
            button: format!("record.{}", record.id),
            since: Moment::new(record.created_at, now),
            last_used: record.last_used_at.map(|at| Moment::new(at, now)),
            scopes: if record.scope == of_all {
                Vec::new()
            } else {
                AllowedView::list(record.scope)
            },
        }
    }
}

impl AllowedView {
    pub(crate) fn list(scope: ScopeSet) -> Vec<Self> {
        let view = |scope: Scope| Self {
            name: scope.as_str(),
            words: scope.description(),
            write: scope.is_write(),
        };
        scope.iter().map(view).collect()
    }
}

impl Moment {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            at: at.to_string(),
            words: words(at, now),
        }
    }
}

/// How long ago, up to a month; then the day.
fn words(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.since(at).as_secs() / 60;
    let (count, unit) = match minutes {
        0 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        1_440..44_640 => (minutes / 1_440, "day"),
        _ => return day(at),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

/// `on 23 November 2026`
fn day(at: Timestamp) -> String {
    let text = at.to_string();
    let date = text.split('T').next().unwrap_or(&text);
    let mut parts = date.split('-');
    let mut named = || {
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        Some(format!("on {} {month} {year}", day.trim_start_matches('0')))
    };
    named().unwrap_or_else(|| format!("on {date}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn points_in_time_are_said_as_people_say_them() {
        let at = Timestamp::parse("2026-11-03T23:59:00Z").unwrap();
        for (seconds, expected) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3_599, "59 minutes ago"),
            (7_300, "2 hours ago"),
            (86_400, "1 day ago"),
            (30 * 86_400, "30 days ago"),
            (31 * 86_400, "on 3 November 2026"),
        ] {
            assert_eq!(words(at, at + Duration::from_secs(seconds)), expected);
        }
        let moment = Moment::new(at, at.minus(Duration::from_secs(5)));
        assert_eq!(
            (moment.words.as_str(), moment.at.as_str()),
            ("just now", "2026-11-03T23:59:00.000Z")
        );
    }
}
