//! What the tour prints: for people as it goes, for programs at its end.

use std::{cell::RefCell, io::IsTerminal as _};

use serde::Serialize;

use super::line;
use crate::output::{Output, may_use_colour};

/// Prints.
pub(super) struct Guide {
    out: Output,
    /// Whether what is said is told from what is typed by its looks, too.
    bold: bool,
    steps: RefCell<Vec<Step>>,
    /// How many headings there were.
    chapters: RefCell<u32>,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) about: String,
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) answer: String,
}

impl Guide {
    pub(super) fn new(out: Output) -> Self {
        Self {
            out,
            bold: std::io::stdout().is_terminal() && may_use_colour(),
            steps: RefCell::default(),
            chapters: RefCell::default(),
        }
    }

    /// Something that is not a step.
    pub(super) fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.out.is_json() { Ok(()) } else { line(text) }
    }

    /// The next chapter's heading and what it is about.
    pub(super) fn heading(&self, title: &str, words: &str) -> anyhow::Result<()> {
        *self.chapters.borrow_mut() += 1;
        let (on, off) = if self.bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        self.say(&format!("{on}{}. {title}{off}\n   {words}\n", self.chapters.borrow()))
    }

    /// A request that has been answered.
    pub(super) fn step(&self, step: Step) -> anyhow::Result<()> {
        let request = step.request.replace('\n', "\n   ");
        self.say(&format!("   $ {request}\n   {} {}\n", step.status, step.answer))?;
        self.steps.borrow_mut().push(step);
        Ok(())
    }

    /// How many requests there were.
    pub(super) fn count(&self) -> usize {
        self.steps.borrow().len()
    }

    /// What programs get.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        if self.out.is_json() {
            self.out.print(&*self.steps.borrow(), |_| String::new())?;
        }
        Ok(())
    }
}
