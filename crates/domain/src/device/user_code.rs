use std::{fmt, str::FromStr};

use icu_normalizer::ComposingNormalizerBorrowed;
use thiserror::Error;

/// The longest text that is read as a user code, in bytes.
const LONGEST: usize = 128;

/// A text that cannot be a user code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a user code has eight letters of BCDFGHJKLMNPQRSTVWXZ")]
pub struct InvalidUserCode;

/// What a person types or confirms (RFC 8628 §6.1): eight consonants, so 34.5 bits, shown with a dash in the middle. It
/// is read in any case and width and with any punctuation: phones turn two hyphens into a dash and add quotes or a line
/// end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserCode([u8; 8]);

impl UserCode {
    /// The letters: no vowels, so no words; nothing that looks like a digit.
    pub const ALPHABET: &'static [u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

    /// From the letters' places in the alphabet, each taken modulo its length: draw them uniformly.
    pub fn from_places(places: [u8; 8]) -> Self {
        Self(places.map(|place| Self::ALPHABET[usize::from(place) % Self::ALPHABET.len()]))
    }

    /// The eight letters without a dash, for a store.
    pub fn letters(&self) -> String {
        self.0.iter().map(|letter| char::from(*letter)).collect()
    }
}

impl FromStr for UserCode {
    type Err = InvalidUserCode;

    fn from_str(text: &str) -> Result<Self, InvalidUserCode> {
        // What is longer is no user code with punctuation, and is not worth folding.
        if text.len() > LONGEST {
            return Err(InvalidUserCode);
        }
        let mut letters = [0; 8];
        let mut count = 0;
        let folded = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
        for c in folded.chars().filter(|c| c.is_alphanumeric()) {
            let letter = u8::try_from(c.to_ascii_uppercase()).map_err(|_| InvalidUserCode)?;
            if !Self::ALPHABET.contains(&letter) {
                return Err(InvalidUserCode);
            }
            *letters.get_mut(count).ok_or(InvalidUserCode)? = letter;
            count += 1;
        }
        if count == letters.len() {
            Ok(Self(letters))
        } else {
            Err(InvalidUserCode)
        }
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = self.letters();
        let (first, second) = letters.split_at(4);
        write!(f, "{first}-{second}")
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(***)")
    }
}
