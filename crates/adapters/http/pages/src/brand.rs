//! Whose service people see: the name, the colour and the logo of the pages.

pub mod colour;
pub mod logo;

use std::fmt;

use self::{colour::Colour, logo::Logo};
use crate::assets::Assets;

/// The longest name, in characters: it stands in the title of every tab.
pub const MAX_NAME_CHARS: usize = 40;

/// The name where none was chosen.
pub const DEFAULT_NAME: &str = "Informer";

/// The colour where none was chosen: that of `pages.css`, whose dark variant was picked by eye.
pub const DEFAULT_COLOUR: &str = "#0d5ca8";

/// Name, colour and logo, with the style sheet and the picture that follow from them.
#[derive(Clone)]
pub struct Brand {
    name: String,
    assets: Assets,
}

/// Why a text is no brand name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be 1 to {MAX_NAME_CHARS} characters, none of them a control character, without spaces around them")]
pub struct NameError;

impl Brand {
    /// A brand with a name; [`Default`] is Informer's.
    ///
    /// # Errors
    ///
    /// When the name cannot stand in a title: [`NameError`].
    pub fn new(name: &str, colour: Colour, logo: Option<Logo>) -> Result<Self, NameError> {
        if name.is_empty()
            || name.chars().count() > MAX_NAME_CHARS
            || name.trim() != name
            || name.chars().any(char::is_control)
        {
            return Err(NameError);
        }
        let properties = (!colour.is_default()).then(|| colour.properties());
        Ok(Self {
            name: name.to_owned(),
            assets: Assets::new(properties.as_deref(), logo),
        })
    }

    /// What pages call the service whose accounts people have.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn assets(&self) -> &Assets {
        &self.assets
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            assets: Assets::new(None, None),
        }
    }
}

impl fmt::Debug for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brand")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        let blue: Colour = DEFAULT_COLOUR.parse().unwrap();
        for name in ["Acme Insights", "Ü", "<b>&", &"W".repeat(40)] {
            assert_eq!(Brand::new(name, blue, None).unwrap().name(), name);
        }
        for name in ["", " ", " Acme", "Acme\n", "A\u{7}cme", &"W".repeat(41)] {
            assert_eq!(Brand::new(name, blue, None).unwrap_err(), NameError, "{name:?}");
        }
    }
}
