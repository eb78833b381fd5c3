//! No text makes the readers panic, and none that was not signed as it is passes.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_is_a_token_by_chance(text in ".{0,200}", dotted in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,90}") {
        for text in [text, dotted] {
            prop_assert!(KEYS.verify_access(&text, NOW).is_err());
            prop_assert!(KEYS.verify_refresh(&text, NOW).is_err());
        }
    }

    #[test]
    fn a_changed_token_never_verifies(purpose in prop::sample::select(&KeyPurpose::ALL[..]), place in any::<prop::sample::Index>(), by in 1_u8..128, cut in any::<bool>()) {
        let token = valid(purpose);
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        if cut {
            bytes.remove(place);
        } else {
            bytes[place] = (bytes[place] + by) % 128;
        }
        let mutant = String::from_utf8(bytes).unwrap();
        prop_assume!(mutant != token);
        prop_assert!(KEYS.verify_access(&mutant, NOW).is_err());
        prop_assert!(KEYS.verify_refresh(&mutant, NOW).is_err());
    }

    #[test]
    fn headers_and_claims_of_any_json_never_panic(header in "\\{(\"(alg|typ|kid|crit)\":(\"(ES256|HS256|at\\+jwt|rt\\+jwt)\"|null|1|\\[\\]),?){0,4}\\}", payload in "\\{(\"[a-z_]{1,9}\":(\"[ -~]{0,9}\"|-?[0-9]{1,25}|null|\\[\\]),?){0,5}\\}") {
        for purpose in KeyPurpose::ALL {
            prop_assert!(KEYS.verify_access(&signed(purpose, &header, &payload), NOW).is_err());
            let whole = part(&valid(purpose), 0).to_string();
            let token = signed(purpose, &whole, &payload);
            prop_assert!(KEYS.verify_access(&token, NOW).is_err());
            prop_assert!(KEYS.verify_refresh(&token, NOW).is_err());
        }
    }
}
