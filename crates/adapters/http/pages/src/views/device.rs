//! The device page's views.

use std::time::Duration;

use askama::Template;
use informer_oauth_domain::{device::DeviceRequest, timestamp::Timestamp};

use super::{ClientView, ScopeView, Switch, UserView};
use crate::site::Site;

/// The form for the code.
#[derive(Template)]
#[template(path = "device.html")]
pub(crate) struct DeviceCodeView<'a> {
    pub(crate) site: &'a Site,
    pub(crate) user: UserView,
    pub(crate) switch: Switch,
    /// Whether a link brought the code, which the person is to compare with what the device shows.
    pub(crate) confirms: bool,
    /// What the field holds.
    pub(crate) code: &'a str,
    /// What is wrong with what was sent, in a sentence.
    pub(crate) problem: Option<&'a str>,
    /// The way back to this page.
    pub(crate) again: &'a str,
    /// The form token.
    pub(crate) form: String,
}

/// The form for the decision.
#[derive(Template)]
#[template(path = "device_decision.html")]
pub(crate) struct DeviceDecisionView<'a> {
    pub(crate) site: &'a Site,
    pub(crate) client: ClientView,
    pub(crate) user: UserView,
    pub(crate) switch: Switch,
    pub(crate) scopes: Vec<ScopeView>,
    /// What was wrong with the choice.
    pub(crate) problem: Option<&'a str>,
    pub(crate) origin: OriginView,
    /// The user code.
    pub(crate) code: &'a str,
    /// The way back to this code.
    pub(crate) again: &'a str,
    /// The form token.
    pub(crate) form: String,
}

/// Where a device's request came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OriginView {
    /// The kind of device.
    pub(crate) kind: String,
    /// What it calls itself.
    pub(crate) agent: Option<String>,
    pub(crate) address: Option<String>,
    /// How long ago, in words.
    pub(crate) ago: String,
    /// When, RFC 3339.
    pub(crate) at: String,
}

impl OriginView {
    pub(crate) fn new(request: &DeviceRequest, now: Timestamp) -> Self {
        let origin = &request.origin;
        Self {
            kind: capitalised(origin.kind().in_words()),
            agent: origin.agent().map(str::to_owned),
            address: origin.address().map(|address| address.to_string()),
            ago: ago(now.since(request.issued_at)),
            at: request.issued_at.to_string(),
        }
    }

    /// The time of day.
    pub(crate) fn clock(&self) -> &str {
        self.at.get(11..16).unwrap_or_default()
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// A time span as one says it, rounded down.
fn ago(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match (minutes / 60, minutes) {
        (0, 0) => "Less than a minute ago".to_owned(),
        (0, 1) => "A minute ago".to_owned(),
        (0, minutes) => format!("{minutes} minutes ago"),
        (1, _) => "An hour ago".to_owned(),
        (hours, _) => format!("{hours} hours ago"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::{
        device::DeviceOrigin,
        id::{ClientId, ClientUid, TokenRecordId},
        resource::Resource,
        secret::Digest,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn people_see_when_and_from_what_and_where_a_device_asked() {
        let asked = Timestamp::parse("2026-11-23T09:15:43Z").unwrap();
        let request = |origin: DeviceOrigin| DeviceRequest {
            device_code: Digest::of("device"),
            user_code: "BKFT-DNLZ".parse().unwrap(),
            client: ClientUid::new(Uuid::from_u128(1)),
            client_id: ClientId::new([9; 10]),
            scope: "read:report".parse().unwrap(),
            audience: Resource::parse("https://bi.example.com").unwrap(),
            origin,
            token_record: TokenRecordId::new(Uuid::from_u128(2)),
            issued_at: asked,
            expires_at: asked + Duration::from_secs(1800),
        };
        let now = asked + Duration::from_secs(150);
        let known = DeviceOrigin::new("203.0.113.7".parse().ok(), Some("informer-cli/2.1"));
        let view = OriginView::new(&request(known), now);
        assert_eq!(
            (view.kind.as_str(), view.ago.as_str()),
            ("A program or command line", "2 minutes ago")
        );
        assert_eq!((view.clock(), view.at.as_str()), ("09:15", "2026-11-23T09:15:43.000Z"));
        assert_eq!(
            (view.address.as_deref(), view.agent.as_deref()),
            (Some("203.0.113.7"), Some("informer-cli/2.1"))
        );
        let view = OriginView::new(&request(DeviceOrigin::default()), now);
        assert_eq!(
            (view.kind.as_str(), view.address, view.agent),
            ("An unknown device", None, None)
        );
    }

    #[test]
    fn time_spans_are_said_as_people_say_them() {
        for (seconds, words) in [
            (0, "Less than a minute ago"),
            (59, "Less than a minute ago"),
            (60, "A minute ago"),
            (1799, "29 minutes ago"),
            (3600, "An hour ago"),
            (7300, "2 hours ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }
}
