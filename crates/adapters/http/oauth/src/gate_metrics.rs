//! Counts of the gate's answers, by outcome.

use informer_oauth_application::{error::Fault, gate::GateAnswer};
use metrics::{Counter, Unit, counter, describe_counter};

const GATE_ANSWERS: &str = "informer_oauth_gate_answers_total";

/// Describes the metric. Call it once, after installing a recorder and before `Shared::new`, which looks the counters up.
pub fn describe_metrics() {
    describe_counter!(GATE_ANSWERS, Unit::Count, "Answers of the gate, by outcome.");
}

/// One counter for each outcome.
pub(crate) struct GateAnswers {
    allowed: Counter,
    no_token: Counter,
    foreign: Counter,
    invalid_token: Counter,
    insufficient_scope: Counter,
    unjudged: Counter,
    fault: Counter,
}

impl GateAnswers {
    pub(crate) fn new() -> Self {
        let of = |outcome: &'static str| counter!(GATE_ANSWERS, "outcome" => outcome);
        Self {
            allowed: of("allowed"),
            no_token: of("no_token"),
            foreign: of("foreign"),
            invalid_token: of("invalid_token"),
            insufficient_scope: of("insufficient_scope"),
            unjudged: of("unjudged"),
            fault: of("fault"),
        }
    }

    /// Counts one answer.
    pub(crate) fn count(&self, judged: &Result<GateAnswer, Fault>) {
        let counter = match judged {
            Ok(GateAnswer::Allowed { .. }) => &self.allowed,
            Ok(GateAnswer::NoToken | GateAnswer::TokenRequired(_)) => &self.no_token,
            Ok(GateAnswer::Foreign) => &self.foreign,
            Ok(GateAnswer::InvalidToken(_)) => &self.invalid_token,
            Ok(GateAnswer::Insufficient { .. }) => &self.insufficient_scope,
            Ok(GateAnswer::Unjudged { .. }) => &self.unjudged,
            Err(_) => &self.fault,
        };
        counter.increment(1);
    }
}
