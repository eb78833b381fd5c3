//! Why a page cannot be shown, and what it says instead.

use std::time::Duration;

use actix_web::http::{StatusCode, header::InvalidHeaderValue};
use informer_oauth_application::error::Fault;
use informer_oauth_domain::{authorization::PageProblem, error::ErrorCode, user::Forbidden};
use informer_oauth_web::{body::BodyError, protocol_error::RETRY_AFTER_SECONDS};

/// A dead end that a person gets to see.
#[derive(Debug)]
pub(super) enum Problem {
    /// An authorization request that must not be answered with a redirect (RFC 6749 §4.1.2.1).
    Refused {
        /// What is wrong.
        reason: PageProblem,
        /// The value of the parameter that is wrong, if it was sent.
        value: Option<String>,
    },
    /// A query or form that cannot be decoded, or says one thing twice.
    Unreadable,
    /// A body that was not taken.
    Body(BodyError),
    /// A form that did not come from one of our own pages.
    CrossSite {
        /// The address to use.
        issuer: String,
    },
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
    /// The framework's own error: a method that the address does not take, a path that cannot be read.
    Status(StatusCode),
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
    /// Address and words of the one way on.
    pub(super) action: Option<(String, &'static str)>,
    /// The error code for developers.
    pub(super) code: Option<ErrorCode>,
    /// The parameter that is wrong, with its value.
    pub(super) parameter: Option<String>,
    /// When to try again.
    pub(super) retry_after: Option<u64>,
}

const INCOMPLETE: &str = "We can't complete this request";
const WENT_WRONG: &str = "Something went wrong";
const IN_ITS_LOG: &str = "The service could not answer. The people who run it can find the reason in its log.";
const START_AGAIN: &str = "Start again";

/// How much of a parameter's value is shown, in characters.
const VALUE_SHOWN: usize = 200;

const NOTHING_ALLOWED: &str =
    "Nothing has been allowed. If you came here from an application, tell the people who run it.";

impl Problem {
    pub(super) fn message(self) -> Message {
        let (status, title, text, hint) = match &self {
            Self::Refused { reason, .. } => (
                StatusCode::BAD_REQUEST,
                INCOMPLETE,
                reason.to_string(),
                Some(NOTHING_ALLOWED),
            ),
            Self::Unreadable => (
                StatusCode::BAD_REQUEST,
                INCOMPLETE,
                "The address or the form that brought you here is damaged.".to_owned(),
                Some(NOTHING_ALLOWED),
            ),
            Self::Body(error) => (
                error.status(),
                "This form cannot be read",
                error.public_sentence().to_owned(),
                Some("Nothing has been changed."),
            ),
            Self::CrossSite { issuer } => (
                StatusCode::FORBIDDEN,
                "This form was not accepted",
                format!("It was not sent from a page of this site, whose address is {issuer}."),
                Some(
                    "Nothing has been changed. Use that address. If it is not the one you know, the people who run this site \
                     have to correct the setting \u{201c}issuer\u{201d}.",
                ),
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
            Self::Forbidden(Forbidden::Impersonated) => (
                StatusCode::FORBIDDEN,
                "You are acting for another user",
                "In Informer you are signed in on behalf of this user. You can look at their pages here, but only they can \
                 allow or change something."
                    .to_owned(),
                Some("Nothing has been changed. To act for yourself, leave the other user's session in Informer first."),
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
            Self::Status(StatusCode::METHOD_NOT_ALLOWED) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This address is not a page",
                "It is for applications, and does not answer a browser that opens it.".to_owned(),
                None,
            ),
            Self::Status(status) if status.is_client_error() => (
                *status,
                INCOMPLETE,
                "The address or the form that brought you here is damaged.".to_owned(),
                None,
            ),
            Self::Status(status) => (*status, WENT_WRONG, IN_ITS_LOG.to_owned(), None),
            Self::Fault(Fault::Unavailable(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Back in a moment",
                "The service is busy or being looked after. Please try again shortly.".to_owned(),
                None,
            ),
            // A fault's own words are for the log.
            Self::Fault(Fault::Internal(_)) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                WENT_WRONG,
                IN_ITS_LOG.to_owned(),
                None,
            ),
        };
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        let (code, parameter) = (self.code(), self.parameter());
        let action = match self {
            Self::StaleForm { again } => again.map(|again| (again, START_AGAIN)),
            Self::NoDecision { again } => Some((again, START_AGAIN)),
            Self::CrossSite { issuer } => {
                let front_page = format!("{}/oauth", issuer.trim_end_matches('/'));
                Some((front_page, "Open this site"))
            }
            _ => None,
        };
        Message {
            status,
            title,
            text,
            hint,
            action,
            code,
            parameter,
            retry_after,
        }
    }

    const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { reason, .. } => Some(reason.code()),
            Self::Unreadable | Self::Body(_) => Some(ErrorCode::InvalidRequest),
            Self::Fault(Fault::Unavailable(_)) => Some(ErrorCode::TemporarilyUnavailable),
            Self::Fault(Fault::Internal(_)) => Some(ErrorCode::ServerError),
            _ => None,
        }
    }

    fn parameter(&self) -> Option<String> {
        match self {
            Self::Refused { reason, value: None } => Some(reason.parameter().to_owned()),
            Self::Refused {
                reason,
                value: Some(value),
            } => Some(format!("{}={}", reason.parameter(), visible(value))),
            _ => None,
        }
    }
}

/// The beginning of a text that somebody sent. Characters that cannot be seen, or change how others are shown, are replaced.
fn visible(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown: String = text
        .chars()
        .take(VALUE_SHOWN)
        .map(|c| if unseen(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(VALUE_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
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
#[expect(clippy::unwrap_used, reason = "tests")]
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
    fn value_of_a_parameter_is_shown_in_part_and_without_unseen_characters() {
        let shown = |value: &str| {
            let refused = Problem::Refused {
                reason: PageProblem::UnregisteredRedirectUri,
                value: Some(value.to_owned()),
            };
            refused.message().parameter
        };
        assert_eq!(
            shown("https://x/\u{202e}\n").as_deref(),
            Some("redirect_uri=https://x/\u{fffd}\u{fffd}")
        );
        assert_eq!(
            shown(&"ä".repeat(201)),
            Some(format!("redirect_uri={}…", "ä".repeat(200)))
        );
    }

    #[test]
    fn form_from_elsewhere_links_to_the_issuer() {
        let problem = Problem::CrossSite {
            issuer: "https://bi.example.com/auth/".to_owned(),
        };
        let message = problem.message();
        assert!(
            message.text.contains("https://bi.example.com/auth/"),
            "{}",
            message.text
        );
        assert_eq!(message.action.unwrap().0, "https://bi.example.com/auth/oauth");
    }

    #[test]
    fn waiting_times_are_rounded_up_to_minutes() {
        for (seconds, words) in [(0, "a minute"), (60, "a minute"), (61, "2 minutes"), (300, "5 minutes")] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
