#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> NormalPath {
    NormalPath::parse(text).unwrap()
}

/// The scopes that get `ada` through, each tried alone.
fn passes(table: &RouteTable, method: &str, uri: &str) -> Vec<Scope> {
    Scope::ALL
        .into_iter()
        .filter(|scope| {
            table
                .judge(method, &path(uri), "ada", ScopeSet::from(*scope))
                .is_allowed()
        })
        .collect()
}

fn needed(method: &str, uri: &str) -> Scope {
    match RouteTable::informer().judge(method, &path(uri), "ada", ScopeSet::EMPTY) {
        Verdict::Insufficient { needed, .. } => needed,
        verdict => panic!("{method} {uri} without a scope: {verdict}"),
    }
}

#[test]
fn every_scope_reaches_its_row_of_the_table_and_no_other() {
    use Scope::*;
    let dataset_read = vec![ReadDataset, WriteDataset, ReadGlobal, WriteGlobal];
    let dataset_write = vec![WriteDataset, WriteGlobal];
    let report_read = vec![ReadReport, WriteReport, ReadGlobal, WriteGlobal];
    let report_write = vec![WriteReport, WriteGlobal];
    let query_read = vec![WriteReport, ReadGlobal, WriteGlobal];
    let profile_read = vec![ReadProfile, WriteProfile, ReadGlobal, WriteGlobal];
    let profile_write = vec![WriteProfile, WriteGlobal];
    let global_read = vec![ReadGlobal, WriteGlobal];
    let global_write = vec![WriteGlobal];
    let table = RouteTable::informer();
    for (method, uri, scopes) in [
        ("GET", "/api/datasets", &dataset_read),
        ("HEAD", "/api/datasets/1/data", &dataset_read),
        ("OPTIONS", "/api/datasets/1", &dataset_read),
        ("GET", "/api/datasets-list", &dataset_read),
        ("GET", "/api/dataset-id/sales", &dataset_read),
        ("POST", "/api/datasets/1/_search", &dataset_read),
        ("POST", "/api/datasets/admin:sales/_search", &dataset_read),
        ("POST", "/api/datasets/1/_export", &dataset_read),
        ("GET", "/api/datasets/1/_search", &dataset_read),
        ("POST", "/api/datasets", &dataset_write),
        ("DELETE", "/api/datasets/1", &dataset_write),
        ("PUT", "/api/datasets/1/_search", &dataset_write),
        ("POST", "/api/datasets/_search", &dataset_write),
        ("POST", "/api/datasets/1/x/_search", &dataset_write),
        ("POST", "/api/datasets/1/_search/x", &dataset_write),
        ("POST", "/api/datasets/1/_refresh", &dataset_write),
        ("get", "/api/datasets", &dataset_write),
        ("BREW", "/api/datasets", &dataset_write),
        ("TRACE", "/api/datasets", &dataset_write),
        ("", "/api/datasets", &dataset_write),
        ("GET", "/api/reports/1", &report_read),
        ("GET", "/api/reports-list", &report_read),
        ("POST", "/api/reports/1/_run", &report_read),
        ("PATCH", "/api/reports/1", &report_write),
        ("GET", "/api/queries", &query_read),
        ("GET", "/api/queries/1", &query_read),
        ("GET", "/api/queries-list", &query_read),
        ("POST", "/api/queries/1/_execute", &query_read),
        ("POST", "/api/queries", &report_write),
        ("DELETE", "/api/queries/1", &report_write),
        ("GET", "/api/users/ada", &profile_read),
        ("GET", "/api/users/ada/settings", &profile_read),
        ("GET", "/api/sessions/current", &profile_read),
        ("DELETE", "/api/sessions/current", &profile_write),
        ("GET", "/api/profile/avatar", &profile_read),
        ("GET", "/api/me", &profile_read),
        ("HEAD", "/api/me/", &profile_read),
        ("OPTIONS", "/api/users/ada/memberships", &profile_read),
        ("PUT", "/api/me", &profile_write),
        ("PUT", "/api/users/ada/theme", &profile_write),
        ("PUT", "/api/users/ada", &profile_write),
        ("GET", "/api/users", &global_read),
        ("GET", "/api/users/bob", &global_read),
        ("GET", "/api/users/ad", &global_read),
        ("GET", "/api/users/adam", &global_read),
        ("GET", "/api/sessions", &global_read),
        ("GET", "/api/sessions?username=ada", &global_read),
        ("GET", "/api/sessions/6a1f", &global_read),
        ("GET", "/api/meetings", &global_read),
        ("GET", "/api/users/ada,bob", &global_read),
        ("GET", "/api/users/ada%2Cbob", &global_read),
        ("GET", "/api/users/current", &global_read),
        ("GET", "/api/users/me", &global_read),
        ("PUT", "/api/users/reset-expired-password", &global_write),
        ("POST", "/api/tokens", &global_write),
        ("GET", "/api/sessions/currently", &global_read),
        ("GET", "/api/datasetsx", &global_read),
        ("GET", "/api/datasets.json", &global_read),
        ("GET", "/api/datasources", &global_read),
        ("GET", "/api", &global_read),
        ("GET", "/", &global_read),
        ("GET", "/oauth/authorize", &global_read),
        ("GET", "/v2/api/datasets", &global_read),
        ("DELETE", "/api/users/bob", &global_write),
        ("POST", "/api/datasources/1/_search", &global_write),
        ("POST", "/oauth/token", &global_write),
    ] {
        assert_eq!(&passes(&table, method, uri), scopes, "{method} {uri}");
        assert_eq!(needed(method, uri), scopes[0], "{method} {uri}");
    }
}

#[test]
fn another_case_is_global() {
    for (method, uri, scope) in [
        ("GET", "/api/Datasets", Scope::ReadGlobal),
        ("GET", "/API/datasets/1", Scope::ReadGlobal),
        ("POST", "/api/datasets/1/_Search", Scope::WriteGlobal),
        ("GET", "/api/users/Ada", Scope::ReadGlobal),
        ("GET", "/api/QUERIES/1", Scope::ReadGlobal),
    ] {
        assert_eq!(needed(method, uri), scope, "{method} {uri}");
    }
    assert_eq!(needed("GET", "/api/datasets/SALES"), Scope::ReadDataset);
}

#[test]
fn the_own_profile_is_found_by_the_decoded_name() {
    let table = RouteTable::informer();
    let area = |uri: &str, user: &str| table.required("GET", &path(uri), user).area;
    assert_eq!(
        area("/api/users/j%c3%bcrgen%40example", "jürgen@example"),
        Area::Profile
    );
    assert_eq!(area("/api/users/jürgen@example", "jürgen@example"), Area::Profile);
    assert_eq!(area("/api/users/a%20b", "a b"), Area::Profile);
    assert_eq!(area("/api/users/a+b", "a b"), Area::Global);
    assert_eq!(area("/api/users/{me}", "ada"), Area::Global);
    assert_eq!(area("/api/users", ""), Area::Global);
    assert_eq!(area("/api/users/settings", ""), Area::Global);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn only_the_own_name_to_the_letter_is_the_own_profile(user in name(), other in name(), below in "(/[a-z_]{1,6}){0,2}/?") {
        // Then it is another path.
        prop_assume!(!["", ".", ".."].contains(&other.as_str()));
        let escaped = percent_encoding::utf8_percent_encode(&other, percent_encoding::NON_ALPHANUMERIC);
        if let Ok(path) = NormalPath::parse(format!("/api/users/{escaped}{below}")) {
            let table = RouteTable::informer();
            let required = table.required("GET", &path, &user);
            prop_assert_eq!(required.area == Area::Profile, user == other, "{} for {:?}", path, user);
        }
    }

    #[test]
    fn one_trailing_slash_changes_nothing((method, uri) in requests(), granted in sets()) {
        let table = RouteTable::informer();
        let plain = table.required(&method, &path(&uri), "ada");
        prop_assume!(uri != "/");
        let more = format!("{uri}/");
        prop_assert_eq!(table.required(&method, &path(&more), "ada"), plain, "{}", more);
        prop_assert_eq!(
            table.judge(&method, &path(&more), "ada", granted).is_allowed(),
            table.judge(&method, &path(&uri), "ada", granted).is_allowed()
        );
    }

    #[test]
    fn a_path_that_no_row_names_needs_a_global_scope((method, uri) in requests(), first in "[a-z]{1,10}") {
        prop_assume!(first != "api");
        let required = RouteTable::informer();
        let required = required.required(&method, &path(&format!("/{first}{uri}")), "ada");
        prop_assert_eq!(required.area, Area::Global);
    }
}

/// Names that differ little, in case, in accents, by what a path makes of them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "ada",
            "Ada",
            "ADA",
            "ad\u{e1}",
            "ad\u{c1}",
            "ada\u{301}",
            "ada ",
            "ada.",
            "..",
            ".",
            "a b",
            "a+b",
            "a%20b",
            "{me}",
            "me",
            "**",
            "ada@example.com",
            "K",
            "\u{212a}",
            "k",
            "\u{130}",
            "i\u{307}",
            "",
        ])
        .prop_map(str::to_owned),
        "[aAdD%._+@ -]{0,4}",
        any::<String>(),
    ]
}

#[test]
fn the_least_of_several_scopes_is_named() {
    let table = RouteTable::informer();
    let verdict = table.judge("GET", &path("/api/reports/1"), "ada", ScopeSet::ALL);
    assert!(matches!(
        verdict,
        Verdict::Allowed {
            by: Scope::ReadReport,
            ..
        }
    ));
    let verdict = table.judge("GET", &path("/api/queries/1"), "ada", ScopeSet::ALL);
    assert!(matches!(
        verdict,
        Verdict::Allowed {
            by: Scope::WriteReport,
            ..
        }
    ));
}

#[test]
fn rows_of_ones_own_come_first() {
    let table = RouteTable::extended(vec![
        Route::new("/api/datasets/{id}/_purge", &[], Area::Global)
            .unwrap()
            .with_access(Access::Write),
        Route::new("/api/dashboards/{id}/_preview", &["POST"], Area::Report)
            .unwrap()
            .with_access(Access::Read),
        Route::new("/api/dashboards/**", &[], Area::Report)
            .unwrap()
            .with_write_scope_only(),
    ]);
    assert_eq!(passes(&table, "GET", "/api/datasets/1/_purge"), [Scope::WriteGlobal]);
    // A row that fits but for its case must not be stepped over towards a wider one.
    assert_eq!(
        passes(&table, "GET", "/api/datasets/1/_PURGE"),
        [Scope::ReadGlobal, Scope::WriteGlobal]
    );
    assert_eq!(
        passes(&table, "POST", "/api/dashboards/1/_preview"),
        [
            Scope::ReadReport,
            Scope::WriteReport,
            Scope::ReadGlobal,
            Scope::WriteGlobal
        ]
    );
    assert_eq!(
        passes(&table, "GET", "/api/dashboards"),
        [Scope::WriteReport, Scope::ReadGlobal, Scope::WriteGlobal]
    );
    assert!(passes(&table, "GET", "/api/datasets/1").contains(&Scope::ReadDataset));
}

#[test]
fn built_in_rows_obey_the_rules_for_rows_of_ones_own() {
    for route in RouteTable::informer().rows() {
        let methods: Vec<String> = route.methods().iter().map(Method::to_string).collect();
        let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        let copy = Route::new(route.pattern(), &methods, route.area()).unwrap();
        let copy = route.access().map_or(copy.clone(), |access| copy.with_access(access));
        let copy = if route.is_write_scope_only() {
            copy.with_write_scope_only()
        } else {
            copy
        };
        assert_eq!(&copy, route);
    }
    assert_eq!(INFORMER.last(), Some(&ANYTHING));
}

#[test]
fn patterns_that_could_not_mean_what_they_say_are_refused() {
    for (pattern, why) in [
        ("", RouteError::NotNormal as fn(String) -> RouteError),
        ("api/x", RouteError::NotNormal),
        ("/api//x", RouteError::NotNormal),
        ("/api/x/", RouteError::NotNormal),
        ("/api/../x", RouteError::NotNormal),
        ("/api/%61", RouteError::NotNormal),
        ("/api/x?y", RouteError::NotNormal),
        ("/api/x y", RouteError::NotNormal),
        ("/**/x", RouteError::Tail),
        ("/api/*", RouteError::Placeholder),
        ("/api/x**", RouteError::Placeholder),
        ("/api/{id}.json", RouteError::Placeholder),
        ("/api/{}", RouteError::Placeholder),
        ("/api/{id", RouteError::Placeholder),
    ] {
        assert_eq!(
            Route::new(pattern, &[], Area::Global),
            Err(why(pattern.to_owned())),
            "{pattern:?}"
        );
    }
    assert_eq!(
        Route::new("/x", &["post"], Area::Global),
        Err(RouteError::Method("post".to_owned()))
    );
    assert!(Route::new("/", &[], Area::Global).is_ok());
}

#[test]
fn the_explanation_names_the_row_and_the_reason() {
    let table = RouteTable::informer();
    let line = |method: &str, uri: &str, scope: Scope| table.judge(method, &path(uri), "ada", scope.into()).to_string();
    assert_eq!(
        line("POST", "/api/datasets/1/_search", Scope::ReadDataset),
        "allowed: by read:dataset, because this is a read in the area dataset \
         (row `POST /api/datasets/{id}/_search`, a read whatever the method)"
    );
    assert_eq!(
        line("GET", "/api/queries/1", Scope::ReadReport),
        "insufficient: needs write:report, because this is a read in the area report \
         (row `* /api/queries/**`, which a read scope of the area does not reach)"
    );
    assert_eq!(
        line("GET", "/api/Datasets", Scope::ReadDataset),
        "insufficient: needs read:global, because this is a read in the area global \
         (row `* /api/datasets/**` fits only when upper and lower case are confused)"
    );
}

#[test]
fn areas_and_accesses_read_back_what_they_write() {
    for area in [Area::Dataset, Area::Report, Area::Profile, Area::Global] {
        assert_eq!(area.to_string().parse(), Ok(area));
    }
    for access in [Access::Read, Access::Write] {
        assert_eq!(access.to_string().parse(), Ok(access));
    }
    assert_eq!("Dataset".parse::<Area>(), Err(UnknownName::Area));
    assert_eq!("READ".parse::<Access>(), Err(UnknownName::Access));
}

fn requests() -> impl Strategy<Value = (String, String)> {
    let method = prop_oneof![
        Just("GET".to_owned()),
        Just("POST".to_owned()),
        Just("DELETE".to_owned()),
        "[A-Za-z]{0,8}"
    ];
    let segment = prop_oneof![
        Just("api"),
        Just("datasets"),
        Just("Datasets"),
        Just("queries"),
        Just("reports"),
        Just("users"),
        Just("ada"),
        Just("Ada"),
        Just("_search"),
        Just("_run"),
        Just("profile"),
        Just("sessions"),
        Just("current"),
        Just("1"),
        Just("%C3%A9"),
        Just("reports-list"),
    ];
    (
        method,
        prop::collection::vec(segment, 0..6).prop_map(|segments| format!("/{}", segments.join("/"))),
    )
}

fn sets() -> impl Strategy<Value = ScopeSet> {
    prop::collection::vec(prop::sample::select(Scope::ALL.to_vec()), 0..8)
        .prop_map(|scopes| scopes.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_row_is_ruled_out_by_its_beginning_that_fits((method, uri) in requests(), upper in any::<bool>()) {
        let uri = if upper { uri.to_uppercase() } else { uri };
        let Ok(path) = NormalPath::parse(&uri) else { return Ok(()) };
        for route in RouteTable::informer().rows() {
            let unfiltered = Route { literal: 0, ..route.clone() };
            let method = Method::parse(&method);
            prop_assert_eq!(route.fit(method, path.as_str(), "ada"), unfiltered.fit(method, path.as_str(), "ada"), "{}", route);
        }
    }

    #[test]
    fn the_table_agrees_with_what_scopes_include((method, uri) in requests(), granted in sets()) {
        let table = RouteTable::informer();
        let required = table.required(&method, &path(&uri), "ada");
        let allowed = table.judge(&method, &path(&uri), "ada", granted).is_allowed();
        if required.route.is_write_scope_only() && !required.case_differs && required.access == Access::Read {
            let reads_all = granted.contains(Scope::ReadGlobal);
            prop_assert_eq!(allowed, reads_all || granted.allows(Scope::WriteReport));
        } else {
            prop_assert_eq!(allowed, granted.allows(required.least_scope()));
        }
    }

    #[test]
    fn more_scopes_never_refuse_what_fewer_allow((method, uri) in requests(), fewer in sets(), more in sets()) {
        let table = RouteTable::informer();
        let before = table.judge(&method, &path(&uri), "ada", fewer).is_allowed();
        let after = table.judge(&method, &path(&uri), "ada", fewer.union(more)).is_allowed();
        prop_assert!(after || !before);
    }

    #[test]
    fn a_write_by_method_never_passes_with_read_scopes_unless_a_row_says_it_reads((method, uri) in requests()) {
        let table = RouteTable::informer();
        let reads: ScopeSet = Scope::ALL.into_iter().filter(|scope| !scope.is_write()).collect();
        let verdict = table.judge(&method, &path(&uri), "ada", reads);
        if verdict.is_allowed() && Method::parse(&method).access() == Access::Write {
            prop_assert_eq!(verdict.required().route.access(), Some(Access::Read));
        }
    }
}

#[test]
fn readings_of_another_row_are_ambiguous() {
    let routes = RouteTable::informer();
    let all: ScopeSet = [Scope::WriteGlobal].into_iter().collect();
    for (method, target) in [
        ("GET", "/api%2fdatasets"),
        ("GET", "/api/datasets;x=1"),
        ("GET", "/api/datasets./sales"),
        ("GET", "/api/datasets%20/sales"),
        ("GET", "/api/users/ada%2Fx"),
        ("GET", "/api/users/ada."),
        ("GET", "/api/users/ada;x"),
        ("POST", "/api/datasets/a%2F_search"),
        ("POST", "/api/datasets/a/_search;x"),
        ("GET", "/api/Datasets%2Fa"),
    ] {
        let verdict = routes.judge(method, &path(target), "ada", all);
        assert!(matches!(verdict, Verdict::Ambiguous { .. }), "{target}: {verdict}");
        assert!(!verdict.is_allowed());
    }
    let reads: ScopeSet = [Scope::ReadDataset].into_iter().collect();
    for (method, target) in [
        ("GET", "/api/datasets/a%2Fb"),
        ("GET", "/api/datasets/a%2F_search"),
        ("GET", "/api/datasets/v1;a"),
        ("GET", "/api/datasets/Acme%20Inc."),
        ("POST", "/api/datasets/v1;a/_search"),
        ("POST", "/api/datasets/Acme%20Inc./_search"),
    ] {
        let verdict = routes.judge(method, &path(target), "ada", reads);
        assert!(verdict.is_allowed(), "{target}: {verdict}");
    }
}

#[test]
fn upgrade_needs_a_write_scope_of_its_area() {
    let routes = RouteTable::extended(vec![
        Route::new("/api/live/**", &["GET"], Area::Report)
            .unwrap()
            .with_access(Access::Read),
    ]);
    for (target, needed) in [
        ("/api/datasets/sales/live", Scope::WriteDataset),
        ("/api/reports/q1/live", Scope::WriteReport),
        ("/api/live/q1", Scope::WriteReport),
        ("/api/users/ada/live", Scope::WriteProfile),
        ("/api/socket", Scope::WriteGlobal),
    ] {
        for scope in ScopeSet::ALL.iter() {
            let granted: ScopeSet = [scope].into_iter().collect();
            let verdict = routes.judge_upgrade("GET", &path(target), "ada", granted);
            let passes = scope == needed || scope == Scope::WriteGlobal;
            assert_eq!(verdict.is_allowed(), passes, "{target} {scope}: {verdict}");
            if let Verdict::Insufficient { needed: named, .. } = verdict {
                assert_eq!(named, needed, "{target}");
            }
        }
    }
}
