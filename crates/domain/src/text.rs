//! Text that people type: folded for search, normalised, and checked for characters that do not show.
//!
//! ```
//! use informer_oauth_domain::text::{fold, has_hidden_characters, normalise};
//!
//! assert!(fold("Ärger-Board").contains(&fold("ÄRGER")));
//! assert_eq!(normalise("A\u{308}"), "Ä");
//! assert!(has_hidden_characters("pay\u{202e}lap"));
//! ```

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The text in Unicode's normalization form C: a letter and its accent are one character where there is one.
pub fn normalise(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The form in which texts are compared without regard to case, for search and for sorting: form C, each character
/// replaced by the one it shares its upper-case letter with. A character stays one character, so `ß` is not `ss`.
///
/// Every store compares folded texts byte by byte, so all of them find and sort alike.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded: String = normalise(text).chars().map(fold_character).collect();
    normalise(&folded).into_owned()
}

/// Upper case first: `ς` and `σ`, or `ſ` and `s`, have it in common.
fn fold_character(character: char) -> char {
    let upper = only(character.to_uppercase()).unwrap_or(character);
    only(upper.to_lowercase()).unwrap_or(upper)
}

/// The character, if it is the only one.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

/// Whether a text has characters that do not show, or that change the direction of others: with them, a name can look
/// like another one. Joiners are needed inside of Persian words and of emoji, and are allowed between characters outside
/// of ASCII.
pub fn has_hidden_characters(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let is_outside_ascii = |at: Option<usize>| {
        let neighbour = at.and_then(|at| characters.get(at));
        neighbour.is_some_and(|neighbour| !neighbour.is_ascii() && !is_joiner(*neighbour) && !is_hidden(*neighbour))
    };
    characters.iter().enumerate().any(|(at, character)| {
        if is_joiner(*character) {
            // An emoji's variation selector may stand before a joiner.
            let before = at.checked_sub(1);
            let before = before
                .filter(|at| characters.get(*at) != Some(&'\u{fe0f}'))
                .or_else(|| at.checked_sub(2));
            return !is_outside_ascii(before) || !is_outside_ascii(at.checked_add(1));
        }
        if *character == '\u{fe0f}' {
            // It also stands in keycaps, after a digit.
            return at == 0 || characters.get(at - 1).is_some_and(|before| is_hidden(*before));
        }
        is_hidden(*character)
    })
}

const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Unicode's `Default_Ignorable_Code_Point` but for joiners and the emoji selector, with line separators, fillers and
/// interlinear marks.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_and_composition_in_every_script() {
        for (one, other) in [
            ("Ärger-Board", "ärger-board"),
            ("A\u{308}rger", "ärger"),
            ("ОТЧЁТЫ", "отчёты"),
            ("ΟΔΟΣ", "οδος"),
            ("Οδός", "ΟΔΌΣ"),
            ("SALES", "sales"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{1e9e}", "ß"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("Arger"), fold("Ärger"), "an accent makes another letter");
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for text in ["İstanbul", "ß", "ŉ", "ΐ", "a\u{345}", "Ꭰꭰ", "ǅ"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }

    #[test]
    fn hidden_characters_are_found_and_the_names_of_the_world_are_not() {
        for hidden in [
            "pay\u{202e}lap",
            "a\u{200b}b",
            "\u{feff}a",
            "a\u{2066}b\u{2069}",
            "a\u{ad}b",
            "a\u{200d}b",
            "\u{200d}",
            "é\u{200d}",
            "a\u{e0041}",
            "\u{3164}",
            "é\u{200d}\u{200d}é",
        ] {
            assert!(has_hidden_characters(hidden), "{hidden:?}");
        }
        for shown in [
            "Ärger-Board",
            "отчёты",
            "می\u{200c}خواهم",
            "👩\u{200d}💻 Team",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "日本語",
            "שלום",
        ] {
            assert!(!has_hidden_characters(shown), "{shown:?}");
        }
    }
}
