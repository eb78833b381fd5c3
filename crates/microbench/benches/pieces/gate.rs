//! What the gate asks of every request to Informer: the path in its normal form, the row it falls under, and whether the
//! token's scopes are enough.

use std::hint::black_box;

use criterion::Criterion;
use informer_oauth_domain::{
    path::{NormalPath, PathRefused},
    route::{Area, Route, RouteTable, Verdict},
    scope::{Scope, ScopeSet},
};
use informer_oauth_testkit::values::scope;

use crate::Group;

fn path(target: &str) -> NormalPath {
    NormalPath::parse(target).expect("the target has a normal form")
}

fn paths(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "path");
    let targets = [
        ("short", "/api/me", "/api/me"),
        (
            "with a query",
            "/api/datasets/3f2b9c1e-orders/_search?limit=50&q=region%3Aemea&sort=-created",
            "/api/datasets/3f2b9c1e-orders/_search",
        ),
        (
            "not in normal form",
            "/api/reports/%61nnual%2d2026/_run/",
            "/api/reports/annual-2026/_run",
        ),
    ];
    for (name, target, normal) in targets {
        let is_right = |read: &Result<NormalPath, PathRefused>| read.as_ref().is_ok_and(|path| path.as_str() == normal);
        group.bench(name, is_right, || NormalPath::parse(black_box(target)));
    }
    let is_read = |read: &Result<NormalPath, PathRefused>| {
        read.as_ref()
            .is_ok_and(|path| path.other_readings() == ["/api/libraries/a/contents/js/app.js"])
    };
    group.bench("read in two ways", is_read, || {
        NormalPath::parse(black_box("/api/libraries/a/contents/js%2Fapp.js"))
    });
    let refused = |read: &_| *read == Err(PathRefused::DotSegment);
    group.bench("refused", refused, || {
        NormalPath::parse(black_box("/api/datasets/..%2Fusers"))
    });
}

fn decisions(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "route");
    let table = RouteTable::informer();
    let allowed = [
        (
            "search in a dataset",
            "POST",
            "/api/datasets/3f2b9c1e-orders/_search",
            Scope::ReadDataset,
        ),
        (
            "run a report",
            "POST",
            "/api/reports/annual-2026/_run",
            Scope::ReadReport,
        ),
        (
            "one's own profile",
            "GET",
            "/api/users/ada/settings",
            Scope::ReadProfile,
        ),
        ("anything else", "PUT", "/api/datasources/7", Scope::WriteGlobal),
    ];
    for (name, method, target, by) in allowed {
        let (path, granted) = (path(target), ScopeSet::from(by));
        let is_right = |verdict: &Verdict| matches!(verdict, Verdict::Allowed { by: found, .. } if *found == by);
        group.bench(name, is_right, || {
            table.judge(black_box(method), black_box(&path), "ada", black_box(granted))
        });
    }

    let orders = path("/api/datasets/3f2b9c1e-orders");
    let reading = scope("read:dataset read:profile");
    let is_right = |verdict: &Verdict| {
        matches!(
            verdict,
            Verdict::Insufficient {
                needed: Scope::WriteDataset,
                ..
            }
        )
    };
    group.bench("not enough", is_right, || {
        table.judge(black_box("DELETE"), black_box(&orders), "ada", black_box(reading))
    });

    let row = |n| Route::new(&format!("/api/plugins/{n}/**"), &[], Area::Dataset).expect("the row is valid");
    let extended = RouteTable::extended((0..20).map(row).collect());
    let is_right = |verdict: &Verdict| {
        matches!(
            verdict,
            Verdict::Allowed {
                by: Scope::ReadDataset,
                ..
            }
        )
    };
    group.bench("behind twenty rows of one's own", is_right, || {
        extended.judge(black_box("GET"), black_box(&orders), "ada", black_box(reading))
    });
}

/// All of it, as it is for a token that was seen before.
fn requests(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "gate");
    let table = RouteTable::informer();
    let granted = scope("read:dataset read:profile");
    let judge = |method: &str, target: &str| {
        NormalPath::parse(target).is_ok_and(|path| table.judge(method, &path, "ada", granted).is_allowed())
    };
    group.bench(
        "path and scope",
        |passes| *passes,
        || {
            judge(
                black_box("POST"),
                black_box("/api/datasets/3f2b9c1e-orders/_search?limit=50"),
            )
        },
    );
}

pub(crate) fn benches(criterion: &mut Criterion) {
    paths(criterion);
    decisions(criterion);
    requests(criterion);
}
