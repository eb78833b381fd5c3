//! What is special about files, and so in no contract: two processes, a restart, a file that somebody has damaged.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use informer_oauth_domain::code::CodeRedemption;
use informer_oauth_example_file_codes::FileCodes;
use informer_oauth_ports::{CodeStore, StoreError};
use informer_oauth_testkit::{
    at_once, run,
    values::{NOW, a_code, a_presentation},
};

#[test]
fn of_two_stores_in_one_folder_one_redeems_a_code() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let stores = [(); 2].map(|()| FileCodes::open(folder.path()).unwrap());
        let code = a_code(1);
        stores[0].insert(&code).await.unwrap();
        let outcomes = at_once(20, async |n| {
            let store = &stores[n % 2];
            store.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap()
        });
        let won = outcomes
            .iter()
            .filter(|o| matches!(o, CodeRedemption::Redeemed(_)))
            .count();
        let lost = outcomes
            .iter()
            .filter(|o| matches!(o, CodeRedemption::Replayed(_)))
            .count();
        assert_eq!((won, lost), (1, 19));
    });
}

#[test]
fn a_used_code_is_still_used_after_a_restart() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let code = a_code(1);
        let redeemed_by_another = async || {
            let store = FileCodes::open(folder.path()).unwrap();
            store.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap()
        };
        FileCodes::open(folder.path()).unwrap().insert(&code).await.unwrap();
        assert_eq!(redeemed_by_another().await, CodeRedemption::Redeemed(code.clone()));
        assert_eq!(redeemed_by_another().await, CodeRedemption::Replayed(code.clone()));
    });
}

#[test]
fn half_a_file_is_corrupt_and_no_code() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = FileCodes::open(folder.path()).unwrap();
        let code = a_code(1);
        store.insert(&code).await.unwrap();
        let path = folder.path().join("live").join(code.digest.to_hex());
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = store
            .redeem(&code.digest, &a_presentation(&code), NOW)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    });
}
