//! What a person ticks of the scopes that are asked for, on the consent page and on the device page.

use informer_oauth_domain::{
    parameters::Parameters,
    scope::{Scope, ScopeSet, UnknownScope},
};

/// A ticked box: one field for each scope that may be granted.
const SCOPE: &str = "scope";
/// A write scope of which only the reading half may be granted.
const READ_ONLY: &str = "read_only";
/// There were boxes: without it, none ticked could also mean none shown.
const STEERED: &str = "steered";

/// The fields that a form may hold several times.
pub(super) const REPEATED: [&str; 2] = [SCOPE, READ_ONLY];

/// The state of the boxes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Choice {
    kept: ScopeSet,
    read_only: ScopeSet,
}

impl Choice {
    /// Every box ticked: how the page is shown first, and what a form without boxes means.
    pub(super) const EVERYTHING: Self = Self {
        kept: ScopeSet::ALL,
        read_only: ScopeSet::EMPTY,
    };

    /// Reads the boxes of a form; one without boxes keeps everything.
    pub(super) fn read(fields: &Parameters) -> Result<Self, UnknownScope> {
        let read_only = scopes(fields, READ_ONLY)?;
        let steered = fields.contains(STEERED) || fields.contains(SCOPE) || !read_only.is_empty();
        let kept = if steered { scopes(fields, SCOPE)? } else { ScopeSet::ALL };
        Ok(Self { kept, read_only })
    }

    /// What the person allows, whatever was asked for.
    pub(super) fn allowed(self) -> ScopeSet {
        let halved = |scope: Scope| {
            if self.read_only.contains(scope) {
                scope.read_only()
            } else {
                scope
            }
        };
        self.kept.iter().map(halved).collect()
    }

    pub(super) fn keeps(self, scope: Scope) -> bool {
        self.kept.contains(scope)
    }

    pub(super) fn only_reads(self, scope: Scope) -> bool {
        self.read_only.contains(scope)
    }
}

/// All values of `name`, each of them a scope or a list of scopes; an empty one says nothing.
fn scopes(fields: &Parameters, name: &str) -> Result<ScopeSet, UnknownScope> {
    fields
        .pairs()
        .iter()
        .filter(|(field, _)| field == name)
        .try_fold(ScopeSet::EMPTY, |all, (_, value)| Ok(all.union(value.parse()?)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn allowed(fields: &[(&str, &str)]) -> String {
        let fields: Parameters = fields.iter().copied().collect();
        Choice::read(&fields).unwrap().allowed().to_string()
    }

    #[test]
    fn a_form_without_boxes_allows_everything() {
        let all = ScopeSet::ALL.to_string();
        assert_eq!(allowed(&[("form", "x"), ("decision", "allow")]), all);
        assert_eq!(allowed(&[("form", "x"), ("read_only", ""), ("read_only", "")]), all);
    }

    #[test]
    fn only_ticked_boxes_count_once_there_were_any() {
        assert_eq!(allowed(&[("steered", "1")]), "");
        assert_eq!(
            allowed(&[("read_only", "write:global")]),
            "",
            "nobody means all the rest by that"
        );
        assert_eq!(
            allowed(&[("steered", "1"), ("scope", "read:profile"), ("scope", "write:dataset")]),
            "write:dataset read:profile"
        );
        assert_eq!(allowed(&[("scope", "read:profile")]), "read:profile");
    }

    #[test]
    fn reading_only_takes_the_writing_away_and_gives_nothing() {
        assert_eq!(
            allowed(&[
                ("steered", "1"),
                ("scope", "write:dataset"),
                ("scope", "write:report"),
                ("read_only", "write:dataset"),
                ("read_only", ""),
                ("read_only", "write:global"),
            ]),
            "read:dataset write:report"
        );
    }

    #[test]
    fn boxes_that_no_page_has_are_refused() {
        for (name, value) in [("scope", "all"), ("read_only", "yes")] {
            assert_eq!(Choice::read(&[(name, value)].into_iter().collect()), Err(UnknownScope));
        }
    }
}
