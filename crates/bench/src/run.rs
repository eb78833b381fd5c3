//! One run: what everything that is measured has in common.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::operations::{Operation, Rival};
use crate::service::Program;
use crate::stores::Stores;

/// How many times as many rounds what takes ten microseconds gets, and how much shorter they are. The machine's speed drifts within
/// seconds by more than the budget leaves: what is compared has to be measured at nearly the same moment, and often.
const MORE_ROUNDS: usize = 9;
const SHORTER: u32 = 3;

const CONSUMED_PER_SECOND: f64 = 2_500.0;

pub(crate) struct Run<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) program: &'a Program,
    pub(crate) stores: Option<&'a Stores>,
}

impl Run<'_> {
    pub(crate) fn rounds(&self) -> usize {
        self.arguments.rounds()
    }

    pub(crate) fn lasting(&self) -> Duration {
        self.arguments.lasting()
    }

    /// Rounds of an operation, and how long each lasts.
    pub(crate) fn rounds_of(&self, operation: Operation) -> (usize, Duration) {
        if matches!(operation.rival(), Rival::Hello(_)) && !self.arguments.quick {
            (self.rounds() * MORE_ROUNDS, self.lasting() / SHORTER)
        } else {
            (self.rounds(), self.lasting())
        }
    }

    /// How many codes a round may use up. It ends when they are, so that making them does not take longer than it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of codes"
    )]
    pub(crate) fn consumed(&self) -> usize {
        (CONSUMED_PER_SECOND * self.lasting().as_secs_f64()).ceil() as usize
    }

    /// Tells whoever waits how far it has come.
    #[expect(clippy::unused_self, reason = "what is said belongs to a run")]
    pub(crate) fn say(&self, sentence: &str) {
        eprintln!("    {sentence}");
    }

    /// Has the stores write out what they hold back.
    pub(crate) fn settle(&self) {
        if let Some(stores) = self.stores {
            stores.settle();
        }
    }
}
