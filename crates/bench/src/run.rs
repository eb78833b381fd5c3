//! One run: what everything that is measured has in common.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::service::Program;
use crate::stores::Stores;

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
