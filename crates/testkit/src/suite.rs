/// One test per obligation of the store ports: an adapter's whole contract test.
///
/// The argument is an async function or closure without arguments that gives empty stores, of its own for every call:
/// something that implements every port, or a [`Fixture`](crate::Fixture) around it that keeps a temporary folder or a
/// server alive while the test runs. An adapter with some of the ports only says which.
///
/// ```ignore
/// contract_suite!(async || Memory::default());
/// contract_suite!(durable: throwaway_postgres);
/// contract_suite!(short_lived: throwaway_redis);
/// ```
#[macro_export]
macro_rules! contract_suite {
    (durable: $fixture:expr) => {
        $crate::__durable_obligations!($fixture);
    };
    (short_lived: $fixture:expr) => {
        $crate::__short_lived_obligations!($fixture);
    };
    ($fixture:expr) => {
        $crate::__durable_obligations!($fixture);
        $crate::__short_lived_obligations!($fixture);
    };
}

/// The tests of one group.
#[doc(hidden)]
#[macro_export]
macro_rules! __obligations {
    ($fixture:expr, $group:ident, $stores:ident::$port:ident, [$($case:ident,)*]) => {
        mod $group {
            #[allow(unused_imports, reason = "a closure may name nothing of the file around it")]
            use super::*;

            $(
                #[test]
                fn $case() {
                    $crate::run(async {
                        let fixture = ($fixture)().await;
                        $crate::contract::$group::$case($crate::$stores::$port(&fixture)).await;
                    });
                }
            )*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __durable_obligations {
    ($fixture:expr) => {
        $crate::__obligations!($fixture, consents, DurableStores::durable, [
            what_was_never_allowed_is_not_on_record,
            a_consent_is_read_back_as_it_was_given,
            a_later_consent_adds_to_the_earlier_one,
            a_consent_that_adds_nothing_changes_nothing,
            consents_are_kept_apart_by_user_and_by_client,
            forgetting_takes_one_consent_only,
            a_consent_after_forgetting_starts_anew,
            of_concurrent_consents_none_is_lost,
            of_concurrent_forgettings_one_finds_something,
        ]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __short_lived_obligations {
    ($fixture:expr) => {
        $crate::__obligations!($fixture, sessions, ShortLivedStores::sessions, [
            a_session_is_read_back_as_it_was_kept,
            a_session_is_none_from_its_expiry_on,
            a_removed_session_is_gone_and_the_others_stay,
            every_session_of_one_user_can_be_ended,
            concurrent_sign_ins_lose_no_session,
            purging_takes_expired_sessions_only_and_few_at_a_time,
        ]);
    };
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// The names in the suite's list for `group`.
    fn listed(suite: &str, group: &str) -> BTreeSet<String> {
        let (_, after) = suite
            .split_once(&format!("($fixture, {group}, "))
            .unwrap_or_else(|| panic!("the suite has no group {group}"));
        let (_, list) = after.split_once('[').expect("a group has a list");
        let (list, _) = list.split_once(']').expect("a list ends");
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The obligations that a source file has.
    fn written(source: &str) -> BTreeSet<String> {
        let functions = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
        functions.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn the_suite_has_every_obligation_that_is_written() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let suite = fs::read_to_string(sources.join("suite.rs")).expect("the suite can be read");
        let mut groups = 0;
        for entry in fs::read_dir(sources.join("contract")).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let group = path.file_stem().and_then(|name| name.to_str()).expect("a file has a name").to_owned();
            if group == "mod" {
                continue;
            }
            let source = fs::read_to_string(&path).expect("the file can be read");
            assert_eq!(listed(&suite, &group), written(&source), "{group}");
            assert!(!written(&source).is_empty(), "{group} has obligations");
            groups += 1;
        }
        assert!(groups > 0, "there are groups");
    }
}
