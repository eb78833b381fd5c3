//! Reading scopes and deciding what of them is granted.

use std::hint::black_box;

use criterion::Criterion;
use informer_oauth_domain::scope::ScopeSet;
use informer_oauth_testkit::values::scope;

use crate::Group;

const TWO: &str = "write:dataset read:profile";

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "scope");
    let read = |text: &str| text.parse::<ScopeSet>();
    let two = |set: &Result<ScopeSet, _>| set.is_ok_and(|set| set.iter().count() == 2);
    group.bench("read two", two, || read(black_box(TWO)));
    let eight = ScopeSet::ALL.to_string();
    let all = |set: &_| *set == Ok(ScopeSet::ALL);
    group.bench("read all eight", all, || read(black_box(&eight)));
    let set = scope(TWO);
    group.bench("write two", |text| text == TWO, || black_box(set).to_string());

    let (asked, allowed) = (
        scope("write:dataset write:report read:profile"),
        scope("read:dataset write:report"),
    );
    let is_right = |granted: &ScopeSet| *granted == scope("read:dataset write:report");
    group.bench("granted of what was asked", is_right, || {
        black_box(allowed).granted_of(black_box(asked))
    });
    let (held, limit) = (scope("read:dataset read:report"), scope("read:global"));
    group.bench(
        "within a limit",
        |within| *within,
        || black_box(held).is_within(black_box(limit)),
    );
}
