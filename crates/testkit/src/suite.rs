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
        $crate::__short_lived_obligations!(__obligations, $fixture);
    };
    ($fixture:expr) => {
        $crate::__durable_obligations!($fixture);
        $crate::__short_lived_obligations!(__obligations, $fixture);
    };
}

/// The obligations of the short-lived ports one after the other, in an async block: for an adapter whose servers take too
/// long to start to have them anew for every test. The fixture is called for each, as in [`contract_suite!`].
#[macro_export]
macro_rules! short_lived_obligations_in_turn {
    ($fixture:expr) => {
        $crate::__short_lived_obligations!(__obligations_in_turn, $fixture);
    };
}

/// The calls of one group.
#[doc(hidden)]
#[macro_export]
macro_rules! __obligations_in_turn {
    ($fixture:expr, $group:ident, $stores:ident::$port:ident, [$($case:ident,)*]) => {
        $(
            eprintln!(concat!(stringify!($group), "::", stringify!($case)));
            let fixture = ($fixture)().await;
            $crate::contract::$group::$case($crate::$stores::$port(&fixture)).await;
        )*
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
                        for _ in $crate::rounds(stringify!($case)) {
                            let fixture = ($fixture)().await;
                            $crate::contract::$group::$case($crate::$stores::$port(&fixture)).await;
                        }
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
        $crate::__obligations!(
            $fixture,
            clients,
            DurableStores::clients,
            [
                a_client_is_read_back_as_it_was_inserted,
                a_client_is_found_by_either_of_its_ids,
                an_unknown_client_is_none,
                a_client_id_is_given_once,
                of_concurrent_insertions_with_one_client_id_one_wins,
                concurrent_insertions_of_different_clients_lose_none,
                a_replaced_profile_is_the_next_revision_and_nothing_else_changes,
                replacing_an_old_revision_is_stale_and_changes_nothing,
                replacing_an_unknown_client_is_told_and_makes_none,
                of_concurrent_replacements_that_expect_one_revision_one_wins,
                concurrent_replacements_without_condition_are_all_counted,
            ]
        );
        $crate::__obligations!(
            $fixture,
            client_lists,
            DurableStores::clients,
            [
                an_empty_store_has_an_empty_list,
                a_list_holds_whole_clients,
                names_are_sorted_without_regard_to_case,
                lists_are_sorted_by_age_and_by_last_change,
                ties_go_by_id,
                a_text_is_looked_for_in_name_and_description_without_regard_to_case,
                search_ignores_case_and_composition_in_every_script,
                names_of_every_script_are_sorted_alike,
                pattern_and_quote_characters_are_data,
                pages_cover_a_list_without_gap_or_overlap,
                a_page_by_age_does_not_shift_when_clients_are_added,
            ]
        );
        $crate::__obligations!(
            $fixture,
            client_secrets,
            DurableStores::clients,
            [
                a_secret_is_read_back_as_it_was_inserted,
                a_label_is_read_back_character_by_character_and_may_be_given_twice,
                the_life_of_a_secret_leaves_its_label_alone,
                secrets_are_listed_oldest_first_with_the_expired_ones,
                the_first_secret_makes_its_client_confidential_for_good,
                an_unknown_client_gets_no_secret,
                a_client_has_so_many_secrets_and_no_more_expired_ones_included,
                concurrent_insertions_stop_at_the_limit,
                a_lookup_id_is_given_once_within_a_client,
                lookup_ids_differ_by_case,
                of_concurrent_insertions_with_one_lookup_id_one_wins,
                a_new_secret_only_shortens_the_life_of_the_others,
                a_new_secret_keeps_its_own_deadline,
                a_secret_is_deleted_by_its_own_client_only,
                of_concurrent_deletions_one_finds_the_secret,
                the_last_use_of_a_secret_never_goes_backwards,
                replacing_a_profile_leaves_the_secrets_alone,
            ]
        );
        $crate::__obligations!(
            $fixture,
            client_icons,
            DurableStores::clients,
            [
                a_client_has_no_icon_at_first,
                an_icon_is_read_back_byte_for_byte,
                an_icon_is_set_replaced_and_removed,
                an_unknown_client_gets_no_icon,
                concurrent_icons_leave_one_of_them_whole,
            ]
        );
        $crate::__obligations!(
            $fixture,
            client_deletion,
            DurableStores::durable,
            [
                deleting_a_client_takes_all_that_is_its_own,
                deleting_a_client_leaves_the_others_alone,
                deleting_a_client_counts_what_it_ended_and_keeps_earlier_reasons,
                a_client_is_deleted_once,
                the_audit_log_outlives_the_client,
                a_deleted_clients_public_id_can_be_given_anew_and_brings_nothing_back,
                secrets_added_while_their_client_is_deleted_do_not_stay_behind,
            ]
        );
        $crate::__obligations!(
            $fixture,
            consents,
            DurableStores::durable,
            [
                what_was_never_allowed_is_not_on_record,
                a_consent_is_read_back_as_it_was_given,
                a_later_consent_adds_to_the_earlier_one,
                a_consent_that_adds_nothing_changes_nothing,
                consents_are_kept_apart_by_user_and_by_client,
                consents_are_kept_apart_by_resource,
                a_users_consents_are_listed_and_nobody_elses,
                forgetting_takes_one_consent_only,
                a_consent_after_forgetting_starts_anew,
                of_a_client_that_is_not_there_nothing_is_remembered,
                of_concurrent_consents_none_is_lost,
                of_concurrent_forgettings_one_finds_something,
            ]
        );
        $crate::__obligations!(
            $fixture,
            audit,
            DurableStores::audit,
            [
                an_event_is_read_back_as_it_was_appended,
                events_are_listed_newest_first_in_whatever_order_they_came,
                appending_an_event_again_changes_nothing,
                the_events_of_one_client_can_be_told_from_the_others,
                a_filter_means_the_events_that_meet_all_of_it,
                pages_cover_the_log_without_gap_or_overlap,
                concurrent_events_are_all_recorded,
                an_event_that_is_appended_concurrently_is_recorded_once,
                old_events_are_forgotten_the_oldest_first,
                concurrent_purges_of_events_count_each_once,
            ]
        );
        $crate::__obligations!(
            $fixture,
            keys,
            DurableStores::keys,
            [
                a_new_store_has_no_keys,
                keys_are_read_back_as_they_were_installed,
                keys_are_installed_once_for_each_purpose,
                of_concurrent_installations_one_wins,
                rotating_moves_every_key_one_state_on,
                rotating_one_purpose_leaves_the_other_alone,
                rotating_from_a_key_that_is_not_current_changes_nothing,
                of_concurrent_rotations_one_wins,
                no_reader_sees_a_purpose_without_one_current_and_one_next_key,
                a_key_is_resealed_once_and_nothing_else_of_it_changes,
                only_retired_keys_can_be_removed,
            ]
        );
        $crate::__obligations!(
            $fixture,
            users,
            DurableStores::users,
            [
                a_user_is_read_back_as_they_were_inserted,
                an_unknown_user_is_none,
                a_name_is_given_once_and_case_makes_another_name,
                of_concurrent_insertions_of_one_name_one_wins,
                the_first_user_is_added_only_where_there_is_none,
                of_concurrent_first_users_one_wins,
                users_are_listed_by_name_page_by_page,
                a_new_password_replaces_the_old_one_and_nothing_else,
                a_user_is_locked_and_unlocked,
                a_change_is_later_than_the_one_before_whatever_the_clock_says,
            ]
        );
        $crate::__obligations!(
            $fixture,
            tokens,
            DurableStores::tokens,
            [
                a_record_is_read_back_as_it_was_inserted,
                an_unknown_record_is_none,
                a_record_is_found_also_after_its_end,
                concurrent_insertions_lose_no_record,
                an_id_is_inserted_once,
                of_concurrent_insertions_of_one_id_one_wins,
                the_last_use_of_a_record_never_goes_backwards,
                concurrent_uses_leave_the_latest_noted,
                the_oldest_live_record_without_expiry_is_known,
                purging_takes_only_what_is_over_for_good,
                purging_takes_few_at_a_time,
            ]
        );
        $crate::__obligations!(
            $fixture,
            rotation,
            DurableStores::tokens,
            [
                the_live_token_is_rotated_by_the_rule,
                a_record_that_is_not_there_or_has_no_refresh_token_is_unknown,
                a_rotated_token_ends_the_record_and_only_the_first_such_call_is_the_first,
                reuse_is_recognised_until_the_record_is_purged,
                a_token_older_than_the_rotated_one_ends_the_record_too,
                a_record_ends_at_its_expiry_to_the_microsecond,
                a_revoked_record_stays_revoked_whatever_is_presented,
                a_retry_inside_the_window_gets_the_same_successor,
                the_window_closes_to_the_microsecond,
                a_retry_that_asks_for_another_scope_is_superseded,
                a_retry_after_the_successor_was_used_is_superseded,
                of_concurrent_rotations_of_one_token_one_wins_and_the_rest_are_reuse,
                of_concurrent_rotations_with_a_window_all_get_the_one_successor,
                concurrent_rotations_of_different_records_do_not_mix,
                a_rotation_that_meets_a_revocation_leaves_the_record_revoked,
            ]
        );
        $crate::__obligations!(
            $fixture,
            revocations,
            DurableStores::tokens,
            [
                a_grant_older_than_its_revocation_becomes_no_record,
                a_revocation_covers_its_client_and_user_only,
                the_latest_revocation_counts,
                an_existing_record_is_told_from_a_revoked_grant,
                a_concurrent_revocation_leaves_no_live_record,
                revocations_are_purged_with_the_records_of_their_time,
            ]
        );
        $crate::__obligations!(
            $fixture,
            token_ends,
            DurableStores::tokens,
            [
                a_record_is_revoked_once_and_the_first_reason_stays,
                an_expired_record_had_ended_before_it_is_revoked_or_barred,
                revoking_what_is_not_there_makes_nothing,
                a_client_revokes_its_own_records_only,
                of_concurrent_revocations_one_ends_the_record,
                a_barred_record_cannot_be_inserted_any_more,
                barring_a_record_that_is_there_ends_it_as_it_is,
                barring_twice_keeps_the_first_end,
                an_insertion_where_a_record_was_is_told_from_one_that_was_barred,
                an_insertion_that_meets_a_bar_leaves_the_record_revoked,
                of_concurrent_bars_one_ends_the_record,
                all_records_can_be_revoked,
                all_records_of_a_client_can_be_revoked,
                all_records_of_a_user_can_be_revoked,
                all_records_of_a_user_with_a_client_can_be_revoked,
                a_filter_that_means_nobody_revokes_nothing,
                concurrent_revocations_of_all_count_each_record_once,
            ]
        );
        $crate::__obligations!(
            $fixture,
            token_lists,
            DurableStores::tokens,
            [
                a_list_holds_whole_records,
                only_live_records_are_listed,
                a_filter_chooses_by_client_and_by_user,
                records_are_listed_oldest_first_and_ties_go_by_id,
                pages_cover_the_records_without_gap_or_overlap,
                a_page_does_not_shift_when_records_are_added_or_used,
            ]
        );
        $crate::__obligations!(
            $fixture,
            usage,
            DurableStores::usage,
            [
                nothing_was_answered_at_first,
                counts_are_read_back_sorted_as_they_were_added,
                what_is_added_later_adds_up_for_each_key_by_itself,
                one_key_given_twice_at_once_adds_up,
                both_ends_of_a_period_belong_to_it,
                large_counts_are_kept,
                of_concurrent_additions_none_is_lost,
                purging_takes_earlier_days_only_and_few_at_a_time,
            ]
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __short_lived_obligations {
    ($each:ident, $fixture:expr) => {
        $crate::$each!(
            $fixture,
            codes,
            ShortLivedStores::codes,
            [
                a_code_is_redeemed_as_it_was_kept,
                an_unknown_code_is_unknown,
                a_code_that_was_used_is_a_replay_whatever_its_client_presents_along,
                a_replay_is_recognised_until_the_memory_of_it_ends,
                what_does_not_fit_is_told_and_burns_nothing,
                a_challenge_that_was_not_asked_for_does_not_fit,
                a_redirect_uri_that_was_not_sent_need_not_be_sent,
                another_client_learns_only_that_and_burns_nothing,
                a_code_is_refused_from_its_expiry_on,
                of_concurrent_redemptions_one_wins_and_the_rest_are_replays,
                concurrent_misfits_and_strangers_do_not_keep_the_owner_from_winning,
                concurrent_insertions_lose_no_code,
                purging_takes_only_codes_past_use_and_memory_and_few_at_a_time,
            ]
        );
        $crate::$each!(
            $fixture,
            devices,
            ShortLivedStores::devices,
            [
                a_request_is_found_as_it_was_inserted,
                an_unknown_code_is_unknown,
                a_user_code_that_is_taken_is_refused_and_nothing_changes,
                only_an_open_request_is_found,
                an_approval_is_handed_out_whole_and_once,
                a_denial_is_told_at_every_poll,
                what_is_decided_stays_decided,
            ]
        );
        $crate::$each!(
            $fixture,
            device_polls,
            ShortLivedStores::devices,
            [
                polling_at_the_interval_is_pending,
                each_poll_too_early_makes_the_wait_longer_and_that_is_remembered,
                a_poll_a_little_early_is_borne_to_the_microsecond,
                a_clock_that_is_behind_counts_as_no_wait_at_all,
                devices_have_a_pace_of_their_own,
                an_approval_is_handed_out_whatever_the_pace,
                another_client_changes_nothing_at_any_time,
                another_resource_changes_nothing,
            ]
        );
        $crate::$each!(
            $fixture,
            device_expiry,
            ShortLivedStores::devices,
            [
                until_its_expiry_a_code_can_be_decided_and_redeemed,
                from_its_expiry_on_a_code_is_expired_whatever_it_was,
                an_expired_code_is_unknown_once_the_memory_of_it_ends,
                a_user_code_stays_taken_until_its_request_is_forgotten,
                a_user_code_is_free_once_its_request_is_forgotten,
                purging_a_forgotten_request_leaves_its_user_code_to_the_next,
                a_purged_user_code_can_be_given_anew,
                purging_takes_only_what_is_forgotten_and_few_at_a_time,
            ]
        );
        $crate::$each!(
            $fixture,
            device_races,
            ShortLivedStores::devices,
            [
                of_concurrent_polls_of_an_approved_code_one_is_granted_and_the_rest_see_it_redeemed,
                strangers_do_not_keep_the_device_from_its_grant,
                of_concurrent_decisions_one_decides,
                of_concurrent_insertions_with_one_user_code_one_wins,
                concurrent_insertions_lose_no_request,
                concurrent_polls_each_make_the_wait_longer,
                polls_that_meet_an_approval_are_granted_once,
            ]
        );
        $crate::$each!(
            $fixture,
            device_limits,
            ShortLivedStores::devices,
            [
                an_address_has_so_many_pending_requests_and_no_more,
                one_ipv6_network_is_one_address,
                all_addresses_together_have_so_many_pending_requests,
                a_decided_request_is_not_pending_any_more,
                an_expired_request_is_not_pending_any_more,
                concurrent_requests_stop_at_the_limit,
            ]
        );
        $crate::$each!(
            $fixture,
            device_steps,
            ShortLivedStores::devices,
            [any_steps_in_any_order_are_answered_by_the_rule,]
        );
        $crate::$each!(
            $fixture,
            sessions,
            ShortLivedStores::sessions,
            [
                a_session_is_read_back_as_it_was_kept,
                a_session_is_none_from_its_expiry_on,
                a_removed_session_is_gone_and_the_others_stay,
                every_session_of_one_user_can_be_ended,
                concurrent_sign_ins_lose_no_session,
                purging_takes_expired_sessions_only_and_few_at_a_time,
            ]
        );
        $crate::$each!(
            $fixture,
            attempts,
            ShortLivedStores::attempts,
            [
                attempts_are_counted_in_a_window_that_does_not_move,
                a_window_ends_to_the_microsecond_and_the_next_attempt_opens_another,
                looking_does_not_count,
                a_window_that_has_ended_is_none,
                keys_are_counted_apart,
                a_cleared_key_starts_anew_and_the_others_go_on,
                an_attempt_is_revoked_from_its_open_window_only,
                attempts_taken_back_at_once_are_each_taken_back,
                concurrent_attempts_get_different_counts,
                purging_takes_ended_windows_only_and_few_at_a_time,
            ]
        );
    };
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// The names in the suite's list for `group`; `suite` is its source without white space.
    fn listed(suite: &str, group: &str) -> BTreeSet<String> {
        let (_, after) = suite
            .split_once(&format!("($fixture,{group},"))
            .unwrap_or_else(|| panic!("the suite has no group {group}"));
        let (_, list) = after.split_once('[').expect("a group has a list");
        let (list, _) = list.split_once(']').expect("a list ends");
        list.split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The obligations that a source file has.
    fn written(source: &str) -> BTreeSet<String> {
        let functions = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
        functions
            .filter_map(|rest| rest.split_once('('))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn the_suite_has_every_obligation_that_is_written() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let suite = fs::read_to_string(sources.join("suite.rs")).expect("the suite can be read");
        let suite: String = suite.split_whitespace().collect();
        let mut groups = 0;
        for entry in fs::read_dir(sources.join("contract")).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let group = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("a file has a name")
                .to_owned();
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
