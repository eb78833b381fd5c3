//! Times, ages and kinds of events, as pages say them.

use std::{fmt, time::Duration};

use askama::filters::HtmlSafe;
use informer_oauth_domain::{audit::EventKind, timestamp::Timestamp};

/// A point in time on a page: `2026-11-23 05:15 UTC`, exact for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Time(pub(super) Timestamp);

/// Only an element that holds digits and punctuation.
impl HtmlSafe for Time {}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_string();
        let (day, time) = exact.split_once('T').unwrap_or((&exact, ""));
        let minute = time.get(..5).unwrap_or(time);
        write!(f, "<time datetime=\"{exact}\">{day} {minute} UTC</time>")
    }
}

/// How long something lasted, in the largest unit that it fills.
pub(super) fn in_units(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (count, unit) = match minutes {
        0 => return "less than a minute".to_owned(),
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `Client: icon changed`, of `client.icon_changed`.
pub(super) fn event_words(kind: EventKind) -> String {
    let (subject, what) = kind.as_str().split_once('.').unwrap_or((kind.as_str(), ""));
    let mut letters = subject.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}: {what}", letters.as_str()).replace('_', " ")
}

/// Whether an event tells of something that should not happen.
pub(super) const fn is_alarming(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::DeviceLimited
            | EventKind::UserCodeLimited
            | EventKind::DeviceCodeStolen
            | EventKind::ClientAuthenticationFailed
            | EventKind::ClientAuthenticationLimited
            | EventKind::CodeReplayed
            | EventKind::CodeReplayUnproven
            | EventKind::CodeStolen
            | EventKind::RefreshReplayed
            | EventKind::RefreshStolen
            | EventKind::ImpersonatorRefused
            | EventKind::SignInFailed
            | EventKind::SignInLimited
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_the_minute_and_kept_exact() {
        let at = Timestamp::from_seconds(1_800_000_000);
        assert_eq!(
            Time(at).to_string(),
            "<time datetime=\"2027-01-15T08:00:00.000Z\">2027-01-15 08:00 UTC</time>"
        );
    }

    #[test]
    fn lengths_of_time_are_told_in_one_unit() {
        for (seconds, words) in [
            (59, "less than a minute"),
            (60, "1 minute"),
            (3599, "59 minutes"),
            (7199, "1 hour"),
            (86_400, "1 day"),
            (90 * 86_400, "90 days"),
        ] {
            assert_eq!(in_units(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn events_are_told_in_words() {
        assert_eq!(event_words(EventKind::ClientIconChanged), "Client: icon changed");
        assert_eq!(event_words(EventKind::SignInFailed), "Sign in: failed");
        assert_eq!(event_words(EventKind::TokensRevoked), "Tokens: revoked");
    }
}
