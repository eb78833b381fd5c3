//! Why a page cannot be shown, and what it says instead.

use std::time::Duration;

use actix_web::http::{StatusCode, header::InvalidHeaderValue};
use informer_oauth_application::error::Fault;
use informer_oauth_domain::{authorization::PageProblem, user::Forbidden};

use crate::{body::BodyError, protocol_error::RETRY_AFTER_SECONDS};

/// A dead end that a person gets to see.
#[derive(Debug)]
pub(super) enum Problem {
    /// An authorization request that must not be answered with a redirect (RFC 6749 §4.1.2.1).
    Refused(PageProblem),
    /// A query or form that cannot be decoded, or says one thing twice.
    Unreadable,
    /// A body that was not taken.
    Body(BodyError),
    /// A form that did not come from one of our own pages.
    CrossSite,
    /// A form whose token is missing, old, used or from another session.
    StaleForm {
        /// Where to begin again.
        again: Option<String>,
    },
    /// A consent form sent without pressing one of its buttons.
    NoDecision {
        /// Where to begin again.
        again: String,
    },
    /// A page for superusers, or for those with the token API feature.
    Forbidden(Forbidden),
    /// A change that was asked for and is not possible.
    NotDone {
        /// What it comes to over HTTP.
        status: StatusCode,
        /// Why, in words that the API has for it as well.
        reason: String,
    },
    /// No page of this name.
    NotFound,
    /// Not the visitor's fault.
    Fault(Fault),
}

/// What the page says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) hint: Option<&'static str>,
    pub(super) again: Option<String>,
    /// When to try again.
    pub(super) retry_after: Option<u64>,
}

const NOTHING_ALLOWED: &str =
    "Nothing has been allowed. If you came here from an application, tell the people who run it.";

impl Problem {
    pub(super) fn message(self) -> Message {
        let (status, title, text, hint) = match &self {
            Self::Refused(problem) => (
                StatusCode::BAD_REQUEST,
                "This request cannot go on",
                problem.to_string(),
                Some(NOTHING_ALLOWED),
            ),
            Self::Unreadable => (
                StatusCode::BAD_REQUEST,
                "This request cannot go on",
                "The address or the form that brought you here is damaged.".to_owned(),
                Some(NOTHING_ALLOWED),
            ),
            Self::Body(error) => (
                error.status(),
                "This form cannot be read",
                error.public_sentence().to_owned(),
                Some("Nothing has been changed."),
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "This form was not accepted",
                "It was not sent from a page of this site, or your browser does not say so.".to_owned(),
                Some("Nothing has been changed. Open this site itself and try again."),
            ),
            Self::StaleForm { .. } => (
                StatusCode::FORBIDDEN,
                "This form is used up",
                "It was open for too long, was sent before, or belongs to another sign-in.".to_owned(),
                Some("This time nothing has been changed."),
            ),
            Self::NoDecision { .. } => (
                StatusCode::BAD_REQUEST,
                "Please decide",
                "The form came without an answer: press Allow or Deny.".to_owned(),
                None,
            ),
            Self::Forbidden(Forbidden::NotSuperuser) => (
                StatusCode::FORBIDDEN,
                "For superusers only",
                "You are signed in, but this part of the site needs the superuser permission.".to_owned(),
                Some("If you have another account, sign out and come back with it."),
            ),
            Self::Forbidden(Forbidden::TokenApiDisabled) => (
                StatusCode::FORBIDDEN,
                "The token API is not enabled",
                "This page needs the token API feature, which is not enabled for you.".to_owned(),
                Some("A superuser may delete clients without it, and nothing else."),
            ),
            Self::NotDone { status, reason } => (
                *status,
                "This was not done",
                format!("The service says: {reason}."),
                Some("Nothing has been changed."),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no page at this address.".to_owned(),
                None,
            ),
            Self::Fault(Fault::Unavailable(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Back in a moment",
                "The service is busy or being looked after. Please try again shortly.".to_owned(),
                None,
            ),
            // A fault's own words are for the log.
            Self::Fault(Fault::Internal(_)) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "The service could not answer. The people who run it can find the reason in its log.".to_owned(),
                None,
            ),
        };
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        let again = match self {
            Self::StaleForm { again } => again,
            Self::NoDecision { again } => Some(again),
            _ => None,
        };
        Message {
            status,
            title,
            text,
            hint,
            again,
            retry_after,
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<InvalidHeaderValue> for Problem {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Fault(Fault::Internal("a cookie's value is not fit for a header".to_owned()))
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

/// How long to wait, as one says it. Never less than a minute, for nobody counts seconds on a page.
pub(super) fn in_words(wait: Duration) -> String {
    match wait.as_secs().div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_keep_their_reason_to_themselves() {
        for (fault, status) in [
            (Fault::Unavailable("10.0.0.7".into()), 503),
            (Fault::Internal("10.0.0.7".into()), 500),
        ] {
            let message = Problem::from(fault).message();
            assert!(!message.text.contains("10.0.0.7"));
            assert_eq!(message.status, status);
            assert_eq!(message.retry_after.is_some(), status == 503);
        }
    }

    #[test]
    fn waiting_times_are_rounded_up_to_minutes() {
        for (seconds, words) in [(0, "a minute"), (60, "a minute"), (61, "2 minutes"), (300, "5 minutes")] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
