//! Two processes on one file, as when the command line works beside the service.

use std::{collections::BTreeSet, time::Duration};

use informer_oauth_domain::code::CodeRedemption;
use informer_oauth_ports::{CodeStore, UserDirectory};
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{NOW, a_code, a_presentation, a_user};

use crate::child;

const CODES: u64 = 200;

fn open(path: &std::path::Path) -> Sqlite {
    // Longer than the default: this is about who wins, not about who waits.
    Sqlite::open(
        path,
        &SqliteOptions {
            busy_timeout: Duration::from_secs(20),
            ..SqliteOptions::default()
        },
    )
    .unwrap()
}

/// Presents every code and returns the numbers of those that were given out here.
async fn redeem_all(store: &Sqlite) -> BTreeSet<u64> {
    let mut won = BTreeSet::new();
    for n in 0..CODES {
        let code = a_code(n);
        match store.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap() {
            CodeRedemption::Redeemed(_) => assert!(won.insert(n)),
            CodeRedemption::Replayed(_) => {}
            other => panic!("{other:?}"),
        }
    }
    won
}

#[test]
#[ignore = "runs in a process of its own, from the test below"]
fn redeems_every_code() {
    let store = open(&child::file());
    informer_oauth_testkit::run(async {
        child::say(&[]);
        for n in redeem_all(&store).await {
            child::say(&[n]);
        }
        UserDirectory::insert(&store, &a_user("other")).await.unwrap();
    });
}

#[test]
fn of_two_processes_that_present_a_code_one_gets_it_and_both_see_what_the_other_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = open(&path);
    informer_oauth_testkit::run(async {
        for n in 0..CODES {
            CodeStore::insert(&store, &a_code(n)).await.unwrap();
        }
        let process = child::start("two_processes::redeems_every_code", &path);
        process.said.recv().unwrap();
        let here = redeem_all(&store).await;
        let there: BTreeSet<u64> = process.finish().into_iter().flatten().collect();
        assert_eq!(here.intersection(&there).count(), 0, "no code was given out twice");
        assert_eq!(
            here.len() + there.len(),
            usize::try_from(CODES).unwrap(),
            "no code was lost"
        );
        assert!(UserDirectory::find(&store, "other").await.unwrap().is_some());
    });
}
