//! Each scope, each family of routes, each method: who gets through to Informer, read from `table.txt`.

use informer_oauth_domain::path::NormalPath;

use crate::{
    behind_each,
    site::Site,
    support::{Request, SCOPES},
};

const TABLE: &str = include_str!("table.txt");

struct Row {
    method: &'static str,
    target: &'static str,
    /// For each of [`SCOPES`], whether a token with that one passes.
    passes: [bool; SCOPES.len()],
}

/// The rows; the columns are as the heading names them.
fn rows() -> Vec<Row> {
    let mut lines = TABLE
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|word| *word != "#"));
    let heading = lines.next().unwrap();
    assert_eq!(heading[2..], SCOPES);
    lines
        .map(|words| {
            let [method, target, cells @ ..] = words.as_slice() else {
                panic!("{words:?}")
            };
            let cells: Vec<bool> = cells
                .iter()
                .map(|cell| match *cell {
                    "passes" => true,
                    "-" => false,
                    other => panic!("{other} in {words:?}"),
                })
                .collect();
            Row {
                method,
                target,
                passes: cells.try_into().unwrap_or_else(|_| panic!("{words:?}")),
            }
        })
        .collect()
}

fn every_scope_reaches_informer_as_far_as_the_table_says(site: &Site) {
    let tokens = SCOPES.map(|scope| site.token(scope));
    let rows = rows();
    assert!(rows.len() > 50);
    for Row { method, target, passes } in rows {
        for ((scope, token), passes) in SCOPES.iter().zip(&tokens).zip(passes) {
            let (answer, seen) = site.send(Request::new(method, target).bearer(token));
            if !passes {
                assert_eq!(answer.status, 403, "{scope}: {answer}");
                assert!(seen.is_empty(), "{scope}: {method} {target}: {seen:?}");
                let challenge = answer.header("www-authenticate").unwrap_or_else(|| panic!("{answer}"));
                assert!(
                    challenge.starts_with("Bearer error=\"insufficient_scope\", scope=\""),
                    "{scope}: {method} {target}: {challenge}"
                );
                continue;
            }
            assert_eq!(answer.status, 200, "{scope}: {answer}");
            let [request] = seen.as_slice() else {
                panic!("{scope}: {method} {target}: {seen:?}")
            };
            assert_eq!(request.method, method, "{scope}: {target}");
            // Some proxies write a path in another way, which means the same.
            assert_eq!(
                NormalPath::parse(&request.path),
                NormalPath::parse(target),
                "{scope}: {request:?}"
            );
            let query = target.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(request.query, query, "{scope}: {target}");
            assert_eq!(request.header("x-informer-user"), Some("admin"), "{request:?}");
            assert_eq!(request.header("x-informer-scope"), Some(*scope), "{request:?}");
        }
        // Without a token, Informer's own rules apply.
        let (_, seen) = site.send(Request::new(method, target));
        let [request] = seen.as_slice() else {
            panic!("without a token: {method} {target}: {seen:?}")
        };
        assert!(
            !request.headers.iter().any(|(name, _)| name.starts_with("x-informer")),
            "{request:?}"
        );
    }
}

behind_each!(every_scope_reaches_informer_as_far_as_the_table_says);
