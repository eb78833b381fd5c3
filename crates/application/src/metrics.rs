//! What the use cases count, through the facade of `metrics`: whoever runs them installs a recorder, or none, and then
//! nothing is counted.
//!
//! A label's value is always one of a list that stands in the program: never a name, an id, an address or a part of a token.

use informer_oauth_domain::{audit::EventKind, error::ErrorCode, grant_type::GrantType, parameters::Parameters};
use metrics::{Unit, counter, describe_counter};

use crate::{
    error::{Fault, ProtocolError},
    issue_tokens::TokenAnswer,
};

const GRANTS: &str = "informer_oauth_grants_total";
const EVENTS: &str = "informer_oauth_events_total";
const EVENTS_NOT_STORED: &str = "informer_oauth_events_not_stored_total";
const PURGED_ROWS: &str = "informer_oauth_purged_rows_total";
pub(crate) const CACHE_LOOKUPS: &str = "informer_oauth_cache_lookups_total";

/// Describes the metrics, and starts those that can be expected at zero: a series that began with its first event would not
/// show it as an increase. Call it once, after installing a recorder and before [`Application::new`](crate::Application::new).
pub fn describe() {
    describe_counter!(
        GRANTS,
        Unit::Count,
        "Answers of the token endpoint, by grant type and outcome: ok, limited, or the error code of the answer."
    );
    describe_counter!(EVENTS, Unit::Count, "Events of the audit log, by kind.");
    describe_counter!(
        EVENTS_NOT_STORED,
        Unit::Count,
        "Events that happened but could not be written to the audit log; they are in the log file only."
    );
    describe_counter!(
        PURGED_ROWS,
        Unit::Count,
        "Expired rows that were removed, by what they were."
    );
    describe_counter!(
        CACHE_LOOKUPS,
        Unit::Count,
        "Lookups in the caches in front of the stores, by cache and outcome: hit or miss."
    );
    for grant in GrantType::SUPPORTED.map(GrantType::parameter) {
        for outcome in [OK, ErrorCode::InvalidGrant.as_str()] {
            counter!(GRANTS, "grant" => grant, "outcome" => outcome).increment(0);
        }
    }
    for kind in EventKind::ALL {
        counter!(EVENTS, "kind" => kind.as_str()).increment(0);
    }
    counter!(EVENTS_NOT_STORED).increment(0);
    for kind in ["codes", "devices", "sessions", "attempts", "tokens", "usage"] {
        purged(kind, 0);
    }
}

const OK: &str = "ok";

/// Counts an answer of the token endpoint.
pub(crate) fn grant(parameters: &Parameters, answer: &Result<TokenAnswer, ProtocolError>) {
    let asked = parameters.get("grant_type").ok().flatten();
    let grant = GrantType::from_parameter(asked).parameter();
    let outcome = match answer {
        Ok(_) => OK,
        Err(ProtocolError::OAuth(error)) => error.code.as_str(),
        Err(ProtocolError::Limited { .. }) => "limited",
        Err(ProtocolError::Fault(Fault::Unavailable(_))) => ErrorCode::TemporarilyUnavailable.as_str(),
        Err(ProtocolError::Fault(Fault::Internal(_))) => ErrorCode::ServerError.as_str(),
    };
    counter!(GRANTS, "grant" => grant, "outcome" => outcome).increment(1);
}

/// Counts an event of the audit log.
pub(crate) fn event(kind: EventKind) {
    counter!(EVENTS, "kind" => kind.as_str()).increment(1);
}

/// Counts an event that the audit log did not take.
pub(crate) fn event_not_stored() {
    counter!(EVENTS_NOT_STORED).increment(1);
}

/// Counts purged rows and hands their number on.
pub(crate) fn purged(kind: &'static str, rows: u64) -> u64 {
    counter!(PURGED_ROWS, "kind" => kind).increment(rows);
    rows
}
